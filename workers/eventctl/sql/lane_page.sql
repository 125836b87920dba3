-- Lanes that stand still: those that are wanted.
-- in: group_name text, topic text, partition int4, rows_max int4
-- out: group_name text, topic text, partition int4, next_offset int8, halted_reason text
-- out: halted_at timestamptz
SELECT o.group_name, o.topic, o.partition, o.next_offset, o.halted_reason, o.halted_at
FROM ev.consumer_offset o
WHERE o.halted_reason IS NOT NULL AND ($1 IS NULL OR o.group_name = $1) AND ($2 IS NULL OR o.topic = $2)
  AND ($3 IS NULL OR o.partition = $3)
ORDER BY o.group_name, o.topic, o.partition
LIMIT $4
