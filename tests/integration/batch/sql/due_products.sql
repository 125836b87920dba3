-- Products that are to get a first lot: a timer's question. The lots are not locked by it, so what it
-- says of them may be out of date.
-- in: max int4
-- out: key text
SELECT p.sku::text AS key
FROM public.products p
WHERE p.category = 'due'
  AND NOT EXISTS (SELECT FROM public.inventory_items i WHERE i.product_id = p.id)
ORDER BY p.id
LIMIT $1
FOR NO KEY UPDATE OF p SKIP LOCKED
