-- The relay has published every fact and every dead letter.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT p.name, p.seq AS position, o.seq
    FROM ev.relay_position p
    CROSS JOIN LATERAL (
        SELECT seq FROM ev.outbox WHERE p.name = 'outbox'
        UNION ALL
        SELECT seq FROM ev.dead_letter WHERE p.name = 'dead_letter'
    ) o
    WHERE o.seq > p.seq
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
