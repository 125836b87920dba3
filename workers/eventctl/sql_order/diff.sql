-- The rows of order_db that facts make. For '' a line for each table and bucket (of 4096, by the hash of a
-- row's key): how many rows, and the sum of their hashes. For one table and bucket its rows, a line for each
-- column. Two databases that agree in the sums agree in all rows; elsewhere rows are looked at.
-- Left out: ids that only the database uses; what they name stands for them.
-- in: only_table text, only_bucket int4
-- out: table_name text, bucket int4, number int8, digest text?, key text?, column_name text?, value text?
WITH compared (table_name, key, fields) AS (
    SELECT 'inventory_items', jsonb_build_object('id', t.id),
           to_jsonb(t)
    FROM public.inventory_items t
    UNION ALL
    SELECT 'order_extras', jsonb_build_object('order_number', o.order_number),
           to_jsonb(t) - '{order_id}'::text[]
    FROM public.order_extras t LEFT JOIN public.orders o ON o.id = t.order_id
    UNION ALL
    SELECT 'order_items', jsonb_build_object('order_number', o.order_number, 'product_id', t.product_id),
           to_jsonb(t) - '{id,order_id}'::text[]
    FROM public.order_items t LEFT JOIN public.orders o ON o.id = t.order_id
    UNION ALL
    SELECT 'order_returns', jsonb_build_object('return_number', t.return_number),
           to_jsonb(t) - '{id,order_id,order_item_id}'::text[]
           || jsonb_build_object('order_number', o.order_number)
    FROM public.order_returns t LEFT JOIN public.orders o ON o.id = t.order_id
    UNION ALL
    SELECT 'orders', jsonb_build_object('order_number', t.order_number),
           to_jsonb(t) - '{id}'::text[]
    FROM public.orders t
    UNION ALL
    SELECT 'party_projection', jsonb_build_object('kind', t.kind, 'party_id', t.party_id),
           to_jsonb(t)
    FROM public.party_projection t
    UNION ALL
    SELECT 'product_extras', jsonb_build_object('product_id', t.product_id),
           to_jsonb(t)
    FROM public.product_extras t
    UNION ALL
    SELECT 'products', jsonb_build_object('sku', t.sku),
           to_jsonb(t)
    FROM public.products t
    UNION ALL
    SELECT 'stock_movements', jsonb_build_object('event_id', t.event_id, 'inventory_item_id', t.inventory_item_id),
           to_jsonb(t) - '{id}'::text[]
    FROM public.stock_movements t
    UNION ALL
    SELECT 'stock_reservations', jsonb_build_object('order_number', o.order_number,
                                                    'inventory_item_id', t.inventory_item_id, 'status', t.status),
           to_jsonb(t) - '{order_id,order_item_id}'::text[]
    FROM public.stock_reservations t LEFT JOIN public.orders o ON o.id = t.order_id
), hashed AS NOT MATERIALIZED (
    SELECT c.table_name, ('x' || left(md5(c.key::text), 3))::bit(12)::int4 AS bucket, c.key, c.fields,
           ('x' || left(md5(c.key::text || c.fields::text), 15))::bit(60)::int8 AS hash
    FROM compared c WHERE $1 = '' OR c.table_name = $1
), numbered AS (
    SELECT h.table_name, h.bucket, h.key, h.fields,
           row_number() OVER (ORDER BY h.key::text COLLATE "C", h.fields::text COLLATE "C") AS number
    FROM hashed h WHERE $1 <> '' AND h.bucket = $2
)
SELECT h.table_name COLLATE "C" AS table_name, h.bucket, count(*) AS number, sum(h.hash)::text AS digest,
       NULL::text AS key, NULL::text COLLATE "C" AS column_name, NULL::text AS value
FROM hashed h WHERE $1 = '' GROUP BY h.table_name, h.bucket
UNION ALL
SELECT n.table_name COLLATE "C", n.bucket, n.number, NULL, n.key::text, e.key COLLATE "C", e.value
FROM numbered n CROSS JOIN LATERAL jsonb_each_text(n.fields) e
ORDER BY table_name, bucket, number, column_name
