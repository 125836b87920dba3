-- Takes lanes over: from here on, every other process's expectation of the epoch fails. A takeover
-- counts as unclean until something is committed or the lane is released. Attempts at records that lie
-- behind the lane are those of ev.parked, and tell nothing of what it reads.
-- in: group_name text, topics text[], partitions int4[]
-- out: position int8, next_offset int8, owner_epoch int8, unclean int4, has_attempts bool
-- out: is_halted bool, fingerprint bytea?
UPDATE ev.consumer_offset o
SET owner_epoch = o.owner_epoch + 1, unclean = o.unclean + 1
FROM unnest($2, $3) WITH ORDINALITY AS w (topic, partition, position)
WHERE o.group_name = $1 AND o.topic = w.topic AND o.partition = w.partition
RETURNING w.position, o.next_offset, o.owner_epoch, o.unclean,
          EXISTS (SELECT FROM ev.attempt a
                  WHERE a.group_name = $1 AND a.topic = o.topic AND a.partition = o.partition
                    AND a."offset" >= o.next_offset)
              AS has_attempts,
          o.halted_reason IS NOT NULL AS is_halted, o.fingerprint
