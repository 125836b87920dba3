-- What a lot has reserved is the sum of the open reservations on it.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT i.id AS lot, i.product_id, i.reserved_quantity, coalesce(r.open, 0) AS open
    FROM public.inventory_items i
    FULL JOIN (SELECT inventory_item_id, sum(quantity) AS open FROM public.stock_reservations
               WHERE status = 'open' GROUP BY inventory_item_id) r ON r.inventory_item_id = i.id
    WHERE i.reserved_quantity IS DISTINCT FROM coalesce(r.open, 0)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
