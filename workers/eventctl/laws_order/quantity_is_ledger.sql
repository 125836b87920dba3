-- What a lot holds is the sum of its movements: in − out + adjustments.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT i.id AS lot, i.product_id, i.quantity, coalesce(m.sum, 0) AS ledger
    FROM public.inventory_items i
    FULL JOIN (SELECT inventory_item_id,
                   sum(CASE movement_type WHEN 'OUT' THEN -quantity ELSE quantity END) AS sum
               FROM public.stock_movements WHERE inventory_item_id IS NOT NULL
               GROUP BY inventory_item_id) m ON m.inventory_item_id = i.id
    WHERE i.quantity IS DISTINCT FROM coalesce(m.sum, 0)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
