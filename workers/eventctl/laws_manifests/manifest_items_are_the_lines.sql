-- A manifest has the pieces of its order, line by line, each for its price; and of an order that stands
-- they are what is reserved or has left the house. Asked bucket by bucket, with the rows of
-- intl_shipping_db (sql_shipping/law_manifests.sql).
-- in: shown int4, buckets int4, bucket int4, manifests json
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH manifest AS (
        SELECT * FROM json_to_recordset($4) AS m (order_number text, items json)
        WHERE $2 > $3  -- (parts of one whole; the rows are those of the bucket already)
    ),
    item AS (
        SELECT o.id AS order_id, i.product_id, sum(i.quantity) AS quantity, sum(i.value) AS value
        FROM manifest m
        JOIN public.orders o ON o.order_number = m.order_number
        CROSS JOIN LATERAL json_to_recordset(coalesce(m.items, '[]'))
            AS i (product_id bigint, quantity bigint, value numeric)
        GROUP BY o.id, i.product_id
    ),
    line AS (
        SELECT l.order_id, l.product_id, o.status, l.quantity, l.total_price,
            coalesce(sum(r.quantity) FILTER (WHERE r.status <> 'released'), 0) AS held
        FROM public.order_items l
        JOIN public.orders o ON o.id = l.order_id
        LEFT JOIN public.stock_reservations r ON r.order_item_id = l.id
        WHERE o.order_number IN (SELECT m.order_number FROM manifest m)
        GROUP BY l.id, o.status
    )
    SELECT coalesce(i.order_id, l.order_id) AS order_id, coalesce(i.product_id, l.product_id) AS product_id,
        i.quantity, l.quantity AS ordered, l.held, i.value, l.total_price
    FROM item i
    FULL JOIN line l ON l.order_id = i.order_id AND l.product_id = i.product_id
    WHERE (i.quantity, i.value) IS DISTINCT FROM (l.quantity, l.total_price)
       OR (l.status <> 'cancelled' AND l.held <> i.quantity)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
