-- A year of manifests, with what was quoted for each.
INSERT INTO manifests (id, unique_id, status, origin_country, destination_country, shipping_zone, total_weight, total_volume,
                       total_value, currency, company_id, created_by)
SELECT n, 'MAN-' || n, 'draft', 'US', 'FR', 'zone_3', 1, 1, 1, 'USD', 'C-' || n % 100, 'test' FROM generate_series(1, :rows) n;
INSERT INTO manifest_orders (manifest_id, order_number) SELECT n, 'O-' || n FROM generate_series(1, :rows) n;
INSERT INTO shipping_rates (manifest_id, carrier_name, service_type, base_rate, total_cost, transit_days)
SELECT n, carrier, 'express', 1, 1, 2 FROM generate_series(1, :rows) n, unnest('{DHL,UPS}'::text[]) carrier;
INSERT INTO manifest_items (id, manifest_id, description, quantity, weight, value)
SELECT n, n, 'goods', 1, 1, 1 FROM generate_series(1, :rows) n;
INSERT INTO manifest_item_extras (manifest_item_id, volume_cm3) SELECT n, 1 FROM generate_series(1, :rows) n;
INSERT INTO party_projection (kind, party_id, role, active, source, last_sequence)
SELECT 'user', 'U-' || n, 'admin', true, 's', n FROM generate_series(1, :rows) n;
INSERT INTO ev.inbox_a (source, event_id, content_hash)
SELECT '/shop', 'e-' || n, sha256(n::text::bytea) FROM generate_series(1, :rows) n;
