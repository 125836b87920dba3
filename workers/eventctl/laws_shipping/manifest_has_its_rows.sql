-- Every manifest has its row beside it, and so has every item.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, NULL AS item
    FROM public.manifests m
    WHERE NOT EXISTS (SELECT FROM public.manifest_orders o WHERE o.manifest_id = m.id)
    UNION ALL
    SELECT m.unique_id, i.id
    FROM public.manifest_items i
    JOIN public.manifests m ON m.id = i.manifest_id
    WHERE NOT EXISTS (SELECT FROM public.manifest_item_extras x WHERE x.manifest_item_id = i.id)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
