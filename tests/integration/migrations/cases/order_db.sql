-- Rules of order_db. Company A and company B each have a product, a lot and an order; with ids of their
-- own, so that cases can name them.
INSERT INTO products (id, name, sku, category, price, cost, weight, dimensions, company_id)
VALUES (1, 'pa', 'SA', 'c', 10, 5, 1, '{"length": 1}', 'A'), (2, 'pb', 'SB', 'c', 10, 5, 1, NULL, 'B');
INSERT INTO product_extras (product_id, currency, country_of_origin) VALUES (1, 'USD', 'US'), (2, 'USD', 'US');
INSERT INTO orders (id, order_number, total_amount, customer_id, company_id)
VALUES (1, 'OA', 20, 'u', 'A'), (2, 'OB', 20, 'u', 'B');
INSERT INTO order_extras (order_id, origin_country, destination_country, placed_at, placed_event_id,
    confirmation, reservation_ttl_s, backorder)
VALUES (1, 'US', 'US', now(), 'e', 'AUTO', 900, false), (2, 'US', 'US', now(), 'e', 'AUTO', 900, false);
INSERT INTO order_items (id, order_id, product_id, quantity, unit_price, total_price)
VALUES (1, 1, 1, 2, 10, 20), (2, 2, 2, 2, 10, 20);
INSERT INTO inventory_items (id, product_id, quantity, reserved_quantity, min_stock_level, max_stock_level, location)
VALUES (1, 1, 10, 2, 3, 50, 'L'), (2, 2, 10, 2, 3, 50, 'L');
INSERT INTO stock_reservations (order_id, order_item_id, product_id, inventory_item_id, quantity, status)
VALUES (1, 1, 1, 1, 2, 'open'), (2, 2, 2, 2, 2, 'open');
INSERT INTO stock_movements (product_id, inventory_item_id, movement_type, quantity, created_by)
VALUES (1, 1, 'IN', 10, 'x'), (2, 2, 'IN', 10, 'x');
INSERT INTO order_returns (return_number, order_id, order_item_id, quantity, condition, event_id)
VALUES ('R', 1, 1, 1, 'SCRAP', gen_random_uuid()), ('R', 2, 2, 1, 'SCRAP', gen_random_uuid());
INSERT INTO party_projection VALUES ('company', 'A', NULL, true, NULL, 's', 1), ('company', 'B', NULL, true, NULL, 's', 1),
    ('user', 'ua', 'admin', true, 'A', 's', 1), ('user', 'ub', 'admin', true, 'B', 's', 1), ('user', 'un', 'viewer', true, NULL, 's', 1);
-- Ids drawn from now on are none of the above.
SELECT setval(seq, 1000) AS drawn FROM unnest('{products_id_seq,orders_id_seq,order_items_id_seq,inventory_items_id_seq}'::regclass[]) seq \g /dev/null

SELECT cases.refuse_null('products', 'name sku category price active company_id created_at updated_at');
SELECT cases.refuse_null('product_extras', 'currency');
SELECT cases.refuse_null('orders', 'order_number status total_amount currency customer_id company_id created_at updated_at');
SELECT cases.refuse_null('order_extras', 'origin_country destination_country placed_at placed_event_id confirmation reservation_ttl_s backorder');
SELECT cases.refuse_null('order_items', 'order_id product_id quantity unit_price total_price created_at');
SELECT cases.refuse_null('inventory_items', 'product_id quantity reserved_quantity min_stock_level created_at updated_at');
SELECT cases.refuse_null('stock_reservations', 'order_id product_id quantity');
SELECT cases.refuse_null('stock_movements', 'product_id movement_type quantity created_by');
SELECT cases.refuse_null('order_returns', 'return_number order_id order_item_id quantity condition event_id');
SELECT cases.refuse_null('party_projection', 'active source last_sequence');

