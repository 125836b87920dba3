-- An order has lines, and its total is their sum.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.total_amount, sum(l.total_price) AS lines
    FROM public.orders o
    LEFT JOIN public.order_items l ON l.order_id = o.id
    GROUP BY o.order_number, o.total_amount
    HAVING o.total_amount IS DISTINCT FROM sum(l.total_price)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
