-- An order that was confirmed and goes abroad has exactly one manifest; no other order has one.
-- with: manifests manifest_orders
SELECT coalesce(o.order_number, m.order_number) AS order_number, o.status, o.was_confirmed, m.manifests
FROM (SELECT o.order_number, o.status,
          o.status <> 'pending' AND confirmed.subject IS NOT NULL AS was_confirmed
      FROM orders o JOIN order_extras x ON x.order_id = o.id
      LEFT JOIN (SELECT DISTINCT subject FROM ev.outbox_events
                 WHERE type = 'quenty.order.OrderConfirmed') confirmed ON confirmed.subject = o.order_number
      WHERE x.origin_country <> x.destination_country) o
FULL JOIN (SELECT m.order_number, count(*) AS manifests FROM manifest_orders m
           WHERE m.order_number IS NOT NULL GROUP BY m.order_number) m ON m.order_number = o.order_number
WHERE o.was_confirmed::integer IS DISTINCT FROM coalesce(m.manifests, 0)
