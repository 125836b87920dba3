-- Records set aside, whole.
-- in: group_name text, topics text[], partitions int4[], offsets int8[], keys bytea[]
-- in: headers bytea[], record_values bytea[], subjects text[], aggregates text[], reasons text[]
-- in: details text[], attempts int4[], deadlines timestamptz[]
INSERT INTO ev.parked
    (group_name, topic, partition, "offset", key, headers, value, subject, aggregate, reason,
     detail, attempts, deadline)
SELECT $1, w.topic, w.partition, w."offset", w.key, w.headers, w.value, w.subject, w.aggregate,
       w.reason, w.detail, w.attempts, w.deadline
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    AS w (topic, partition, "offset", key, headers, value, subject, aggregate, reason, detail,
          attempts, deadline)
ORDER BY w.topic COLLATE "C", w.partition, w."offset"
