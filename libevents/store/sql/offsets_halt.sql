-- Halts a lane that is still ours; the first reason stays.
-- in: group_name text, topic text, partition int4, epoch int8, reason text
UPDATE ev.consumer_offset o
SET halted_reason = $5, halted_at = CURRENT_TIMESTAMP
WHERE o.group_name = $1 AND o.topic = $2 AND o.partition = $3 AND o.owner_epoch = $4
  AND o.halted_reason IS NULL
