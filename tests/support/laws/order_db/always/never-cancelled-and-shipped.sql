-- No order was told to be both cancelled and shipped, or one of them twice.
SELECT subject AS order_number, array_agg(type ORDER BY seq) AS facts
FROM ev.outbox_events
WHERE type IN ('quenty.order.OrderCancelled', 'quenty.order.OrderShipped')
GROUP BY subject
HAVING count(*) > 1
