-- The first number whose fact was recorded at this time or later. Numbers do not follow the times of their
-- transactions exactly, but each time has one such number, so ranges that meet at a time have no fact twice.
-- in: at timestamptz
-- out: seq int8
SELECT o.seq FROM ev.outbox o WHERE o.recorded_at >= $1 ORDER BY o.seq LIMIT 1
