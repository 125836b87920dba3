-- An order's status is what its last fact about it says; there is no order without a fact, and none was
-- accepted twice.
-- (What is older than the oldest facts that are still there is left out, once partitions of the outbox
-- were dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH kept AS (
        SELECT CASE WHEN (SELECT min(p.lower_seq) FROM ev.outbox_partition p) > 1
            THEN coalesce((SELECT f.recorded_at + interval '1 hour' FROM ev.outbox f ORDER BY f.seq LIMIT 1), 'infinity')
            ELSE '-infinity' END AS since
    ),
    step AS (
        SELECT DISTINCT ON (f.subject) f.subject, f.type, s.status
        FROM ev.outbox_events f
        JOIN (VALUES ('quenty.order.OrderAccepted', 'pending'), ('quenty.order.OrderConfirmed', 'confirmed'),
                     ('quenty.order.OrderProcessing', 'processing'), ('quenty.order.OrderShipped', 'shipped'),
                     ('quenty.order.OrderInTransit', 'in_transit'), ('quenty.order.OrderDelivered', 'delivered'),
                     ('quenty.order.OrderCancelled', 'cancelled')) AS s (type, status) ON s.type = f.type
        ORDER BY f.subject, f.seq DESC
    )
    SELECT coalesce(o.order_number, f.subject) AS order_number, o.status, f.type AS last_fact
    FROM public.orders o
    FULL JOIN step f ON f.subject = o.order_number
    CROSS JOIN kept k
    WHERE o.status IS DISTINCT FROM f.status AND (f.status IS NOT NULL OR o.created_at >= k.since)
    UNION ALL
    SELECT subject, NULL, count(*) || ' times OrderAccepted'
    FROM ev.outbox_events
    WHERE type = 'quenty.order.OrderAccepted'
    GROUP BY subject
    HAVING count(*) > 1
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
