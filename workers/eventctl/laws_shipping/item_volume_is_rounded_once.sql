-- An item's volume in cubic metres is its exact one in cubic centimetres, rounded once.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, i.id AS item, i.volume, x.volume_cm3
    FROM public.manifest_items i
    JOIN public.manifest_item_extras x ON x.manifest_item_id = i.id
    JOIN public.manifests m ON m.id = i.manifest_id
    WHERE i.volume <> round(x.volume_cm3 / 1000000.0, 3)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
