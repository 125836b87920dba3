-- Notes one more attempt of records that go on waiting, and forgets that a person asked for it.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
UPDATE ev.parked p
SET attempts = p.attempts + 1, redrive = false
FROM unnest($2, $3, $4) AS w (topic, partition, "offset")
WHERE p.group_name = $1 AND p.topic = w.topic AND p.partition = w.partition
  AND p."offset" = w."offset"
