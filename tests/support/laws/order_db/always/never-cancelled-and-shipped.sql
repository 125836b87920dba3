-- No order was told to be cancelled and shipped.
SELECT subject AS order_number, array_agg(type ORDER BY seq) AS facts
FROM ev.outbox_events
WHERE type IN ('quenty.order.OrderCancelled', 'quenty.order.OrderShipped')
GROUP BY subject
HAVING count(DISTINCT type) > 1
