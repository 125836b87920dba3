-- Manifests of orders that were held or rejected and not mended in time. Locked here, so that of several
-- workers one ends each.
-- in: max int4
-- out: key text
SELECT m.unique_id::text AS key
FROM public.manifest_orders o
JOIN public.manifests m ON m.id = o.manifest_id
WHERE o.retry_until <= now() AND o.order_number IS NOT NULL
ORDER BY o.retry_until
LIMIT $1
FOR NO KEY UPDATE OF m SKIP LOCKED
