-- Every line of a shipped order has left the house, and nothing is reserved for it any more.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.status, l.id AS line, l.quantity,
        coalesce(sum(r.quantity) FILTER (WHERE r.status = 'consumed'), 0) AS consumed,
        coalesce(sum(r.quantity) FILTER (WHERE r.status = 'open'), 0) AS open
    FROM public.orders o
    JOIN public.order_items l ON l.order_id = o.id
    LEFT JOIN public.stock_reservations r ON r.order_item_id = l.id
    WHERE o.status IN ('shipped', 'in_transit', 'delivered')
    GROUP BY o.order_number, o.status, l.id, l.quantity
    HAVING coalesce(sum(r.quantity) FILTER (WHERE r.status = 'consumed'), 0) <> l.quantity
        OR coalesce(sum(r.quantity) FILTER (WHERE r.status = 'open'), 0) <> 0
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
