-- Rules of intl_shipping_db. Companies A and B have a manifest each.
INSERT INTO manifests (id, unique_id, origin_country, destination_country, company_id, created_by)
VALUES (1, 'MA', 'US', 'DE', 'A', 'x'), (2, 'MB', 'US', 'DE', 'B', 'x');
INSERT INTO manifest_items (id, manifest_id, description, quantity, weight, volume, value)
VALUES (1, 1, 'd', 1, 1, 0, 5), (2, 2, 'd', 1, 1, 0, 5);
INSERT INTO manifest_item_extras VALUES (1, 10, 'c'), (2, 10, 'c');
INSERT INTO shipping_rates (id, manifest_id, carrier_name, service_type, base_rate, weight_rate, volume_rate,
    fuel_surcharge, insurance_rate, total_cost, transit_days)
VALUES (1, 1, 'DHL', 'express', 45, 42.50, 0, 5.50, 2.50, 95.50, 3), (2, 2, 'DHL', 'express', 45, 42.50, 0, 5.50, 2.50, 95.50, 3);
INSERT INTO manifest_orders (manifest_id, order_number, selected_rate_id) VALUES (1, 'OA', 1), (2, 'OB', 2);
INSERT INTO holidays VALUES ('US', '2025-07-04'), (NULL, '2025-01-01');
INSERT INTO party_projection VALUES ('company', 'A', NULL, true, NULL, 's', 1), ('company', 'B', NULL, true, NULL, 's', 1),
    ('user', 'ua', 'admin', true, 'A', 's', 1), ('user', 'ub', 'admin', true, 'B', 's', 1), ('user', 'un', 'viewer', true, NULL, 's', 1);

SELECT cases.refuse_null('manifests', 'unique_id status total_weight total_volume total_value currency origin_country destination_country company_id created_by created_at updated_at');
SELECT cases.refuse_null('manifest_items', 'manifest_id description quantity weight value created_at');
SELECT cases.refuse_null('manifest_item_extras', 'volume_cm3');
SELECT cases.refuse_null('shipping_rates', 'manifest_id carrier_name service_type base_rate weight_rate volume_rate fuel_surcharge insurance_rate total_cost currency transit_days created_at');
SELECT cases.refuse_null('manifest_orders', 'documents duty_flag');
SELECT cases.refuse_null('countries', 'name iso_code zone active created_at');
SELECT cases.refuse_null('shipping_carriers', 'name code active created_at');
SELECT cases.refuse_null('country_rules', 'iso_code level documents valid_from');
SELECT cases.refuse_null('holidays', 'day');
SELECT cases.refuse_null('party_projection', 'active source last_sequence');

