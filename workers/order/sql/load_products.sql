-- The products of some SKUs and of the lines of some orders. Each row is the lock of all lots of its
-- product, those that exist and those being inserted: whoever changes lots takes it first, in the
-- order of ids. Both kinds are locked by one statement, else two batches could meet in two orders.
-- Dimensions that nobody can measure were written by hand; they fail the records that need them.
-- in: skus text[], order_numbers text[]
-- out: id int4, sku varchar, company_id varchar, name varchar, description text?, category varchar
-- out: price numeric, cost numeric?, weight numeric?, dimensions jsonb?, length numeric?
-- out: width numeric?, height numeric?, active bool, created_at timestamptz
-- out: updated_at timestamptz
SELECT id, sku, company_id, name, description, category, price, cost, weight, dimensions,
       (dimensions ->> 'length')::numeric(7, 1) AS length,
       (dimensions ->> 'width')::numeric(7, 1) AS width,
       (dimensions ->> 'height')::numeric(7, 1) AS height, active, created_at, updated_at
FROM public.products
WHERE id = ANY (ARRAY (
        SELECT p.id FROM public.products p WHERE p.sku = ANY ($1)
        UNION
        SELECT i.product_id
        FROM public.orders o
        JOIN public.order_items i ON i.order_id = o.id
        WHERE o.order_number = ANY ($2)))
ORDER BY id
FOR NO KEY UPDATE
