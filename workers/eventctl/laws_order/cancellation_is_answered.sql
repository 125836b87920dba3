-- Every cancellation that shipping was asked about is answered: the order is cancelled, or the question
-- is taken back.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.status, x.cancel_requested_at, x.cancel_reason
    FROM public.orders o
    JOIN public.order_extras x ON x.order_id = o.id
    WHERE x.cancel_requested_at IS NOT NULL AND o.status <> 'cancelled'
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
