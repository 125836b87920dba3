-- Forgets the attempts at records: they have not ended the process that had them in hand.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
DELETE FROM ev.attempt a
USING unnest($2, $3, $4) AS w (topic, partition, "offset")
WHERE a.group_name = $1 AND a.topic = w.topic AND a.partition = w.partition
  AND a."offset" = w."offset"
