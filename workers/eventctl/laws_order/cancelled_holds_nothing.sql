-- A cancelled order holds no stock.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, r.order_item_id, r.inventory_item_id, r.quantity
    FROM public.orders o
    JOIN public.stock_reservations r ON r.order_id = o.id
    WHERE o.status = 'cancelled' AND r.status = 'open'
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
