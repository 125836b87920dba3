-- Nothing that was held or rejected 7 days ago is still waiting to be mended: the timer has run.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, m.status, o.retry_until
    FROM public.manifests m
    JOIN public.manifest_orders o ON o.manifest_id = m.id
    WHERE o.retry_until < CURRENT_TIMESTAMP - interval '5 seconds'
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
