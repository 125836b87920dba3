-- Only what may still be confirmed has a time limit, and the order and its reservations have the same.
-- (A cancelled order keeps the limit that it had; its reservations, released, have none.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.status, x.expires_at, r.inventory_item_id, r.expires_at AS reservation_expires_at
    FROM public.orders o
    JOIN public.order_extras x ON x.order_id = o.id
    LEFT JOIN public.stock_reservations r ON r.order_id = o.id
    WHERE (o.status NOT IN ('pending', 'cancelled') AND x.expires_at IS NOT NULL)
       OR (o.status <> 'pending' AND r.status <> 'open' AND r.expires_at IS NOT NULL)
       OR (r.status = 'open' AND r.expires_at IS DISTINCT FROM x.expires_at)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
