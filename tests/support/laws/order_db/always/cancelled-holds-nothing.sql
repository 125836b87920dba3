-- A cancelled order holds no stock.
SELECT o.order_number, r.order_item_id, r.inventory_item_id, r.quantity
FROM orders o
JOIN stock_reservations r ON r.order_id = o.id
WHERE o.status = 'cancelled' AND r.status = 'open'
