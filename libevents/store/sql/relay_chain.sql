-- Reads the last seq of each source, topic and partition up to the saved position.
-- in: name text
-- out: source_id int2, topic text, partition int4, seq int8
SELECT source.key::smallint AS source_id, topic.key AS topic,
       (last.place - 1)::integer AS partition, last.seq::bigint AS seq
FROM ev.relay_position position
CROSS JOIN LATERAL jsonb_each(position.chain -> 'last') source
CROSS JOIN LATERAL jsonb_each(source.value) topic
CROSS JOIN LATERAL jsonb_array_elements_text(topic.value) WITH ORDINALITY last (seq, place)
WHERE position.name = $1 AND last.seq IS NOT NULL
