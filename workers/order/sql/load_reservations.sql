-- What is, or was, reserved for some orders; read behind the orders' locks. Found through their
-- lines, whose id begins the key.
-- in: order_numbers text[]
-- out: order_id int4, order_item_id int4, product_id int4, inventory_item_id int4, quantity int4
-- out: status varchar, expires_at timestamptz?
SELECT r.order_id, r.order_item_id, r.product_id, r.inventory_item_id, r.quantity, r.status,
       r.expires_at
FROM public.orders o
JOIN public.order_items i ON i.order_id = o.id
JOIN public.stock_reservations r ON r.order_item_id = i.id
WHERE o.order_number = ANY ($1)
ORDER BY r.order_item_id, r.inventory_item_id, r.status
