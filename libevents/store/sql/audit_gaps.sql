-- Reads gaps in order, from the last one that begins at or before a number.
-- in: name text, from_seq int8, rows_max int4
-- out: from_seq int8, to_seq int8
SELECT g.from_seq, g.to_seq
FROM ev.outbox_gap g
WHERE g.name = $1
  AND g.from_seq >= coalesce((SELECT max(b.from_seq) FROM ev.outbox_gap b
                              WHERE b.name = $1 AND b.from_seq <= $2), $2)
ORDER BY g.from_seq
LIMIT $3
