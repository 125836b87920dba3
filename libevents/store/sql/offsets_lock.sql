-- Locks lanes in one order, and waits for whoever is committing for them. A statement of its own, so
-- that the next one takes its snapshot when the locks are held.
-- in: group_name text, topics text[], partitions int4[]
-- out: partition int4
SELECT o.partition
FROM unnest($2, $3) AS w (topic, partition)
JOIN ev.consumer_offset o
  ON o.group_name = $1 AND o.topic = w.topic AND o.partition = w.partition
ORDER BY o.topic, o.partition
FOR UPDATE OF o
