-- Records that lie aside, by place: those that are wanted, behind a place, at most so many.
-- in: group_name text, topic text, partition int4, record_offset int8, aggregate text, cause text
-- in: is_waiting bool, after_group text, after_topic text, after_partition int4, after_offset int8
-- in: rows_max int4
-- out: group_name text, topic text, partition int4, record_offset int8, aggregate text, reason text
-- out: detail text, attempts int4, parked_at timestamptz, deadline timestamptz?, redrive bool
-- out: value_bytes int4?
SELECT p.group_name, p.topic, p.partition, p."offset" AS record_offset, p.aggregate, p.reason, p.detail,
       p.attempts, p.parked_at, p.deadline, p.redrive, octet_length(p.value) AS value_bytes
FROM ev.parked p
WHERE ($1 IS NULL OR p.group_name = $1) AND ($2 IS NULL OR p.topic = $2)
  AND ($3 IS NULL OR p.partition = $3) AND ($4 IS NULL OR p."offset" = $4)
  AND ($5 IS NULL OR p.aggregate = $5) AND ($6 IS NULL OR p.reason = $6)
  AND ($7 IS NULL OR (p.deadline IS NOT NULL) = $7)
  AND ($8 IS NULL OR (p.group_name, p.topic, p.partition, p."offset") > ($8, $9, $10, $11))
ORDER BY p.group_name, p.topic, p.partition, p."offset"
LIMIT $12
