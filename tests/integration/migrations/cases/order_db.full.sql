-- Foreign keys of the profile full; its rows are those of order_db.sql, which runs before in the same
-- transaction.
SELECT cases.fails(expected || ': ' || statement, expected, statement)
FROM (VALUES
    ('23503 order_items_order_id_fkey', 'UPDATE order_items SET order_id = 9 WHERE id = 1'),
    ('23503 order_items_product_id_fkey', 'UPDATE order_items SET product_id = 9 WHERE id = 1'),
    ('23503 order_extras_order_id_fkey', 'UPDATE order_extras SET order_id = 9 WHERE order_id = 1'),
    ('23503 inventory_items_product_id_fkey', 'UPDATE inventory_items SET product_id = 9 WHERE id = 1'),
    ('23503 stock_movements_product_id_fkey', 'UPDATE stock_movements SET product_id = 9'),
    ('23503 stock_movements_inventory_item_id_fkey', 'UPDATE stock_movements SET inventory_item_id = 9'),
    ('23503 stock_reservations_order_id_fkey', 'UPDATE stock_reservations SET order_id = 9'),
    ('23503 stock_reservations_order_item_id_fkey', 'UPDATE stock_reservations SET order_item_id = 9 WHERE order_id = 1'),
    ('23503 stock_reservations_product_id_fkey', 'UPDATE stock_reservations SET product_id = 9'),
    ('23503 stock_reservations_inventory_item_id_fkey', 'UPDATE stock_reservations SET inventory_item_id = 9')
) AS c (expected, statement);
SELECT cases.fails('a deleted product takes no order lines and no ledger with it', '23503', 'DELETE FROM products', setup =>
    'DELETE FROM product_extras');
