-- No lot has reserved more than it holds, or less than nothing.
SELECT id AS lot, product_id, quantity, reserved_quantity
FROM inventory_items
WHERE NOT (0 <= reserved_quantity AND reserved_quantity <= quantity)
