-- Every lane goes on.
SELECT group_name, topic, partition, next_offset, halted_reason
FROM ev.consumer_offset
WHERE halted_reason IS NOT NULL
