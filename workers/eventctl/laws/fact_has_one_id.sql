-- No two facts share an id.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT event_id, count(*), array_agg(seq ORDER BY seq) AS seqs
    FROM ev.outbox
    GROUP BY event_id
    HAVING count(*) > 1
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
