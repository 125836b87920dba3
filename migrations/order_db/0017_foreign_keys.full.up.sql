-- Foreign keys of the tables that every order writes. RESTRICT: a deleted product must not take order
-- lines and the ledger with it. The profile core leaves them out: folds are the only writer there,
-- the audit checks the same, and each key costs a look-up for each row.
ALTER TABLE order_items
    ADD CONSTRAINT order_items_order_id_fkey
        FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT,
    ADD CONSTRAINT order_items_product_id_fkey
        FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT;
ALTER TABLE order_extras
    ADD CONSTRAINT order_extras_order_id_fkey
        FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT;
ALTER TABLE inventory_items
    ADD CONSTRAINT inventory_items_product_id_fkey
        FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT;
ALTER TABLE stock_movements
    ADD CONSTRAINT stock_movements_product_id_fkey
        FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    ADD CONSTRAINT stock_movements_inventory_item_id_fkey
        FOREIGN KEY (inventory_item_id) REFERENCES inventory_items (id) ON DELETE RESTRICT;
ALTER TABLE stock_reservations
    ADD CONSTRAINT stock_reservations_order_id_fkey
        FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT,
    ADD CONSTRAINT stock_reservations_order_item_id_fkey
        FOREIGN KEY (order_item_id) REFERENCES order_items (id) ON DELETE RESTRICT,
    ADD CONSTRAINT stock_reservations_product_id_fkey
        FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    ADD CONSTRAINT stock_reservations_inventory_item_id_fkey
        FOREIGN KEY (inventory_item_id) REFERENCES inventory_items (id) ON DELETE RESTRICT;
