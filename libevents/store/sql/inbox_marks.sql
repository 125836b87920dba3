-- How far the facts of sources were seen, for the lanes of a batch. The lanes are ours and locked, so
-- that nobody else writes these rows.
-- in: group_name text, sources text[], topics text[], partitions int4[]
-- out: position int8, last_sequence int8
SELECT w.position, m.last_sequence
FROM unnest($2, $3, $4) WITH ORDINALITY AS w (source, topic, partition, position)
JOIN ev.inbox_mark m
  ON m.group_name = $1 AND m.source = w.source AND m.topic = w.topic
 AND m.partition = w.partition
