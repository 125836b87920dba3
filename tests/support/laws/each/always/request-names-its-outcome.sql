-- What is known as accepted names the fact that said so, and the event that asked.
SELECT r.natural_key, r.type, r.event_id, r.outcome_type, o.type AS found_type, o.outcome
FROM ev.request r
LEFT JOIN ev.outbox_events o ON o.event_id = r.outcome_event_id
WHERE o.type IS DISTINCT FROM r.outcome_type
   OR o.outcome IS DISTINCT FROM 'accepted'
   OR o.causation_id IS DISTINCT FROM r.event_id
