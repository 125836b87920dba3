-- One more time that a record of a suspected lane is taken in hand; says how often it is now.
-- in: group_name text, topic text, partition int4, record_offset int8
-- out: tries int4
INSERT INTO ev.attempt AS a (group_name, topic, partition, "offset")
VALUES ($1, $2, $3, $4)
ON CONFLICT (group_name, topic, partition, "offset") DO UPDATE SET tries = a.tries + 1
RETURNING a.tries
