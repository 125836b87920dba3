-- Every cancellation that shipping was asked about is answered: the order is cancelled, or the question
-- is taken back.
SELECT o.order_number, o.status, x.cancel_requested_at, x.cancel_reason
FROM orders o
JOIN order_extras x ON x.order_id = o.id
WHERE x.cancel_requested_at IS NOT NULL AND o.status <> 'cancelled'
