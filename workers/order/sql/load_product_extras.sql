-- What an order line needs to know of a product beside its row; read behind the products' locks.
-- in: skus text[], order_numbers text[]
-- out: product_id int4, currency varchar, hs_code varchar?, country_of_origin varchar?
SELECT product_id, currency, hs_code, country_of_origin
FROM public.product_extras
WHERE product_id = ANY (ARRAY (
        SELECT p.id FROM public.products p WHERE p.sku = ANY ($1)
        UNION
        SELECT i.product_id
        FROM public.orders o
        JOIN public.order_items i ON i.order_id = o.id
        WHERE o.order_number = ANY ($2)))
