-- One more time that records are taken in hand, committed before they are; says how often it is now.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
-- out: tries int4
INSERT INTO ev.attempt AS a (group_name, topic, partition, "offset")
SELECT $1, w.topic, w.partition, w."offset"
FROM unnest($2, $3, $4) AS w (topic, partition, "offset")
ORDER BY w.topic COLLATE "C", w.partition, w."offset"
ON CONFLICT (group_name, topic, partition, "offset") DO UPDATE SET tries = a.tries + 1
RETURNING a.tries
