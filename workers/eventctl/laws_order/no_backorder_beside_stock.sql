-- No order waits for stock that is there: each waiting one lacks stock for some line.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH free AS (
        SELECT product_id, sum(quantity - reserved_quantity) AS available
        FROM public.inventory_items
        WHERE expiry_date IS NULL OR expiry_date > CURRENT_TIMESTAMP
        GROUP BY product_id
    )
    SELECT o.order_number, o.created_at, array_agg(l.product_id ORDER BY l.product_id) AS products
    FROM public.orders o
    JOIN public.order_extras x ON x.order_id = o.id AND x.backorder
    JOIN public.order_items l ON l.order_id = o.id
    LEFT JOIN free f ON f.product_id = l.product_id
    WHERE o.status = 'pending'
      AND NOT EXISTS (SELECT FROM public.stock_reservations r WHERE r.order_id = o.id AND r.status = 'open')
    GROUP BY o.order_number, o.created_at
    HAVING bool_and(coalesce(f.available, 0) >= l.quantity)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
