-- The lines of some orders, in the order in which they were accepted; read behind the orders' locks.
-- in: order_numbers text[]
-- out: id int4, order_id int4, product_id int4, quantity int4, unit_price numeric
-- out: total_price numeric, created_at timestamptz
SELECT i.id, i.order_id, i.product_id, i.quantity, i.unit_price, i.total_price, i.created_at
FROM public.orders o
JOIN public.order_items i ON i.order_id = o.id
WHERE o.order_number = ANY ($1)
ORDER BY i.id
