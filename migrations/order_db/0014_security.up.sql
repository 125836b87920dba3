-- Who sees which rows. An order belongs to the company that sells; its lines, reservations and returns
-- belong to the order, lots and movements to the product. A tenant's line must name a product of his
-- own, too. The projection is what the rules are checked against, so tenants only read it.
SELECT ev.grant_tables();
SELECT ev.isolate_companies('products', 'company_id = :company', 'company_id = :company');
SELECT ev.isolate_companies('orders', 'company_id = :company', 'company_id = :company', true);
SELECT ev.isolate_companies('party_projection',
    'company_id = :company OR (kind = ''company'' AND party_id = :company)', NULL);

-- EXISTS, not IN: for a few rows the planner then looks up each one's parent, instead of reading all
-- parents of the company first.
DO $$
DECLARE
    of_order   CONSTANT text := 'EXISTS (SELECT FROM orders o WHERE o.id = order_id AND o.company_id = :company)';
    of_product CONSTANT text := 'EXISTS (SELECT FROM products p '
                                'WHERE p.id = product_id AND p.company_id = :company)';
    of_lot     CONSTANT text := 'EXISTS (SELECT FROM inventory_items i JOIN products p ON p.id = i.product_id '
                                'WHERE i.id = inventory_item_id AND p.company_id = :company)';
    of_line    CONSTANT text := 'EXISTS (SELECT FROM order_items l JOIN orders o ON o.id = l.order_id '
                                'WHERE l.id = order_item_id AND o.company_id = :company)';
BEGIN
    PERFORM ev.isolate_companies('order_items', of_order, of_order || ' AND ' || of_product, true);
    PERFORM ev.isolate_companies('order_extras', of_order, of_order, true);
    PERFORM ev.isolate_companies('order_returns', of_order, of_order || ' AND ' || of_line);
    PERFORM ev.isolate_companies('product_extras', of_product, of_product);
    PERFORM ev.isolate_companies('inventory_items', of_product, of_product);
    PERFORM ev.isolate_companies('stock_movements', of_product,
        of_product || ' AND (inventory_item_id IS NULL OR ' || of_lot || ')');
    PERFORM ev.isolate_companies('stock_reservations', of_order,
        concat_ws(' AND ', of_order, of_line, of_product, of_lot), true);
END
$$;

-- A ledger is written once, and what others point to is deactivated, not deleted. Partitions have no
-- rights of their own.
REVOKE DELETE ON products, product_extras, orders, order_extras, inventory_items FROM order_worker;
REVOKE UPDATE, DELETE ON stock_movements, order_returns FROM order_worker;
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'stock_movements'::regclass LOOP
        EXECUTE format('REVOKE ALL ON %s FROM order_user, order_worker', part);
    END LOOP;
END
$$;
