-- Every lane, and how far it is applied; a halted one says why.
-- out: group_name text, topic text, partition int4, next_offset int8, halted_reason text?
-- out: halted_at timestamptz?
SELECT o.group_name, o.topic, o.partition, o.next_offset, o.halted_reason, o.halted_at
FROM ev.consumer_offset o
ORDER BY o.group_name, o.topic, o.partition
