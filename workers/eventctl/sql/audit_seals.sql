-- Seals behind a size, in order, and whether they are known to be on their topic.
-- in: after_size int8, rows_max int4
-- out: size int8, previous_size int8, last_seq int8, root bytea, frontier bytea, note text
-- out: is_published bool
SELECT s.size, s.previous_size, s.last_seq, s.root, s.frontier, s.note,
       p.size IS NOT NULL AS is_published
FROM ev.seal s
LEFT JOIN ev.seal_publication p ON p.size = s.size
WHERE s.size > $1
ORDER BY s.size
LIMIT $2
