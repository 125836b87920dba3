-- Every order has its row beside it, and none is without its order.
SELECT o.order_number, o.id, x.order_id
FROM orders o
FULL JOIN order_extras x ON x.order_id = o.id
WHERE o.id IS NULL OR x.order_id IS NULL
