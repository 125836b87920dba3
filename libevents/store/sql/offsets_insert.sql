-- Rows for lanes that have none: they begin at the beginning (-2, the column's default).
-- in: group_name text, topics text[], partitions int4[]
INSERT INTO ev.consumer_offset (group_name, topic, partition)
SELECT $1, w.topic, w.partition
FROM unnest($2, $3) AS w (topic, partition)
ORDER BY w.topic COLLATE "C", w.partition
ON CONFLICT DO NOTHING
