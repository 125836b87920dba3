-- The quotes of some manifests, under their locks.
-- in: manifests text[], orders text[]
-- out: id int4, manifest_id int4, carrier_name varchar, service_type varchar, base_rate numeric
-- out: weight_rate numeric, volume_rate numeric, fuel_surcharge numeric, insurance_rate numeric
-- out: total_cost numeric, currency varchar, transit_days int4, valid_until timestamptz?
-- out: created_at timestamptz
SELECT r.id, r.manifest_id, r.carrier_name, r.service_type, r.base_rate, r.weight_rate, r.volume_rate,
       r.fuel_surcharge, r.insurance_rate, r.total_cost, r.currency, r.transit_days, r.valid_until,
       r.created_at
FROM public.manifests m
JOIN public.shipping_rates r ON r.manifest_id = m.id
WHERE m.unique_id = ANY ($1 || ARRAY(SELECT 'MAN-' || n.order_number FROM unnest($2) AS n (order_number)))
ORDER BY r.id
