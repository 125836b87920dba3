-- The last fact of its own topics that a rebuilt database has, wherever it came from; 0: none.
-- in: topics text[]
-- out: last_sequence int8
SELECT coalesce(max(m.last_sequence), 0) AS last_sequence
FROM ev.inbox_mark m
WHERE m.group_name IN ('quenty-replay', 'quenty-replay-files') AND m.topic = ANY ($1)
