-- A quote is the sum of its parts, in the currency of its manifest.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, r.carrier_name, r.service_type, r.total_cost, r.currency, m.currency AS currency_of_manifest
    FROM public.shipping_rates r
    LEFT JOIN public.manifests m ON m.id = r.manifest_id
    WHERE r.total_cost <> r.base_rate + r.weight_rate + r.volume_rate + r.fuel_surcharge + r.insurance_rate
       OR r.currency IS DISTINCT FROM m.currency
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
