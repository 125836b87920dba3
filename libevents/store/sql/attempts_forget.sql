-- Forgets the attempts at a lane's records before an offset.
-- in: group_name text, topic text, partition int4, next_offset int8
DELETE FROM ev.attempt a
WHERE a.group_name = $1 AND a.topic = $2 AND a.partition = $3 AND a."offset" < $4
