-- Value, currency, company and countries of a manifest are those of its order.
-- with: manifests manifest_orders
SELECT o.order_number, o.total_amount, m.total_value, o.currency, m.currency AS manifest_currency,
    o.company_id, m.company_id AS manifest_company
FROM manifests m
JOIN manifest_orders b ON b.manifest_id = m.id
JOIN orders o ON o.order_number = b.order_number
JOIN order_extras x ON x.order_id = o.id
WHERE (o.total_amount, o.currency, o.company_id, x.origin_country, x.destination_country)
      IS DISTINCT FROM (m.total_value, m.currency, m.company_id, m.origin_country, m.destination_country)
