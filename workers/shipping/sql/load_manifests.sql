-- The manifests with these ids, and those of these orders. Each row is the lock of all that belongs to
-- its manifest: items, quotes, and the row in manifest_orders. One without that row is none of ours.
-- in: manifests text[], orders text[]
-- out: id int4, unique_id varchar, status varchar, total_weight numeric, total_volume numeric
-- out: total_value numeric, currency varchar, origin_country varchar, destination_country varchar
-- out: shipping_zone varchar?, estimated_delivery timestamptz?, tracking_number varchar?
-- out: company_id varchar, created_by varchar, created_at timestamptz, updated_at timestamptz
SELECT m.id, m.unique_id, m.status, m.total_weight, m.total_volume, m.total_value, m.currency,
       m.origin_country, m.destination_country, m.shipping_zone, m.estimated_delivery, m.tracking_number,
       m.company_id, m.created_by, m.created_at, m.updated_at
FROM public.manifests m
JOIN public.manifest_orders o ON o.manifest_id = m.id
WHERE m.unique_id = ANY ($1 || ARRAY(SELECT 'MAN-' || n.order_number FROM unnest($2) AS n (order_number)))
ORDER BY m.unique_id
FOR NO KEY UPDATE OF m
