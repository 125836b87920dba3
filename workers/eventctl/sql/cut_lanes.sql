-- Where the lanes of a group stand.
-- in: group_name text
-- out: topic text, partition int4, next_offset int8
SELECT o.topic, o.partition, o.next_offset
FROM ev.consumer_offset o
WHERE o.group_name = $1
