-- Every line of a confirmed or processing order is fully reserved, but for a shortage that was told and
-- is not served yet.
SELECT o.order_number, o.status, l.id AS line, l.quantity, coalesce(sum(r.quantity), 0) AS open
FROM orders o
JOIN order_items l ON l.order_id = o.id
LEFT JOIN stock_reservations r ON r.order_item_id = l.id AND r.status = 'open'
WHERE o.status IN ('confirmed', 'processing')
  AND NOT EXISTS (
      SELECT FROM ev.outbox_events short
      WHERE short.type = 'quenty.stock.StockShort' AND short.subject = o.order_number
        AND NOT EXISTS (SELECT FROM ev.outbox_events served
                        WHERE served.type = 'quenty.stock.StockReserved'
                          AND served.subject = o.order_number AND served.seq > short.seq))
GROUP BY o.order_number, o.status, l.id, l.quantity
HAVING l.quantity <> coalesce(sum(r.quantity), 0)
