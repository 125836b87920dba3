-- What an order consumed of a lot is one OUT movement of that lot with the order's number.
SELECT coalesce(r.order_number, m.reference_number) AS order_number,
    coalesce(r.lot, m.inventory_item_id) AS lot, r.consumed, m.quantity AS out, m.movements
FROM (SELECT o.order_number, r.inventory_item_id AS lot, sum(r.quantity) AS consumed
      FROM stock_reservations r JOIN orders o ON o.id = r.order_id
      WHERE r.status = 'consumed' GROUP BY o.order_number, r.inventory_item_id) r
FULL JOIN (SELECT m.reference_number, m.inventory_item_id, sum(m.quantity) AS quantity, count(*) AS movements
           FROM stock_movements m
           JOIN ev.outbox_events f ON f.event_id = m.event_id AND f.type = 'quenty.stock.StockConsumed'
           GROUP BY m.reference_number, m.inventory_item_id) m
    ON m.reference_number = r.order_number AND m.inventory_item_id = r.lot
WHERE r.consumed IS DISTINCT FROM m.quantity OR m.movements <> 1
