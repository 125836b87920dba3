-- The number of an event's fact, and how many facts stand before it and behind another number. It reads the
-- outbox through.
-- in: event_id uuid, after int8
-- out: seq int8, count int8
SELECT o.seq, (SELECT count(*) FROM ev.outbox before WHERE before.seq > $2 AND before.seq < o.seq) AS count
FROM ev.outbox o
WHERE o.event_id = $1
ORDER BY o.seq
LIMIT 1
