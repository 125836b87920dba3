-- Indexes of the original schema document that only people's queries need. idx_inventory_items_quantity
-- and idx_inventory_low_stock name columns that every order changes, so with them no update of a lot
-- can be HOT.
CREATE INDEX idx_products_company_id ON products (company_id);
CREATE INDEX idx_products_category ON products (category);
CREATE INDEX idx_products_active ON products (active);
CREATE INDEX idx_products_name_gin ON products USING gin (to_tsvector('english', name));
CREATE INDEX idx_products_company_category_active ON products (company_id, category, active);
CREATE INDEX idx_orders_customer_id ON orders (customer_id);
CREATE INDEX idx_orders_company_id ON orders (company_id);
CREATE INDEX idx_orders_status ON orders (status);
CREATE INDEX idx_orders_created_at ON orders (created_at DESC);
CREATE INDEX idx_orders_customer_status_date ON orders (customer_id, status, created_at DESC);
CREATE INDEX idx_order_items_order_id ON order_items (order_id);
CREATE INDEX idx_order_items_product_id ON order_items (product_id);
CREATE INDEX idx_inventory_items_product_id ON inventory_items (product_id);
CREATE INDEX idx_inventory_items_location ON inventory_items (location);
CREATE INDEX idx_inventory_items_quantity ON inventory_items (quantity);
CREATE INDEX idx_inventory_low_stock ON inventory_items (product_id)
    WHERE (quantity - reserved_quantity) <= min_stock_level;
CREATE INDEX idx_stock_movements_product_id ON stock_movements (product_id);
CREATE INDEX idx_stock_movements_type ON stock_movements (movement_type);
CREATE INDEX idx_stock_movements_created_at ON stock_movements (created_at DESC);
CREATE INDEX idx_stock_movements_created_by ON stock_movements (created_by);
