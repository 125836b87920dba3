-- The rows of intl_shipping_db that facts make. For '' a line for each table and bucket (of 4096, by the hash of a
-- row's key): how many rows, and the sum of their hashes. For one table and bucket its rows, a line for each
-- column. Two databases that agree in the sums agree in all rows; elsewhere rows are looked at.
-- Left out: ids that only the database uses; api_key, which no fact carries; holidays, which have
-- no facts.
-- in: only_table text, only_bucket int4
-- out: table_name text, bucket int4, number int8, digest text?, key text?, column_name text?, value text?
WITH compared (table_name, key, fields) AS (
    SELECT 'countries', jsonb_build_object('iso_code', t.iso_code),
           to_jsonb(t) - '{id}'::text[]
    FROM public.countries t
    UNION ALL
    SELECT 'country_rules', jsonb_build_object('rule_id', t.rule_id),
           to_jsonb(t)
    FROM public.country_rules t
    UNION ALL
    SELECT 'manifest_item_extras', jsonb_build_object('unique_id', m.unique_id, 'description', i.description),
           to_jsonb(t) - '{manifest_item_id}'::text[]
    FROM public.manifest_item_extras t LEFT JOIN public.manifest_items i ON i.id = t.manifest_item_id
    LEFT JOIN public.manifests m ON m.id = i.manifest_id
    UNION ALL
    SELECT 'manifest_items', jsonb_build_object('unique_id', m.unique_id, 'description', t.description),
           to_jsonb(t) - '{id,manifest_id}'::text[]
    FROM public.manifest_items t LEFT JOIN public.manifests m ON m.id = t.manifest_id
    UNION ALL
    SELECT 'manifest_orders', jsonb_build_object('unique_id', m.unique_id),
           to_jsonb(t) - '{manifest_id,selected_rate_id}'::text[]
           || jsonb_build_object('carrier', r.carrier_name, 'service', r.service_type)
    FROM public.manifest_orders t LEFT JOIN public.manifests m ON m.id = t.manifest_id
    LEFT JOIN public.shipping_rates r ON r.id = t.selected_rate_id
    UNION ALL
    SELECT 'manifests', jsonb_build_object('unique_id', t.unique_id),
           to_jsonb(t) - '{id}'::text[]
    FROM public.manifests t
    UNION ALL
    SELECT 'party_projection', jsonb_build_object('kind', t.kind, 'party_id', t.party_id),
           to_jsonb(t)
    FROM public.party_projection t
    UNION ALL
    SELECT 'shipping_carriers', jsonb_build_object('code', t.code),
           to_jsonb(t) - '{id,api_key}'::text[]
    FROM public.shipping_carriers t
    UNION ALL
    SELECT 'shipping_rates', jsonb_build_object('unique_id', m.unique_id, 'carrier', t.carrier_name, 'service', t.service_type),
           to_jsonb(t) - '{id,manifest_id}'::text[]
    FROM public.shipping_rates t LEFT JOIN public.manifests m ON m.id = t.manifest_id
), hashed AS NOT MATERIALIZED (
    SELECT c.table_name, ('x' || left(md5(c.key::text), 3))::bit(12)::int4 AS bucket, c.key, c.fields,
           ('x' || left(md5(c.key::text || c.fields::text), 15))::bit(60)::int8 AS hash
    FROM compared c WHERE $1 = '' OR c.table_name = $1
), numbered AS (
    SELECT h.table_name, h.bucket, h.key, h.fields,
           row_number() OVER (ORDER BY h.key::text COLLATE "C", h.fields::text COLLATE "C") AS number
    FROM hashed h WHERE $1 <> '' AND h.bucket = $2
)
SELECT h.table_name COLLATE "C" AS table_name, h.bucket, count(*) AS number, sum(h.hash)::text AS digest,
       NULL::text AS key, NULL::text COLLATE "C" AS column_name, NULL::text AS value
FROM hashed h WHERE $1 = '' GROUP BY h.table_name, h.bucket
UNION ALL
SELECT n.table_name COLLATE "C", n.bucket, n.number, NULL, n.key::text, e.key COLLATE "C", e.value
FROM numbered n CROSS JOIN LATERAL jsonb_each_text(n.fields) e
ORDER BY table_name, bucket, number, column_name
