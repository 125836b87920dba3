-- An order's status is what its last fact about it says; there is no order without a fact, and none was
-- accepted twice.
WITH step AS (
    SELECT DISTINCT ON (f.subject) f.subject, f.type, s.status
    FROM ev.outbox_events f
    JOIN (VALUES ('quenty.order.OrderAccepted', 'pending'), ('quenty.order.OrderConfirmed', 'confirmed'),
                 ('quenty.order.OrderProcessing', 'processing'), ('quenty.order.OrderShipped', 'shipped'),
                 ('quenty.order.OrderInTransit', 'in_transit'), ('quenty.order.OrderDelivered', 'delivered'),
                 ('quenty.order.OrderCancelled', 'cancelled')) AS s (type, status) ON s.type = f.type
    ORDER BY f.subject, f.seq DESC
)
SELECT coalesce(o.order_number, f.subject) AS order_number, o.status, f.type AS last_fact
FROM orders o
FULL JOIN step f ON f.subject = o.order_number
WHERE o.status IS DISTINCT FROM f.status
UNION ALL
SELECT subject, NULL, count(*) || ' times OrderAccepted'
FROM ev.outbox_events
WHERE type = 'quenty.order.OrderAccepted'
GROUP BY subject
HAVING count(*) > 1
