-- The note of the newest seal of facts up to this number.
-- in: last_seq int8
-- out: note text
SELECT s.note
FROM ev.seal s
WHERE s.last_seq <= $1
ORDER BY s.size DESC
LIMIT 1
