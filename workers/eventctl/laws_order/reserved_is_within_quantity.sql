-- No lot has reserved more than it holds, or less than nothing.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT id AS lot, product_id, quantity, reserved_quantity
    FROM public.inventory_items
    WHERE NOT (0 <= reserved_quantity AND reserved_quantity <= quantity)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
