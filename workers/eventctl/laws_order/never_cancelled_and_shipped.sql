-- No order was told to be both cancelled and shipped, or one of them twice.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT subject AS order_number, array_agg(type ORDER BY seq) AS facts
    FROM ev.outbox_events
    WHERE type IN ('quenty.order.OrderCancelled', 'quenty.order.OrderShipped')
    GROUP BY subject
    HAVING count(*) > 1
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
