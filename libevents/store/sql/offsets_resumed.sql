-- How many of these lanes are not halted (any more).
-- in: group_name text, topics text[], partitions int4[]
-- out: lanes int8
SELECT count(*) AS lanes
FROM unnest($2, $3) AS w (topic, partition)
JOIN ev.consumer_offset o
  ON o.group_name = $1 AND o.topic = w.topic AND o.partition = w.partition
WHERE o.halted_reason IS NULL
