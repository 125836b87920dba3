-- An order has lines, and its total is their sum.
SELECT o.order_number, o.total_amount, sum(l.total_price) AS lines
FROM orders o
LEFT JOIN order_items l ON l.order_id = o.id
GROUP BY o.order_number, o.total_amount
HAVING o.total_amount IS DISTINCT FROM sum(l.total_price)