SELECT cases.fails(expected || ': ' || statement, expected, statement)
FROM (VALUES
    ('23505 products_sku_key', 'UPDATE products SET sku = ''X'''),
    ('23514 chk_products_amounts', 'UPDATE products SET price = -1'),
    ('23514 chk_products_amounts', 'UPDATE products SET cost = -1'),
    ('23514 chk_products_amounts', 'UPDATE products SET weight = -1'),
    ('23514 chk_products_dimensions', 'UPDATE products SET dimensions = ''[1]'''),
    ('23503 product_extras_product_id_fkey', 'INSERT INTO product_extras VALUES (3, ''USD'')'),
    ('23514 product_extras_currency_check', 'UPDATE product_extras SET currency = ''usd'''),
    ('23514 product_extras_country_of_origin_check', 'UPDATE product_extras SET country_of_origin = ''us'''),
    ('23505 orders_order_number_key', 'UPDATE orders SET order_number = ''X'''),
    ('23514 chk_orders_status', 'INSERT INTO orders (order_number, status, total_amount, customer_id, company_id) VALUES (''X'', ''lost'', 1, ''u'', ''A'')'),
    ('23514 chk_orders_total_amount', 'UPDATE orders SET total_amount = -1'),
    ('22003', 'UPDATE orders SET total_amount = 100000000'),
    ('23514 order_extras_origin_country_check', 'UPDATE order_extras SET origin_country = ''us'''),
    ('23514 order_extras_destination_country_check', 'UPDATE order_extras SET destination_country = ''1'''),
    ('23514 order_extras_confirmation_check', 'UPDATE order_extras SET confirmation = ''LATER'''),
    ('23514 order_extras_reservation_ttl_s_check', 'UPDATE order_extras SET reservation_ttl_s = -1'),
    ('23505 order_items_order_product_key', 'INSERT INTO order_items (order_id, product_id, quantity, unit_price, total_price) VALUES (1, 1, 1, 10, 10)'),
    ('23514 chk_order_items_quantity', 'UPDATE order_items SET quantity = 0, total_price = 0'),
    ('23514 chk_order_items_prices', 'UPDATE order_items SET total_price = 20.01'),
    ('23514 chk_order_items_prices', 'UPDATE order_items SET unit_price = -10, total_price = -20'),
    ('23505 inventory_items_lot_key', 'INSERT INTO inventory_items (product_id, location) VALUES (1, ''L'')'),
    ('23505 inventory_items_lot_key', 'INSERT INTO inventory_items (product_id) VALUES (1), (1)'),
    ('23514 chk_inventory_quantity', 'UPDATE inventory_items SET quantity = -1, reserved_quantity = -2'),
    ('23514 chk_inventory_quantity', 'UPDATE inventory_items SET reserved_quantity = -1'),
    ('23514 chk_inventory_reserved', 'UPDATE inventory_items SET reserved_quantity = 14'),
    ('23514 chk_inventory_levels', 'UPDATE inventory_items SET min_stock_level = -1'),
    ('23514 chk_inventory_levels', 'UPDATE inventory_items SET max_stock_level = -1'),
    ('23514 chk_stock_reservations_status', 'UPDATE stock_reservations SET status = ''x'''),
    ('23514 chk_stock_reservations_quantity', 'UPDATE stock_reservations SET quantity = 0'),
    ('23514 chk_stock_reservations_expires', 'UPDATE stock_reservations SET status = ''consumed'', expires_at = now()'),
    ('23505 stock_reservations_pkey', 'INSERT INTO stock_reservations SELECT * FROM stock_reservations'),
    ('23514 chk_movement_type', 'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by) VALUES (1, ''GONE'', 1, ''x'')'),
    ('23514 chk_movement_sign', 'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by) VALUES (1, ''IN'', -5, ''x'')'),
    ('23514 chk_movement_sign', 'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by) VALUES (1, ''OUT'', 0, ''x'')'),
    ('23514 chk_movement_sign', 'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by) VALUES (1, ''ADJUSTMENT'', 0, ''x'')'),
    ('00000', 'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by) VALUES (1, ''ADJUSTMENT'', -5, ''x'')'),
    ('23505', 'INSERT INTO stock_movements SELECT * FROM stock_movements'),
    ('23503 order_returns_order_id_fkey', 'UPDATE order_returns SET order_id = 9'),
    ('23503 order_returns_order_item_id_fkey', 'UPDATE order_returns SET order_item_id = 9'),
    ('23514 order_returns_quantity_check', 'UPDATE order_returns SET quantity = 0'),
    ('23514 order_returns_condition_check', 'UPDATE order_returns SET condition = ''GOOD'''),
    ('23514 party_projection_kind_check', 'INSERT INTO party_projection VALUES (''x'', ''x'', NULL, true, NULL, ''s'', 1)'),
    ('23514 party_projection_company', 'UPDATE party_projection SET role = ''admin'''),
    ('23514 party_projection_company', 'UPDATE party_projection SET company_id = ''A'''),
    ('23514 party_projection_user', 'UPDATE party_projection SET role = NULL'),
    ('23505 party_projection_pkey', 'INSERT INTO party_projection VALUES (''company'', ''A'', NULL, true, NULL, ''t'', 1)')
) AS c (expected, statement);

