-- The largest number that has been seen: all below it have been drawn.
-- out: seq int8
SELECT coalesce(max(d.seq), 0) AS seq FROM ev.dead_letter d
