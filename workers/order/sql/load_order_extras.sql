-- What was asked for with some orders, and what is under way with them; read behind their locks.
-- in: order_numbers text[]
-- out: order_id int4, origin_country varchar, destination_country varchar, placed_at timestamptz
-- out: placed_event_id text, confirmation varchar, reservation_ttl_s int4, backorder bool
-- out: preferred_location varchar?, cancel_requested_at timestamptz?, cancel_reason text?
-- out: expires_at timestamptz?
SELECT e.order_id, e.origin_country, e.destination_country, e.placed_at, e.placed_event_id,
       e.confirmation, e.reservation_ttl_s, e.backorder, e.preferred_location,
       e.cancel_requested_at, e.cancel_reason, e.expires_at
FROM public.orders o
JOIN public.order_extras e ON e.order_id = o.id
WHERE o.order_number = ANY ($1)
