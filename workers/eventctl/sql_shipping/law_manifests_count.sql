-- How many manifests of orders there are.
-- out: manifests int8
SELECT count(*) AS manifests FROM public.manifest_orders b WHERE b.order_number IS NOT NULL
