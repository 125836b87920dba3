-- The same without a look at the lots: what a timer's question may give when it saw them too early.
-- in: max int4
-- out: key text
SELECT p.sku::text AS key
FROM public.products p
WHERE p.category = 'due'
ORDER BY p.id
LIMIT $1
FOR NO KEY UPDATE OF p SKIP LOCKED