SELECT cases.fails(expected || ': ' || statement, expected, statement)
FROM (VALUES
    ('23505 manifests_unique_id_key', 'UPDATE manifests SET unique_id = ''X'''),
    ('23505 manifests_tracking_number_key', 'UPDATE manifests SET tracking_number = ''X'''),
    ('23514 chk_manifests_status', 'INSERT INTO manifests (unique_id, status, origin_country, destination_country, company_id, created_by) VALUES (''X'', ''lost'', ''US'', ''DE'', ''A'', ''x'')'),
    ('23514 chk_manifests_weights', 'UPDATE manifests SET total_weight = -1'),
    ('23514 chk_manifests_weights', 'UPDATE manifests SET total_volume = -1'),
    ('23514 chk_manifests_weights', 'UPDATE manifests SET total_value = -1'),
    ('23514 chk_manifests_tracking', 'UPDATE manifests SET status = ''approved'''),
    ('23503 manifest_items_manifest_id_fkey', 'UPDATE manifest_items SET manifest_id = 9'),
    ('23514 chk_manifest_items_quantities', 'UPDATE manifest_items SET quantity = 0'),
    ('23514 chk_manifest_items_quantities', 'UPDATE manifest_items SET weight = 0'),
    ('23514 chk_manifest_items_quantities', 'UPDATE manifest_items SET value = -1'),
    ('23514 chk_manifest_items_volume', 'UPDATE manifest_items SET volume = -5'),
    ('23503 manifest_item_extras_manifest_item_id_fkey', 'INSERT INTO manifest_item_extras VALUES (9, 1)'),
    ('23514 manifest_item_extras_volume_cm3_check', 'UPDATE manifest_item_extras SET volume_cm3 = -1'),
    ('23503 shipping_rates_manifest_id_fkey', 'UPDATE shipping_rates SET manifest_id = 9'),
    ('23514 chk_shipping_rates_amounts', 'UPDATE shipping_rates SET base_rate = -1, weight_rate = 88.5'),
    ('23514 chk_shipping_rates_amounts', 'UPDATE shipping_rates SET transit_days = 0'),
    ('23514 chk_shipping_rates_parts', 'UPDATE shipping_rates SET weight_rate = -1, base_rate = 88.5'),
    ('23514 chk_shipping_rates_total', 'UPDATE shipping_rates SET total_cost = 999'),
    ('23503 manifest_orders_manifest_id_fkey', 'INSERT INTO manifest_orders (manifest_id) VALUES (9)'),
    ('23505 manifest_orders_order_number_key', 'UPDATE manifest_orders SET order_number = ''X'''),
    ('23514 manifest_orders_rejection', 'UPDATE manifest_orders SET retryable = true'),
    ('23514 chk_countries_iso_code', 'UPDATE countries SET iso_code = ''usa'' WHERE iso_code = ''US'''),
    ('23505 countries_iso_code_key', 'INSERT INTO countries (name, iso_code, zone) VALUES (''x'', ''US'', ''zone_1'')'),
    ('23514 chk_countries_zone', 'UPDATE countries SET zone = ''ZONE_1'''),
    ('23505 shipping_carriers_code_key', 'INSERT INTO shipping_carriers (name, code) VALUES (''x'', ''DHL'')'),
    ('23514 chk_shipping_carriers_services', 'UPDATE shipping_carriers SET supported_services = ''{}'''),
    ('23505 country_rules_natural_key', 'INSERT INTO country_rules (iso_code, level, documents, valid_from) SELECT iso_code, level, documents, valid_from FROM country_rules WHERE iso_code = ''DE'''),
    ('23514 country_rules_iso_code', 'UPDATE country_rules SET iso_code = ''us'''),
    ('23514 country_rules_hs_prefix', 'UPDATE country_rules SET hs_prefix = ''85.17'''),
    ('23514 country_rules_level', 'UPDATE country_rules SET level = ''MAYBE'''),
    ('23514 country_rules_limit', 'UPDATE country_rules SET level = ''VALUE_LIMIT'', limit_value = 1 WHERE rule_id = 1'),
    ('23514 country_rules_limit', 'UPDATE country_rules SET level = ''VALUE_LIMIT'', limit_value = -1, limit_currency = ''USD'' WHERE rule_id = 1'),
    ('23514 country_rules_currency', 'UPDATE country_rules SET limit_currency = ''usd'''),
    ('23514 country_rules_span', 'UPDATE country_rules SET valid_to = valid_from'),
    ('23514 holidays_country_check', 'INSERT INTO holidays VALUES (''us'', ''2025-01-01'')'),
    ('23505 holidays_key', 'INSERT INTO holidays VALUES (NULL, ''2025-01-01'')'),
    ('23514 party_projection_kind_check', 'INSERT INTO party_projection VALUES (''x'', ''x'', NULL, true, NULL, ''s'', 1)'),
    ('23514 party_projection_company', 'UPDATE party_projection SET role = ''admin'''),
    ('23514 party_projection_user', 'UPDATE party_projection SET role = NULL')
) AS c (expected, statement);
SELECT cases.gives('a deleted manifest takes all that is about it along', '1 1 1 1', 'SELECT concat_ws('' '', (SELECT count(*) FROM manifest_items),
    (SELECT count(*) FROM manifest_item_extras), (SELECT count(*) FROM shipping_rates), (SELECT count(*) FROM manifest_orders))', setup =>
    'DELETE FROM manifests WHERE id = 1');