-- The state machine: every pair of states, against the closure of the steps.
WITH RECURSIVE reach AS (
    SELECT old_status, new_status FROM order_steps()
    UNION
    SELECT reach.old_status, step.new_status FROM reach JOIN order_steps() step ON step.old_status = reach.new_status
), state AS (SELECT unnest('{pending,confirmed,processing,shipped,in_transit,delivered,cancelled}'::text[]) AS name)
SELECT cases.fails('orders: ' || a.name || ' to ' || b.name,
    CASE WHEN a.name = b.name OR EXISTS (SELECT FROM reach WHERE (old_status, new_status) = (a.name, b.name))
         THEN '00000' ELSE '23514 orders_status_path' END,
    format('UPDATE orders SET status = %L', b.name), setup =>
    format('SET LOCAL session_replication_role = replica; UPDATE orders SET status = %L; SET LOCAL session_replication_role = origin', a.name))
FROM state a CROSS JOIN state b;
-- And the closure against what is written down: 6 + 5 + 4 + 2 + 1 pairs.
SELECT cases.gives('orders: 18 changes can be reached, none backwards', '18', $$
    SELECT count(*) FROM unnest('{pending,confirmed,processing,shipped,in_transit,delivered,cancelled}'::text[])
        WITH ORDINALITY a (name, n), unnest('{pending,confirmed,processing,shipped,in_transit,delivered,cancelled}'::text[])
        WITH ORDINALITY b (name, n)
    WHERE a.n < b.n AND (b.name <> 'cancelled' OR a.n <= 3)$$);
SELECT cases.gives('orders: the trigger knows exactly those', '18',
    $$SELECT count(*) FROM regexp_matches((SELECT prosrc FROM pg_proc WHERE proname = 'refuse_order_status'), '[a-z_]+>[a-z_]+', 'g')$$);

SELECT cases.stamps('products', 'name = ''n''');
SELECT cases.stamps('orders', 'customer_id = ''n''');
SELECT cases.stamps('inventory_items', 'min_stock_level = 1');

-- The view.
SELECT cases.gives('available_inventory: ' || status, status || ' ' || available,
    'SELECT stock_status || '' '' || available_quantity FROM available_inventory WHERE sku = ''SA''',
    setup => format('UPDATE inventory_items SET quantity = %s, reserved_quantity = %s WHERE id = 1', quantity, reserved))
FROM (VALUES (10, 2, 'IN_STOCK', 8), (5, 2, 'LOW_STOCK', 3), (2, 2, 'OUT_OF_STOCK', 0)) v (quantity, reserved, status, available);
SELECT cases.gives('available_inventory: an expired lot is not for sale', '1', 'SELECT count(*) FROM available_inventory',
    setup => 'UPDATE inventory_items SET expiry_date = CURRENT_TIMESTAMP WHERE id = 1');
SELECT cases.gives('available_inventory: a lot that will expire is', '2', 'SELECT count(*) FROM available_inventory',
    setup => 'UPDATE inventory_items SET expiry_date = CURRENT_TIMESTAMP + interval ''1 s'' WHERE id = 1');
SELECT cases.gives('available_inventory: a delisted product is not', '1', 'SELECT count(*) FROM available_inventory',
    setup => 'UPDATE products SET active = false WHERE id = 1');
