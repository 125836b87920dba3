-- The manifests of the orders of order_db.sql that go abroad, and one of no order.
CREATE TEMP TABLE plan (number text, status text, one integer, two integer);
INSERT INTO plan VALUES
    ('ABROAD-SUBMITTED-1', 'submitted', 7, 3), ('ABROAD-DRAFT-1', 'draft', 5, 2), ('ABROAD-RETRY-1', 'rejected', 3, 2),
    ('ABROAD-APPROVED-1', 'approved', 4, 4), ('ABROAD-RECALLED-1', 'rejected', 2, 1), ('ABROAD-SHIPPED-1', 'shipped', 6, 2),
    ('ABROAD-TRANSIT-1', 'shipped', 2, 2), ('ABROAD-DELIVERED-1', 'delivered', 8, 1), ('ABROAD-CANCELLED-1', 'rejected', 5, 5);
INSERT INTO manifests (unique_id, status, total_weight, total_volume, total_value, origin_country, destination_country,
                       shipping_zone, estimated_delivery, tracking_number, company_id, created_by)
SELECT 'MAN-' || number, status, one * 1.5 + two * 9, 0.001, one * 10 + two * 20.5, 'SE', 'US', 'zone_1', now(),
    CASE WHEN status IN ('approved', 'shipped', 'delivered') THEN 'TRACK-' || number END, 'C-1', 'quenty-shipping'
FROM plan;
INSERT INTO manifests (unique_id, total_weight, total_volume, total_value, origin_country, destination_country,
                       company_id, created_by)
VALUES ('HAND-1', 1, 0, 5, 'SE', 'US', 'C-1', 'clerk');
INSERT INTO manifest_items (manifest_id, description, quantity, weight, volume, value, hs_code, country_of_origin, product_id)
SELECT m.id, l.name, l.quantity, l.weight, l.volume, l.value, l.hs_code, 'SE', l.product
FROM plan p JOIN manifests m ON m.unique_id = 'MAN-' || p.number,
LATERAL (VALUES (1, 'Chair', p.one, p.one * 1.5, 0.001, p.one * 10, '940161'),
                (2, 'Table', p.two, p.two * 9, NULL, p.two * 20.5, '940360'))
    AS l (product, name, quantity, weight, volume, value, hs_code);
INSERT INTO manifest_items (manifest_id, description, quantity, weight, volume, value)
SELECT id, 'A book', 1, 1, 0, 5 FROM manifests WHERE unique_id = 'HAND-1';
INSERT INTO manifest_item_extras (manifest_item_id, volume_cm3, category)
SELECT id, coalesce(volume, 0) * 1000000, 'furniture' FROM manifest_items;
INSERT INTO shipping_rates (manifest_id, carrier_name, service_type, base_rate, weight_rate, total_cost, transit_days)
SELECT id, 'DHL', 'express', 45, 8.5, 53.5, 3 FROM manifests WHERE unique_id <> 'HAND-1';
INSERT INTO manifest_orders (manifest_id, order_number, selected_rate_id, rejection_code, retryable, retry_until,
                             submitted_at, approved_at, shipped_at, delivered_at)
SELECT m.id, p.number, r.id, CASE WHEN m.status = 'rejected' THEN 'CUSTOMS_REJECTED' END,
    CASE WHEN m.status = 'rejected' THEN p.number <> 'ABROAD-CANCELLED-1' END,
    CASE WHEN p.number IN ('ABROAD-DRAFT-1', 'ABROAD-RETRY-1', 'ABROAD-RECALLED-1') THEN now() + interval '7 days' END,
    CASE WHEN m.status <> 'draft' THEN now() END,
    CASE WHEN m.status IN ('approved', 'shipped', 'delivered') THEN now() END,
    CASE WHEN m.status IN ('shipped', 'delivered') THEN now() END, CASE WHEN m.status = 'delivered' THEN now() END
FROM manifests m LEFT JOIN plan p ON m.unique_id = 'MAN-' || p.number
LEFT JOIN shipping_rates r ON r.manifest_id = m.id;

SELECT pg_temp.fact('quenty.shipping.ManifestDrafted', 'MAN-' || number) FROM plan;
SELECT pg_temp.fact('quenty.shipping.ManifestDrafted', 'HAND-1', 'EV-HAND-1');
SELECT pg_temp.fact('quenty.shipping.ManifestSubmitted', 'MAN-' || number) FROM plan WHERE status <> 'draft';
SELECT pg_temp.fact('quenty.shipping.ManifestApproved', 'MAN-' || number, 'EV-A-' || number) FROM plan
WHERE status IN ('approved', 'shipped', 'delivered') OR number = 'ABROAD-RECALLED-1';
SELECT pg_temp.fact('quenty.shipping.ManifestShipped', 'MAN-' || number, 'EV-P-' || number) FROM plan
WHERE status IN ('shipped', 'delivered');
SELECT pg_temp.fact('quenty.shipping.ManifestDelivered', 'MAN-' || number) FROM plan WHERE status = 'delivered';
SELECT pg_temp.fact('quenty.shipping.ManifestRejected', 'MAN-' || number) FROM plan WHERE status = 'rejected';
