-- Shipping is asked only about orders that go abroad, and only once they are confirmed.
SELECT o.order_number, o.status, x.origin_country, x.destination_country, x.cancel_requested_at
FROM orders o
JOIN order_extras x ON x.order_id = o.id
WHERE x.cancel_requested_at IS NOT NULL AND o.status <> 'cancelled'
  AND (o.status = 'pending' OR x.origin_country = x.destination_country)