-- The state machine: every pair of states, against the closure of the steps.
WITH RECURSIVE reach AS (
    SELECT old_status, new_status FROM manifest_steps()
    UNION
    SELECT reach.old_status, step.new_status FROM reach JOIN manifest_steps() step ON step.old_status = reach.new_status
), state AS (SELECT unnest('{draft,submitted,approved,rejected,shipped,delivered}'::text[]) AS name)
SELECT cases.fails('manifests: ' || a.name || ' to ' || b.name,
    CASE WHEN a.name = b.name OR EXISTS (SELECT FROM reach WHERE (old_status, new_status) = (a.name, b.name))
         THEN '00000' ELSE '23514 manifests_status_path' END,
    format('UPDATE manifests SET status = %L', b.name), setup =>
    format('UPDATE manifests SET tracking_number = unique_id; SET LOCAL session_replication_role = replica;
            UPDATE manifests SET status = %L; SET LOCAL session_replication_role = origin', a.name))
FROM state a CROSS JOIN state b;
-- draft, submitted, approved and rejected reach each other, themselves and both states behind; shipped
-- reaches delivered: 4 × 6 + 1.
SELECT cases.gives('manifests: the trigger knows 25 pairs', '25',
    $$SELECT count(*) FROM regexp_matches((SELECT prosrc FROM pg_proc WHERE proname = 'refuse_manifest_status'), '[a-z_]+>[a-z_]+', 'g')$$);
SELECT cases.stamps('manifests', 'created_by = ''n''');

-- Seeds.
SELECT cases.gives('249 countries, at one time, with ids below 1000', '249 1 t',
    'SELECT concat_ws('' '', count(*), count(DISTINCT created_at), max(id) < 1000 AND max(created_at) = ''2025-01-22T00:00:00Z'') FROM countries');
SELECT cases.gives('later countries get ids from 1000', 'true', 'SELECT id >= 1000 FROM countries WHERE iso_code = ''ZZ''',
    setup => 'INSERT INTO countries (name, iso_code, zone) VALUES (''z'', ''ZZ'', ''zone_4'')');
SELECT cases.gives('zone_1', 'CA MX US', 'SELECT string_agg(iso_code, '' '' ORDER BY iso_code) FROM countries WHERE zone = ''zone_1''');
SELECT cases.gives('zone of ' || code, zone, format('SELECT zone FROM countries WHERE iso_code = %L', code))
FROM (VALUES ('BR', 'zone_2'), ('CO', 'zone_2'), ('JM', 'zone_2'), ('PA', 'zone_2'), ('DE', 'zone_3'), ('GB', 'zone_3'), ('RU', 'zone_3'),
             ('BM', 'zone_4'), ('GL', 'zone_4'), ('JP', 'zone_4'), ('TR', 'zone_4'), ('TW', 'zone_4'), ('ZA', 'zone_4'), ('AU', 'zone_4')) z (code, zone);
SELECT cases.gives('countries in each zone', '3 51 51 144',
    'SELECT string_agg(n::text, '' '' ORDER BY zone) FROM (SELECT zone, count(*) n FROM countries GROUP BY zone) z');
SELECT cases.gives('three carriers', 'DHL FEDEX UPS', 'SELECT string_agg(code, '' '' ORDER BY id) FROM shipping_carriers WHERE name = code AND active AND id < 4');
SELECT cases.gives('the DHL card', '45.00 8.50 0.00 5.50 0.00 0.50 5000 70.000 100 USD 18:00 4 3',
    $$SELECT concat_ws(' ', s->>'base_rate', s->>'per_kg', s->>'per_m3', s->>'fuel_fixed', s->>'fuel_percent', s->>'insurance_percent',
      s->>'volumetric_divisor', s->>'max_weight', s->>'reliability_percent', s->>'currency', s->>'cutoff',
      jsonb_array_length(s->'transit_days'), s->'transit_days'->3->>'days')
      FROM shipping_carriers, jsonb_array_elements(supported_services) s WHERE code = 'DHL'$$);
SELECT cases.gives('DHL for 5.0 kg and 500 USD', '95.50',
    $$SELECT ((s->>'base_rate')::numeric + round((s->>'per_kg')::numeric * 5.0, 2) + (s->>'fuel_fixed')::numeric
      + round((s->>'insurance_percent')::numeric * 500 / 100, 2))::numeric(10,2) FROM shipping_carriers, jsonb_array_elements(supported_services) s WHERE code = 'DHL'$$);
SELECT cases.gives('FEDEX and UPS', '42.00 7.80 4.80 0.40 96 4 19:00, 48.00 9.20 6.00 0.60 97 2 17:30',
    $$SELECT string_agg(concat_ws(' ', s->>'base_rate', s->>'per_kg', s->>'fuel_fixed', s->>'insurance_percent', s->>'reliability_percent',
      s->'transit_days'->0->>'days', s->>'cutoff'), ', ' ORDER BY id) FROM shipping_carriers, jsonb_array_elements(supported_services) s WHERE id IN (2, 3)$$);
SELECT cases.gives('rules', 'US food PROHIBITED {}; US electronics DOCUMENTS {commercial_invoice,certificate_of_origin}; DE DOCUMENTS {commercial_invoice,packing_list}; GB DOCUMENTS {commercial_invoice,customs_declaration}',
    'SELECT string_agg(concat_ws('' '', iso_code, category, level, documents), ''; '' ORDER BY rule_id) FROM country_rules');

-- Tenants.
SELECT cases.isolates('manifests', 'shipping_user', 1, 'UPDATE manifests SET company_id = ''B''');
SELECT cases.isolates('manifest_items', 'shipping_user', 1, 'UPDATE manifest_items SET manifest_id = 2');
SELECT cases.isolates('manifest_item_extras', 'shipping_user', 1, 'UPDATE manifest_item_extras SET manifest_item_id = 2');
SELECT cases.isolates('shipping_rates', 'shipping_user', 1, 'UPDATE shipping_rates SET manifest_id = 2');
SELECT cases.isolates('manifest_orders', 'shipping_user', 1, 'UPDATE manifest_orders SET manifest_id = 2');
SELECT cases.isolates('party_projection', 'shipping_user', 2);
SELECT cases.fails('a tenant uses nobody else''s quote', '42501', 'UPDATE manifest_orders SET selected_rate_id = 2', 'shipping_user', 'A');
SELECT cases.gives('tenants read ' || t, 'true', format('SELECT count(%s) > 0 FROM %s', c, t), 'shipping_user', 'A')
FROM (VALUES ('countries', 'id'), ('shipping_carriers', 'id'), ('country_rules', 'rule_id'), ('holidays', 'day')) r (t, c);
SELECT cases.fails('tenants do not write: ' || statement, '42501', statement, 'shipping_user', 'A')
FROM (VALUES ('INSERT INTO countries (name, iso_code, zone) VALUES (''z'', ''ZZ'', ''zone_4'')'), ('INSERT INTO shipping_carriers (name, code) VALUES (''x'', ''x'')'),
             ('INSERT INTO country_rules (iso_code, level, valid_from) VALUES (''US'', ''PROHIBITED'', now())'), ('INSERT INTO holidays VALUES (''US'', ''2025-12-25'')'),
             ('INSERT INTO party_projection VALUES (''user'', ''x'', ''admin'', true, ''A'', ''s'', 1)')) s (statement);
SELECT cases.fails('tenants do not read carriers'' keys', '42501', 'SELECT api_key FROM shipping_carriers', 'shipping_user', 'A');
SELECT cases.passes('worker: ' || statement, statement, 'shipping_worker')
FROM (VALUES ('UPDATE manifests SET status = ''submitted'''), ('DELETE FROM manifest_items'), ('DELETE FROM shipping_rates'),
             ('UPDATE shipping_carriers SET api_key = ''ref'''), ('SELECT nextval(''country_rules_rule_id_seq'') FROM generate_series(1, 5)')) s (statement);
SELECT cases.gives('worker: sees and changes ' || t, 'true', format('WITH changed AS (UPDATE %s SET %s RETURNING 1) SELECT count(*) > 0 FROM changed', t, change), 'shipping_worker')
FROM (VALUES ('countries', 'active = false'), ('shipping_carriers', 'active = false'), ('country_rules', 'valid_to = now()'), ('holidays', 'day = day')) r (t, change);
SELECT cases.fails('worker: never ' || statement, '42501', statement, 'shipping_worker')
FROM (VALUES ('DELETE FROM manifests'), ('DELETE FROM countries'), ('DELETE FROM shipping_carriers')) s (statement);
