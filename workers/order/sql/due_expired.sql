-- Orders whose time limit has passed while they were pending. Only reservations that are open have a
-- limit, so the search costs as much as there is to do, however many orders expired before. Who holds
-- an order's row is about to confirm or to cancel it: it is passed over, and looked at again the next
-- time.
-- in: max int4
-- out: key text
SELECT o.order_number::text AS key
FROM public.orders o
WHERE o.id IN (SELECT r.order_id FROM public.stock_reservations r
               WHERE r.expires_at <= now() AND r.status = 'open')
  AND o.status = 'pending'
ORDER BY o.id
LIMIT $1
FOR NO KEY UPDATE OF o SKIP LOCKED
