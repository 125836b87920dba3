-- A manifest has the pieces of its order, line by line, each for its price; and of an order that stands
-- they are what is reserved or has left the house.
-- with: manifests manifest_orders manifest_items
WITH item AS (
    SELECT o.id AS order_id, i.product_id, sum(i.quantity) AS quantity, sum(i.value) AS value
    FROM manifest_items i
    JOIN manifest_orders b ON b.manifest_id = i.manifest_id
    JOIN orders o ON o.order_number = b.order_number
    GROUP BY o.id, i.product_id
),
line AS (
    SELECT l.order_id, l.product_id, o.status, l.quantity, l.total_price,
        coalesce(sum(r.quantity) FILTER (WHERE r.status <> 'released'), 0) AS held
    FROM order_items l
    JOIN orders o ON o.id = l.order_id
    JOIN manifest_orders b ON b.order_number = o.order_number
    LEFT JOIN stock_reservations r ON r.order_item_id = l.id
    GROUP BY l.id, o.status
)
SELECT coalesce(i.order_id, l.order_id) AS order_id, coalesce(i.product_id, l.product_id) AS product_id,
    i.quantity, l.quantity AS ordered, l.held, i.value, l.total_price
FROM item i
FULL JOIN line l ON l.order_id = i.order_id AND l.product_id = i.product_id
WHERE (i.quantity, i.value) IS DISTINCT FROM (l.quantity, l.total_price)
   OR (l.status <> 'cancelled' AND l.held <> i.quantity)
