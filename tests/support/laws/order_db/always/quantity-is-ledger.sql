-- What a lot holds is the sum of its movements: in − out + adjustments.
SELECT i.id AS lot, i.product_id, i.quantity, coalesce(m.sum, 0) AS ledger
FROM inventory_items i
FULL JOIN (SELECT inventory_item_id,
               sum(CASE movement_type WHEN 'OUT' THEN -quantity ELSE quantity END) AS sum
           FROM stock_movements WHERE inventory_item_id IS NOT NULL
           GROUP BY inventory_item_id) m ON m.inventory_item_id = i.id
WHERE i.quantity IS DISTINCT FROM coalesce(m.sum, 0)
