-- Seeded rows have fixed ids and one fixed time, so that any two databases agree on them.

-- One express service each, to all zones.
INSERT INTO shipping_carriers (id, code, name, supported_services, created_at)
SELECT id, code, code, jsonb_build_array(jsonb_build_object(
        'service_type', 'express',
        'base_rate', base_rate,
        'per_kg', per_kg,
        'per_m3', '0.00',
        'fuel_fixed', fuel_fixed,
        'fuel_percent', '0.00',
        'insurance_percent', insurance_percent,
        'volumetric_divisor', 5000,
        'max_weight', '70.000',
        'reliability_percent', reliability_percent,
        'currency', 'USD',
        'cutoff', cutoff,
        'transit_days', (SELECT jsonb_agg(jsonb_build_object('zone', 'zone_' || n, 'days', days) ORDER BY n)
                         FROM generate_series(1, 4) n))),
    timestamptz '2025-01-22T00:00:00Z'
FROM (VALUES
    (1, 'DHL', '45.00', '8.50', '5.50', '0.50', 3, 100, '18:00'),
    (2, 'FEDEX', '42.00', '7.80', '4.80', '0.40', 4, 96, '19:00'),
    (3, 'UPS', '48.00', '9.20', '6.00', '0.60', 2, 97, '17:30')
) AS card (id, code, base_rate, per_kg, fuel_fixed, insurance_percent, days, reliability_percent, cutoff);
SELECT setval('shipping_carriers_id_seq', (SELECT max(id) FROM shipping_carriers));

INSERT INTO country_rules (rule_id, iso_code, category, level, documents, valid_from)
SELECT rule_id, iso_code, category, level, documents, timestamptz '2025-01-22T00:00:00Z'
FROM (VALUES
    (1, 'US', 'food', 'PROHIBITED', '{}'::text[]),
    (2, 'US', 'electronics', 'DOCUMENTS', '{commercial_invoice,certificate_of_origin}'),
    (3, 'DE', NULL, 'DOCUMENTS', '{commercial_invoice,packing_list}'),
    (4, 'GB', NULL, 'DOCUMENTS', '{commercial_invoice,customs_declaration}')
) AS rule (rule_id, iso_code, category, level, documents);
SELECT setval('country_rules_rule_id_seq', (SELECT max(rule_id) FROM country_rules));
