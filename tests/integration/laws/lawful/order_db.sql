-- Orders in every state, at home and abroad. Each has one piece of the first product from the second
-- lot, the rest of that line from the first, and a line of the second product; what an order that
-- waits or lacked stock wants is in no lot.
INSERT INTO products (id, name, sku, category, price, weight, company_id)
VALUES (1, 'Chair', 'SKU-1', 'furniture', 10, 1.5, 'C-1'), (2, 'Table', 'SKU-2', 'furniture', 20.5, 9, 'C-1');
INSERT INTO product_extras (product_id, currency, hs_code, country_of_origin)
VALUES (1, 'USD', '940161', 'SE'), (2, 'USD', '940360', 'SE');
INSERT INTO inventory_items (id, product_id, quantity, location)
VALUES (1, 1, 500, 'NORTH'), (2, 1, 100, 'SOUTH'), (3, 2, 300, 'NORTH');
SELECT pg_temp.fact('quenty.stock.ProductListed', sku, 'EV-' || sku) FROM products;
INSERT INTO stock_movements (product_id, inventory_item_id, movement_type, quantity, reference_number, created_by, event_id)
SELECT product_id, id, 'IN', quantity, 'GRN-' || id, 'dock-1',
    pg_temp.fact('quenty.stock.StockReceived', 'SKU-' || product_id, 'EV-GRN-' || id)
FROM inventory_items ORDER BY id;

CREATE TEMP TABLE plan (number text, status text, destination text, was_confirmed boolean, holds text, one integer, two integer);
INSERT INTO plan VALUES
    ('HOME-PENDING-1', 'pending', 'SE', false, 'open', 3, 1),
    ('HOME-WAITING-1', 'pending', 'SE', false, NULL, 5000, 1),
    ('HOME-SHORT-1', 'cancelled', 'SE', false, NULL, 9000, 1),
    ('HOME-EXPIRED-1', 'cancelled', 'SE', false, 'released', 4, 2),
    ('HOME-CONFIRMED-1', 'confirmed', 'SE', true, 'open', 2, 2),
    ('ABROAD-PENDING-1', 'pending', 'US', false, 'open', 2, 5),
    ('ABROAD-SUBMITTED-1', 'confirmed', 'US', true, 'open', 7, 3),
    ('ABROAD-DRAFT-1', 'confirmed', 'US', true, 'open', 5, 2),
    ('ABROAD-RETRY-1', 'confirmed', 'US', true, 'open', 3, 2),
    ('ABROAD-APPROVED-1', 'processing', 'US', true, 'open', 4, 4),
    ('ABROAD-RECALLED-1', 'processing', 'US', true, 'open', 2, 1),
    ('ABROAD-SHIPPED-1', 'shipped', 'US', true, 'consumed', 6, 2),
    ('ABROAD-TRANSIT-1', 'in_transit', 'US', true, 'consumed', 2, 2),
    ('ABROAD-DELIVERED-1', 'delivered', 'US', true, 'consumed', 8, 1),
    ('ABROAD-CANCELLED-1', 'cancelled', 'US', true, 'released', 5, 5);

INSERT INTO orders (order_number, status, total_amount, customer_id, company_id)
SELECT number, status, one * 10 + two * 20.5, 'U-2', 'C-1' FROM plan ORDER BY number;
INSERT INTO order_extras (order_id, origin_country, destination_country, placed_at, placed_event_id, confirmation,
                          reservation_ttl_s, backorder, expires_at)
SELECT o.id, 'SE', p.destination, now(), 'EV-' || number, CASE WHEN p.status = 'pending' THEN 'EXPLICIT' ELSE 'AUTO' END,
    900, number = 'HOME-WAITING-1',
    CASE WHEN p.status = 'pending' AND p.holds IS NOT NULL THEN now() + interval '1 hour'
         WHEN number = 'HOME-EXPIRED-1' THEN now() - interval '1 hour' END
FROM plan p JOIN orders o ON o.order_number = p.number;
UPDATE order_extras SET cancel_requested_at = now(), cancel_reason = 'changed my mind'
WHERE order_id = (SELECT id FROM orders WHERE order_number = 'ABROAD-CANCELLED-1');
INSERT INTO order_items (order_id, product_id, quantity, unit_price, total_price)
SELECT o.id, l.product, l.quantity, l.price, l.quantity * l.price
FROM plan p JOIN orders o ON o.order_number = p.number,
LATERAL (VALUES (1, p.one, 10), (2, p.two, 20.5)) AS l (product, quantity, price);
INSERT INTO stock_reservations (order_id, order_item_id, product_id, inventory_item_id, quantity, status, expires_at)
SELECT o.id, l.id, l.product_id, lot.id, lot.quantity, p.holds,
    CASE WHEN p.holds = 'open' THEN x.expires_at END
FROM plan p JOIN orders o ON o.order_number = p.number JOIN order_extras x ON x.order_id = o.id
JOIN order_items l ON l.order_id = o.id,
LATERAL (VALUES (1, 1, l.quantity - 1), (1, 2, 1), (2, 3, l.quantity)) AS lot (product, id, quantity)
WHERE p.holds IS NOT NULL AND lot.product = l.product_id;

SELECT pg_temp.fact('quenty.order.OrderAccepted', number, 'EV-' || number) FROM plan;
SELECT pg_temp.fact('quenty.stock.StockReserved', number) FROM plan WHERE holds IS NOT NULL;
SELECT pg_temp.fact('quenty.order.OrderConfirmed', number) FROM plan WHERE was_confirmed;
SELECT pg_temp.fact('quenty.order.OrderProcessing', number) FROM plan WHERE status = 'processing' OR holds = 'consumed';
SELECT pg_temp.fact('quenty.order.OrderShipped', number) FROM plan WHERE holds = 'consumed';
INSERT INTO stock_movements (product_id, inventory_item_id, movement_type, quantity, reference_number, created_by, event_id)
SELECT r.product_id, r.inventory_item_id, 'OUT', r.quantity, o.order_number, 'quenty-shipping', c.event_id
FROM (SELECT number, pg_temp.fact('quenty.stock.StockConsumed', number) AS event_id FROM plan WHERE holds = 'consumed') c
JOIN orders o ON o.order_number = c.number
JOIN stock_reservations r ON r.order_id = o.id;
SELECT pg_temp.fact('quenty.order.OrderInTransit', number) FROM plan WHERE status = 'in_transit';
SELECT pg_temp.fact('quenty.order.OrderDelivered', number) FROM plan WHERE status = 'delivered';
SELECT pg_temp.fact('quenty.stock.StockReleased', number) FROM plan WHERE holds = 'released';
SELECT pg_temp.fact('quenty.order.OrderCancelled', number) FROM plan WHERE status = 'cancelled';
UPDATE inventory_items i
SET reserved_quantity = (SELECT coalesce(sum(r.quantity), 0) FROM stock_reservations r
                         WHERE r.inventory_item_id = i.id AND r.status = 'open'),
    quantity = (SELECT sum(CASE m.movement_type WHEN 'OUT' THEN -m.quantity ELSE m.quantity END)
                FROM stock_movements m WHERE m.inventory_item_id = i.id);
INSERT INTO ev.request (natural_key, type, content_hash, event_id, outcome_event_id, outcome_type)
SELECT subject, 'quenty.order.OrderPlaced', '\x00', causation_id, event_id, type
FROM ev.outbox_events WHERE type = 'quenty.order.OrderAccepted';
