-- Locks the lanes of records: their owner commits nothing meanwhile, so that no record is put behind
-- one that is just about to go.
-- in: groups text[], topics text[], partitions int4[]
-- out: partition int4
SELECT o.partition
FROM unnest($1, $2, $3) AS w (group_name, topic, partition)
JOIN ev.consumer_offset o
  ON o.group_name = w.group_name AND o.topic = w.topic AND o.partition = w.partition
ORDER BY o.group_name, o.topic, o.partition
FOR UPDATE OF o
