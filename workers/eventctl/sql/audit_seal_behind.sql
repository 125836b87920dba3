-- The first seal that has all facts in front of a number, in the columns of audit_seals.sql.
-- in: seq int8
-- out: size int8, previous_size int8, last_seq int8, root bytea, frontier bytea, note text
-- out: is_published bool
SELECT s.size, s.previous_size, s.last_seq, s.root, s.frontier, s.note,
       EXISTS (SELECT FROM ev.seal_publication p WHERE p.size = s.size) AS is_published
FROM ev.seal s
WHERE s.last_seq >= $1 - 1
ORDER BY s.size
LIMIT 1
