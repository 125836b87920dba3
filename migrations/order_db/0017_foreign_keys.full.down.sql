ALTER TABLE stock_reservations
    DROP CONSTRAINT stock_reservations_order_id_fkey,
    DROP CONSTRAINT stock_reservations_order_item_id_fkey,
    DROP CONSTRAINT stock_reservations_product_id_fkey,
    DROP CONSTRAINT stock_reservations_inventory_item_id_fkey;
ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_product_id_fkey,
    DROP CONSTRAINT stock_movements_inventory_item_id_fkey;
ALTER TABLE inventory_items DROP CONSTRAINT inventory_items_product_id_fkey;
ALTER TABLE order_extras DROP CONSTRAINT order_extras_order_id_fkey;
ALTER TABLE order_items
    DROP CONSTRAINT order_items_order_id_fkey,
    DROP CONSTRAINT order_items_product_id_fkey;
