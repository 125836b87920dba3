-- How many facts stand before that of an event. It reads the outbox through.
-- in: event_id uuid
-- out: index int8
SELECT (SELECT count(*) FROM ev.outbox before WHERE before.seq < o.seq) AS index
FROM ev.outbox o
WHERE o.event_id = $1
ORDER BY o.seq
LIMIT 1
