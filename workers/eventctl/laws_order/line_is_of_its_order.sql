-- Every line belongs to an order and a product, both of one company and in one currency. (core: no
-- foreign keys.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT l.id AS line, o.order_number, o.company_id, o.currency, p.sku, p.company_id AS sold_by, e.currency AS in
    FROM public.order_items l
    LEFT JOIN public.orders o ON o.id = l.order_id
    LEFT JOIN public.products p ON p.id = l.product_id
    LEFT JOIN public.product_extras e ON e.product_id = p.id
    WHERE o.id IS NULL OR p.id IS NULL OR o.company_id <> p.company_id OR o.currency IS DISTINCT FROM e.currency
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
