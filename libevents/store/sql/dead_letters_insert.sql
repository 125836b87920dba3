-- Records that can never be applied, whole.
-- in: group_name text, topics text[], partitions int4[], offsets int8[], keys bytea[]
-- in: headers bytea[], record_values bytea[], reasons text[], details text[]
INSERT INTO ev.dead_letter
    (group_name, topic, partition, "offset", key, headers, value, reason, detail)
SELECT $1, w.topic, w.partition, w."offset", w.key, w.headers, w.value, w.reason, w.detail
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY
    AS w (topic, partition, "offset", key, headers, value, reason, detail, position)
ORDER BY w.position
