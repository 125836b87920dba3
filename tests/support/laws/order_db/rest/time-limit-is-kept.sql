-- No order is pending with its time limit behind it: the timer has run.
SELECT o.order_number, x.expires_at
FROM orders o
JOIN order_extras x ON x.order_id = o.id
WHERE o.status = 'pending' AND x.expires_at < CURRENT_TIMESTAMP - interval '5 seconds'
