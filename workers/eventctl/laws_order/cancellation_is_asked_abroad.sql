-- Shipping is asked only about orders that go abroad, and only once they are confirmed.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.status, x.origin_country, x.destination_country, x.cancel_requested_at
    FROM public.orders o
    JOIN public.order_extras x ON x.order_id = o.id
    WHERE x.cancel_requested_at IS NOT NULL AND o.status <> 'cancelled'
      AND (o.status = 'pending' OR x.origin_country = x.destination_country)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
