-- A manifest's totals are the sums of its items.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, m.total_weight, sum(i.weight) AS weight, m.total_volume, sum(i.volume) AS volume,
        m.total_value, sum(i.value) AS value
    FROM public.manifests m
    LEFT JOIN public.manifest_items i ON i.manifest_id = m.id
    GROUP BY m.id
    HAVING (m.total_weight, m.total_volume, m.total_value)
           IS DISTINCT FROM (sum(i.weight), sum(coalesce(i.volume, 0)), sum(i.value))
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
