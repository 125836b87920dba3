-- What kinds of facts there are in a range of numbers, both ends included: by topic, day, type and schema.
-- in: from_seq int8, to_seq int8
-- out: topic int2, type int2, schema_id int4, day date, last_seq int8
SELECT o.topic, o.type, o.schema_id, (o.recorded_at AT TIME ZONE 'UTC')::date AS day, max(o.seq) AS last_seq
FROM ev.outbox o
WHERE o.seq BETWEEN $1 AND $2
GROUP BY 1, 2, 3, 4
