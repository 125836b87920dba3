-- The largest number that has been seen: all below it have been drawn.
-- out: seq int8
SELECT coalesce((SELECT o.seq FROM ev.outbox o ORDER BY o.seq DESC LIMIT 1), 0) AS seq
