-- From approval on a manifest has a tracking number and its time, from the pickup on that time too; before
-- it has none of them.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, m.status, m.tracking_number, o.approved_at, o.shipped_at, o.delivered_at
    FROM public.manifests m
    JOIN public.manifest_orders o ON o.manifest_id = m.id
    WHERE (m.status IN ('approved', 'shipped', 'delivered')
           AND (m.tracking_number IS NULL OR o.approved_at IS NULL))
       OR (o.shipped_at IS NOT NULL) <> (m.status IN ('shipped', 'delivered'))
       OR (o.delivered_at IS NOT NULL) <> (m.status = 'delivered')
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
