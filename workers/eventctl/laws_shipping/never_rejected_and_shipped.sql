-- Nothing was picked up and rejected after it.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT s.subject AS unique_id, s.seq AS shipped, r.seq AS rejected
    FROM ev.outbox_events s
    JOIN ev.outbox_events r ON r.subject = s.subject AND r.seq > s.seq
    WHERE s.type = 'quenty.shipping.ManifestShipped' AND r.type = 'quenty.shipping.ManifestRejected'
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
