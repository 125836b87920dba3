-- The products of some SKUs. Each row is the lock of all lots of its product, those that exist and
-- those being inserted: whoever changes lots takes it first, in the order of ids.
-- in: skus text[]
-- out: id int4, sku varchar, company_id varchar, active bool
SELECT id, sku, company_id, active
FROM public.products
WHERE sku = ANY ($1)
ORDER BY id
FOR NO KEY UPDATE
