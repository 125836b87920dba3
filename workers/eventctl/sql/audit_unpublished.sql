-- Seals that are not known to be on their topic, the oldest first.
-- in: rows_max int4
-- out: size int8, note text
SELECT s.size, s.note
FROM ev.seal s
WHERE NOT EXISTS (SELECT FROM ev.seal_publication p WHERE p.size = s.size)
ORDER BY s.size
LIMIT $1
