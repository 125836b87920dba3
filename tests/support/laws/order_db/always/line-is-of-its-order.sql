-- Every line belongs to an order and a product, both of one company and in one currency. (core: no
-- foreign keys.)
SELECT l.id AS line, o.order_number, o.company_id, o.currency, p.sku, p.company_id AS sold_by, e.currency AS in
FROM order_items l
LEFT JOIN orders o ON o.id = l.order_id
LEFT JOIN products p ON p.id = l.product_id
LEFT JOIN product_extras e ON e.product_id = p.id
WHERE o.id IS NULL OR p.id IS NULL OR o.company_id <> p.company_id OR o.currency IS DISTINCT FROM e.currency
