-- Which of these sources the database knows, and what stands at the number of the last exported fact; no
-- fact where its partition was dropped.
-- in: sources text[], seq int8
-- out: known int8, event_id uuid?
SELECT (SELECT count(*) FROM ev.source s WHERE s.uri = ANY ($1)) AS known,
       (SELECT o.event_id FROM ev.outbox o WHERE o.seq = $2) AS event_id