SELECT cases.gives('available_inventory: as the one who asks', 'SA', 'SELECT string_agg(sku, '' '') FROM available_inventory', 'order_user', 'A');

-- The ledger's partitions.
SELECT cases.gives('stock_movements: the months of the original schema document', '2', $$SELECT count(*) FROM pg_inherits
    WHERE inhparent = 'stock_movements'::regclass AND inhrelid::regclass::text IN ('stock_movements_2025_01', 'stock_movements_2025_02')$$);
SELECT cases.gives('stock_movements: this month has its partition', 'true', $$
    SELECT to_regclass('stock_movements_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')) IS NOT NULL$$);
SELECT cases.gives('stock_movements: a month that nobody has made goes to DEFAULT', 'stock_movements_default',
    'SELECT tableoid::regclass FROM stock_movements WHERE product_id = 2 AND created_by = ''y''', setup =>
    'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by, created_at) VALUES (2, ''IN'', 1, ''y'', ''2031-05-05'')');
SELECT cases.gives('stock_movements: from where it moves when its partition is made', 'stock_movements_2031_05',
    'SELECT tableoid::regclass FROM stock_movements WHERE product_id = 2 AND created_by = ''y''', setup =>
    'INSERT INTO stock_movements (product_id, movement_type, quantity, created_by, created_at) VALUES (2, ''IN'', 1, ''y'', ''2031-05-05'');
     SELECT make_stock_movement_partition(''2031-05-01'')');
SELECT cases.gives('make_stock_movement_partitions: a worker makes the months that are missing', '4',
    'SELECT make_stock_movement_partitions(7)', 'order_worker');
SELECT cases.gives('make_stock_movement_partitions: once', '0', 'SELECT make_stock_movement_partitions(3)', 'order_worker');
SELECT cases.fails('make_stock_movement_partitions: in reason', '22023', 'SELECT make_stock_movement_partitions(121)', 'order_worker');
SELECT cases.fails('make_stock_movement_partitions: not a tenant', '42501', 'SELECT make_stock_movement_partitions(3)', 'order_user', 'A');
SELECT cases.fails('stock_movements: no way around through a partition, made ' || made, '42501',
    'SELECT * FROM ' || part, role, 'A', setup)
FROM (VALUES ('before', 'stock_movements_2025_01', NULL), ('at all', 'stock_movements_default', NULL),
             ('later', 'stock_movements_2031_05', 'SELECT make_stock_movement_partition(''2031-05-01'')')) p (made, part, setup),
     unnest('{order_user,order_worker}'::text[]) role;

-- Tenants.
SELECT cases.isolates('products', 'order_user', 1, 'UPDATE products SET company_id = ''B''');
SELECT cases.isolates('orders', 'order_user', 1, 'UPDATE orders SET company_id = ''B''');
SELECT cases.isolates('order_items', 'order_user', 1, 'UPDATE order_items SET order_id = 2');
SELECT cases.isolates('order_extras', 'order_user', 1, 'UPDATE order_extras SET order_id = 2');
SELECT cases.isolates('order_returns', 'order_user', 1, 'UPDATE order_returns SET order_id = 2');
SELECT cases.isolates('product_extras', 'order_user', 1, 'UPDATE product_extras SET product_id = 2');
SELECT cases.isolates('inventory_items', 'order_user', 1, 'UPDATE inventory_items SET product_id = 2');
SELECT cases.isolates('stock_movements', 'order_user', 1, 'UPDATE stock_movements SET product_id = 2');
SELECT cases.isolates('stock_reservations', 'order_user', 1, 'UPDATE stock_reservations SET order_id = 2');
SELECT cases.isolates('party_projection', 'order_user', 2);
SELECT cases.fails('a tenant''s row names nothing of others: ' || statement, '42501', statement, 'order_user', 'A')
FROM (VALUES ('UPDATE order_items SET product_id = 2'), ('UPDATE order_returns SET order_item_id = 2'),
             ('UPDATE stock_movements SET inventory_item_id = 2'), ('UPDATE stock_reservations SET order_item_id = 2'),
             ('UPDATE stock_reservations SET product_id = 2'), ('UPDATE stock_reservations SET inventory_item_id = 2'),
             ('INSERT INTO party_projection VALUES (''user'', ''x'', ''admin'', true, ''A'', ''s'', 1)'),
             ('INSERT INTO orders (order_number, total_amount, customer_id, company_id) VALUES (''X'', 1, ''u'', ''B'')')) s (statement);
SELECT cases.gives('a tenant cannot change what it is checked against', 'true', 'SELECT bool_and(active) FROM party_projection', setup =>
    'SELECT set_config(''app.current_company_id'', ''A'', true); SET LOCAL ROLE order_user; UPDATE party_projection SET active = false; RESET ROLE');
SELECT cases.gives('a tenant changes nothing of others', '2', 'SELECT count(*) FROM orders WHERE customer_id = ''u''', setup =>
    'SELECT set_config(''app.current_company_id'', ''C'', true); SET LOCAL ROLE order_user; UPDATE orders SET customer_id = ''x''; RESET ROLE');

-- The worker's rights and those of people.
SELECT cases.passes('worker: ' || statement, statement, 'order_worker')
FROM (VALUES ('SELECT id FROM products ORDER BY id FOR NO KEY UPDATE'), ('SELECT nextval(''products_id_seq'') FROM generate_series(1, 5)'),
             ('INSERT INTO inventory_items (id, product_id, location) VALUES (99, 1, ''M'')'), ('DELETE FROM stock_reservations'),
             ('UPDATE orders SET status = ''confirmed'''), ('UPDATE product_extras SET hs_code = ''1'''), ('UPDATE order_extras SET cancel_reason = ''1'''),
             ('UPDATE party_projection SET last_sequence = 2'), ('UPDATE inventory_items SET quantity = 11'),
             ('INSERT INTO stock_movements (product_id, movement_type, quantity, created_by) VALUES (1, ''IN'', 1, ''x'')'),
             ('INSERT INTO order_returns (return_number, order_id, order_item_id, quantity, condition, event_id) VALUES (''S'', 1, 1, 1, ''SCRAP'', gen_random_uuid())'),
             ('INSERT INTO order_items (order_id, product_id, quantity, unit_price, total_price) VALUES (1, 2, 1, 10, 10)'),
             ('SELECT setval(''orders_id_seq'', 1000)')) s (statement);
SELECT cases.fails('worker: never ' || statement, '42501', statement, 'order_worker')
FROM (VALUES ('DELETE FROM orders'), ('DELETE FROM products'), ('DELETE FROM inventory_items'), ('UPDATE stock_movements SET notes = ''x'''),
             ('DELETE FROM stock_movements'), ('TRUNCATE orders')) s (statement);
SELECT cases.gives('the pages of lots keep room for HOT updates', 'fillfactor=50', $$SELECT reloptions[1] FROM pg_class WHERE relname = 'inventory_items'$$);
SELECT cases.gives('ops.stuck_orders: ' || reason, reason, 'SELECT reason FROM ops.stuck_orders WHERE order_number = ''OA''', 'quenty_operator', setup => setup)
FROM (VALUES
    ('time limit passed, not expired', 'UPDATE order_extras SET expires_at = now() - interval ''2 min'''),
    ('backorder waits for stock', 'UPDATE order_extras SET backorder = true'),
    ('cancellation not answered by shipping', 'UPDATE orders SET status = ''confirmed''; UPDATE order_extras SET cancel_requested_at = now() - interval ''6 min'''),
    ('confirmed, not fully reserved', 'UPDATE orders SET status = ''confirmed''; UPDATE stock_reservations SET quantity = 1'),
    ('no step for 7 days', 'UPDATE orders SET status = ''shipped'', updated_at = now() - interval ''8 days''')) s (reason, setup);
SELECT cases.gives('ops.stuck_orders: an order under way is not stuck', '0', 'SELECT count(*) FROM ops.stuck_orders', 'quenty_operator', setup =>
    'UPDATE orders SET status = ''confirmed''');
