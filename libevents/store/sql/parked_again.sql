-- Parks records of ev.parked for a person, with what was found now; they keep their place and the time
-- at which they were set aside first.
-- in: group_name text, topics text[], partitions int4[], offsets int8[], reasons text[], details text[]
UPDATE ev.parked p
SET reason = w.reason, detail = w.detail, attempts = p.attempts + 1, deadline = NULL, redrive = false
FROM unnest($2, $3, $4, $5, $6) AS w (topic, partition, "offset", reason, detail)
WHERE p.group_name = $1 AND p.topic = w.topic AND p.partition = w.partition
  AND p."offset" = w."offset"
