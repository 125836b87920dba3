-- What is known as accepted names the fact that said so, and the event that asked.
-- (Without its fact it is left out once partitions of the outbox were dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT r.natural_key, r.type, r.event_id, r.outcome_type, o.type AS found_type, o.outcome
    FROM ev.request r
    LEFT JOIN ev.outbox_events o ON o.event_id = r.outcome_event_id
    WHERE (o.type IS DISTINCT FROM r.outcome_type
       OR o.outcome IS DISTINCT FROM 'accepted'
       OR o.causation_id IS DISTINCT FROM r.event_id)
      AND (o.type IS NOT NULL OR (SELECT min(p.lower_seq) FROM ev.outbox_partition p) = 1)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
