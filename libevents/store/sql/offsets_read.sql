-- Where lanes stand, locked: a transaction that is still committing for them is waited for.
-- in: group_name text, topics text[], partitions int4[]
-- out: position int8, next_offset int8, owner_epoch int8
SELECT w.position, o.next_offset, o.owner_epoch
FROM unnest($2, $3) WITH ORDINALITY AS w (topic, partition, position)
JOIN ev.consumer_offset o
  ON o.group_name = $1 AND o.topic = w.topic AND o.partition = w.partition
ORDER BY o.topic, o.partition
FOR UPDATE OF o
