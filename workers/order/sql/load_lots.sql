-- The lots of the products of some SKUs. They are read without a lock of their own, in a statement
-- behind the one that locks the products: nobody else changes them until this transaction ends.
-- in: skus text[]
-- out: id int4, product_id int4, quantity int4, reserved_quantity int4, min_stock_level int4
-- out: max_stock_level int4?, location varchar?, batch_number varchar?, expiry_date timestamptz?
-- out: created_at timestamptz, updated_at timestamptz
SELECT i.id, i.product_id, i.quantity, i.reserved_quantity, i.min_stock_level, i.max_stock_level,
       i.location, i.batch_number, i.expiry_date, i.created_at, i.updated_at
FROM public.products p
JOIN public.inventory_items i ON i.product_id = p.id
WHERE p.sku = ANY ($1)
