-- A reservation names the order, the product and a lot of its line, and all that a line holds or has
-- consumed is no more than it wants. (core: no foreign keys.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT r.order_id, r.order_item_id, r.product_id, r.inventory_item_id, r.status, r.quantity, 'names' AS fault
    FROM public.stock_reservations r
    LEFT JOIN public.order_items l ON l.id = r.order_item_id
    LEFT JOIN public.inventory_items i ON i.id = r.inventory_item_id
    WHERE l.order_id IS DISTINCT FROM r.order_id
       OR l.product_id IS DISTINCT FROM r.product_id
       OR i.product_id IS DISTINCT FROM r.product_id
    UNION ALL
    SELECT min(r.order_id), r.order_item_id, min(r.product_id), NULL, NULL, sum(r.quantity)::integer, 'too much'
    FROM public.stock_reservations r
    JOIN public.order_items l ON l.id = r.order_item_id
    WHERE r.status <> 'released'
    GROUP BY r.order_item_id, l.quantity
    HAVING sum(r.quantity) > l.quantity
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
