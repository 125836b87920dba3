-- The manifest of an order as it is now.
-- in: unique_id text
-- out: status text, tracking_number text?, total_value text, currency text, origin_country text
-- out: destination_country text
SELECT m.status::text AS status, m.tracking_number::text AS tracking_number,
       m.total_value::text AS total_value, m.currency::text AS currency,
       m.origin_country::text AS origin_country, m.destination_country::text AS destination_country
FROM public.manifests m
WHERE m.unique_id = $1
