-- The lots of the products of some SKUs and of the lines of some orders. They are read without a lock
-- of their own, in a statement behind the one that locks the products: nobody else changes them until
-- this transaction ends.
-- in: skus text[], order_numbers text[]
-- out: id int4, product_id int4, quantity int4, reserved_quantity int4, min_stock_level int4
-- out: max_stock_level int4?, location varchar?, batch_number varchar?, expiry_date timestamptz?
-- out: created_at timestamptz, updated_at timestamptz
SELECT id, product_id, quantity, reserved_quantity, min_stock_level, max_stock_level, location,
       batch_number, expiry_date, created_at, updated_at
FROM public.inventory_items
WHERE product_id = ANY (ARRAY (
        SELECT p.id FROM public.products p WHERE p.sku = ANY ($1)
        UNION
        SELECT i.product_id
        FROM public.orders o
        JOIN public.order_items i ON i.order_id = o.id
        WHERE o.order_number = ANY ($2)))
