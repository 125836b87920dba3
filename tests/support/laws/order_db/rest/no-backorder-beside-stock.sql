-- No order waits for stock that is there: each waiting one lacks stock for some line.
WITH free AS (
    SELECT product_id, sum(quantity - reserved_quantity) AS available
    FROM inventory_items
    WHERE expiry_date IS NULL OR expiry_date > CURRENT_TIMESTAMP
    GROUP BY product_id
)
SELECT o.order_number, o.created_at, array_agg(l.product_id ORDER BY l.product_id) AS products
FROM orders o
JOIN order_extras x ON x.order_id = o.id AND x.backorder
JOIN order_items l ON l.order_id = o.id
LEFT JOIN free f ON f.product_id = l.product_id
WHERE o.status = 'pending'
  AND NOT EXISTS (SELECT FROM stock_reservations r WHERE r.order_id = o.id AND r.status = 'open')
GROUP BY o.order_number, o.created_at
HAVING bool_and(coalesce(f.available, 0) >= l.quantity)
