-- Orders that somebody should look at, and why. Thresholds are generous: what is here for a moment while
-- it is under way is not stuck.
CREATE VIEW ops.stuck_orders WITH (security_invoker = true) AS
SELECT o.order_number, o.company_id, o.status, stuck.reason, CURRENT_TIMESTAMP - stuck.since AS stuck_for
FROM orders o
JOIN order_extras x ON x.order_id = o.id
CROSS JOIN LATERAL (
    SELECT 'time limit passed, not expired' AS reason, x.expires_at AS since
    WHERE o.status = 'pending' AND x.expires_at < CURRENT_TIMESTAMP - interval '1 minute'
    UNION ALL
    SELECT 'backorder waits for stock', o.created_at
    WHERE o.status = 'pending' AND x.backorder AND x.expires_at IS NULL
    UNION ALL
    SELECT 'cancellation not answered by shipping', x.cancel_requested_at
    WHERE o.status IN ('confirmed', 'processing')
      AND x.cancel_requested_at < CURRENT_TIMESTAMP - interval '5 minutes'
    UNION ALL
    SELECT 'confirmed, not fully reserved', o.updated_at
    WHERE o.status IN ('confirmed', 'processing') AND EXISTS (
        SELECT FROM order_items l
        WHERE l.order_id = o.id AND l.quantity > (
            SELECT coalesce(sum(r.quantity), 0) FROM stock_reservations r
            WHERE r.order_item_id = l.id AND r.status = 'open'))
    UNION ALL
    SELECT 'no step for 7 days', o.updated_at
    WHERE o.status IN ('confirmed', 'processing', 'shipped', 'in_transit')
      AND o.updated_at < CURRENT_TIMESTAMP - interval '7 days'
) stuck
WHERE o.status NOT IN ('delivered', 'cancelled')
ORDER BY stuck.since;
GRANT SELECT ON ops.stuck_orders TO quenty_operator;
