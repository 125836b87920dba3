-- A manifest has a reason of its rejection exactly if it is rejected. It has a time to be mended in only
-- while it may be, and always then if it is an order's.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, m.status, o.rejection_code, o.retryable, o.retry_until
    FROM public.manifests m
    JOIN public.manifest_orders o ON o.manifest_id = m.id
    WHERE (m.status = 'rejected') <> (o.rejection_code IS NOT NULL)
       OR (o.retry_until IS NOT NULL
           AND m.status <> 'draft' AND NOT (m.status = 'rejected' AND coalesce(o.retryable, false)))
       OR (o.retry_until IS NULL AND o.order_number IS NOT NULL
           AND (m.status = 'draft' OR (m.status = 'rejected' AND coalesce(o.retryable, false))))
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
