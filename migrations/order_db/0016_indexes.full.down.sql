DROP INDEX idx_products_company_id, idx_products_category, idx_products_active, idx_products_name_gin,
    idx_products_company_category_active, idx_orders_customer_id, idx_orders_company_id, idx_orders_status,
    idx_orders_created_at, idx_orders_customer_status_date, idx_order_items_order_id,
    idx_order_items_product_id, idx_inventory_items_product_id, idx_inventory_items_location,
    idx_inventory_items_quantity, idx_inventory_low_stock, idx_stock_movements_product_id,
    idx_stock_movements_type, idx_stock_movements_created_at, idx_stock_movements_created_by;
