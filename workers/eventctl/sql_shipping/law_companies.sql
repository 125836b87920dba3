-- The companies that have manifests of orders.
-- out: company_id text
SELECT DISTINCT m.company_id::text AS company_id
FROM public.manifests m
JOIN public.manifest_orders b ON b.manifest_id = m.id
WHERE b.order_number IS NOT NULL AND m.company_id IS NOT NULL
