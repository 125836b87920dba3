-- Locks records that are to be tried again, in one order. One that is not named in the answer is gone,
-- or somebody has it in hand: a person removes it, say. It is not ours to decide then.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
-- out: position int8
SELECT w.position
FROM unnest($2, $3, $4) WITH ORDINALITY AS w (topic, partition, "offset", position)
JOIN ev.parked p
  ON p.group_name = $1 AND p.topic = w.topic AND p.partition = w.partition
 AND p."offset" = w."offset"
ORDER BY p.topic, p.partition, p."offset"
FOR UPDATE OF p SKIP LOCKED
