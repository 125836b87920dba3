-- Moves marks; a source's first one on a lane is inserted.
-- in: group_name text, sources text[], topics text[], partitions int4[], last_sequences int8[]
INSERT INTO ev.inbox_mark (group_name, source, topic, partition, last_sequence)
SELECT $1, w.source, w.topic, w.partition, w.last_sequence
FROM unnest($2, $3, $4, $5) AS w (source, topic, partition, last_sequence)
ORDER BY w.source COLLATE "C", w.topic COLLATE "C", w.partition
ON CONFLICT (group_name, source, topic, partition)
DO UPDATE SET last_sequence = EXCLUDED.last_sequence
