-- What a year of orders leaves behind, as far as the shape of plans depends on it.
INSERT INTO party_projection (kind, party_id, role, active, company_id, source, last_sequence)
SELECT 'company', 'C-' || n, NULL, true, NULL, '/s', n FROM generate_series(1, :rows / 10) n;
INSERT INTO products (id, name, sku, category, price, company_id)
SELECT n, 'Product ' || n, 'SKU-' || n, 'toys', 10, 'C-' || n % 100 FROM generate_series(1, :rows) n;
INSERT INTO product_extras (product_id, currency) SELECT n, 'USD' FROM generate_series(1, :rows) n;
INSERT INTO inventory_items (id, product_id, quantity, location)
SELECT n, n, 100, 'NORTH' FROM generate_series(1, :rows) n;
INSERT INTO stock_movements (product_id, movement_type, quantity, created_by, inventory_item_id)
SELECT n, 'IN', 100, 'test', n FROM generate_series(1, :rows) n;
INSERT INTO orders (id, order_number, status, total_amount, customer_id, company_id)
SELECT n, 'O-' || n, 'confirmed', 10, 'U-' || n % 1000, 'C-' || n % 100 FROM generate_series(1, :rows) n;
INSERT INTO order_extras (order_id, origin_country, destination_country, placed_at, placed_event_id, confirmation,
                          reservation_ttl_s, backorder)
SELECT n, 'US', 'US', now(), 'e-' || n, 'AUTO', 900, false FROM generate_series(1, :rows) n;
INSERT INTO order_items (id, order_id, product_id, quantity, unit_price, total_price)
SELECT n, n, n, 1, 10, 10 FROM generate_series(1, :rows) n;
INSERT INTO stock_reservations (order_id, order_item_id, product_id, inventory_item_id, quantity, status)
SELECT n, n, n, n, 1, 'open' FROM generate_series(1, :rows) n;
INSERT INTO ev.request (natural_key, type, content_hash, event_id, outcome_event_id, outcome_type)
SELECT 'O-' || n, 'quenty.order.OrderPlaced', sha256(n::text::bytea), 'e-' || n, gen_random_uuid(), 'quenty.order.OrderAccepted'
FROM generate_series(1, :rows) n;
INSERT INTO ev.inbox_a (source, event_id, content_hash)
SELECT '/shop', 'e-' || n, sha256(n::text::bytea) FROM generate_series(1, :rows) n;
