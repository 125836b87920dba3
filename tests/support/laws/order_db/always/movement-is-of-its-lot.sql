-- A movement names a lot of its product, and the fact that made it.
SELECT m.id, m.movement_type, m.product_id, m.inventory_item_id, i.product_id AS product_of_lot, m.event_id
FROM stock_movements m
LEFT JOIN inventory_items i ON i.id = m.inventory_item_id
WHERE i.product_id IS DISTINCT FROM m.product_id
   OR NOT EXISTS (SELECT FROM ev.outbox o WHERE o.event_id = m.event_id)
