-- One record that lies aside, whole.
-- in: group_name text, topic text, partition int4, record_offset int8
-- out: key bytea?, headers bytea, record_value bytea?
SELECT p.key, p.headers, p.value AS record_value
FROM ev.parked p
WHERE p.group_name = $1 AND p.topic = $2 AND p.partition = $3 AND p."offset" = $4
