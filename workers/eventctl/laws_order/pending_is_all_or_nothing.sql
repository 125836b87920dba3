-- A pending order holds all that it wants, with a time limit, or nothing and waits for stock.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, x.expires_at, x.backorder, sum(l.quantity) AS wanted, sum(l.open) AS open
    FROM public.orders o
    JOIN public.order_extras x ON x.order_id = o.id
    JOIN (SELECT l.order_id, l.id, l.quantity, coalesce(sum(r.quantity), 0) AS open
          FROM public.order_items l
          LEFT JOIN public.stock_reservations r ON r.order_item_id = l.id AND r.status = 'open'
          GROUP BY l.order_id, l.id, l.quantity) l ON l.order_id = o.id
    WHERE o.status = 'pending'
    GROUP BY o.order_number, x.expires_at, x.backorder
    HAVING NOT (bool_and(l.open = l.quantity) AND x.expires_at IS NOT NULL)
       AND NOT (sum(l.open) = 0 AND x.expires_at IS NULL AND x.backorder)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
