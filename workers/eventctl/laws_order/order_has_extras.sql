-- Every order has its row beside it, and none is without its order.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.id, x.order_id
    FROM public.orders o
    FULL JOIN public.order_extras x ON x.order_id = o.id
    WHERE o.id IS NULL OR x.order_id IS NULL
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
