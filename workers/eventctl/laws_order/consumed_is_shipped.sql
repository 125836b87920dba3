-- Only of a shipped order something has left the house: nothing is consumed for an order that is on its
-- way there or was cancelled.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.status, r.order_item_id, r.inventory_item_id, r.quantity
    FROM public.orders o
    JOIN public.stock_reservations r ON r.order_id = o.id
    WHERE o.status NOT IN ('shipped', 'in_transit', 'delivered') AND r.status = 'consumed'
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
