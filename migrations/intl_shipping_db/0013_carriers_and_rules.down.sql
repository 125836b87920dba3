DELETE FROM country_rules WHERE rule_id BETWEEN 1 AND 4;
SELECT setval('country_rules_rule_id_seq', 1, false);
DELETE FROM shipping_carriers WHERE id BETWEEN 1 AND 3;
SELECT setval('shipping_carriers_id_seq', 1, false);
