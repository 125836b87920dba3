DROP VIEW available_inventory;
DROP TABLE stock_reservations, inventory_items;
