-- No order is pending with its time limit behind it: the timer has run.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, x.expires_at
    FROM public.orders o
    JOIN public.order_extras x ON x.order_id = o.id
    WHERE o.status = 'pending' AND x.expires_at < CURRENT_TIMESTAMP - interval '5 seconds'
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
