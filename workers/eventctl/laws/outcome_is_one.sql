-- No event has two outcomes, and no outcome is without the event that it answers.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT causation_source, causation_id, count(*) AS outcomes, array_agg(type ORDER BY seq) AS types
    FROM ev.outbox_events
    WHERE outcome IS NOT NULL
    GROUP BY causation_source, causation_id
    HAVING count(*) > 1 OR causation_id IS NULL
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
