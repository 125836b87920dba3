-- The first statement of a batch: moves every lane from the offset its owner expects to the one behind
-- the batch. Fewer lanes than asked for means that we were fenced. The rows are locked first, in one
-- order; what is expected is looked at again after a lock was waited for. A lane that does not move (its
-- records come from ev.parked) stays as suspect as it was: what kills its readers lies there still.
-- in: group_name text, topics text[], partitions int4[], expected int8[], epochs int8[]
-- in: next_offsets int8[], fingerprints bytea[]
-- out: lanes int8, now timestamptz
WITH mine AS MATERIALIZED (
    SELECT o.topic, o.partition, w.next_offset, w.fingerprint
    FROM unnest($2, $3, $4, $5, $6, $7)
        AS w (topic, partition, expected, epoch, next_offset, fingerprint)
    JOIN ev.consumer_offset o
      ON o.group_name = $1 AND o.topic = w.topic AND o.partition = w.partition
    WHERE o.next_offset = w.expected AND o.owner_epoch = w.epoch AND o.halted_reason IS NULL
    ORDER BY o.topic, o.partition
    FOR UPDATE OF o
), moved AS (
    UPDATE ev.consumer_offset o
    SET next_offset = mine.next_offset, fingerprint = mine.fingerprint,
        unclean = CASE WHEN mine.next_offset = o.next_offset THEN o.unclean ELSE 0 END
    FROM mine
    WHERE o.group_name = $1 AND o.topic = mine.topic AND o.partition = mine.partition
    RETURNING 1
)
SELECT count(*) AS lanes, pg_catalog.transaction_timestamp() AS now FROM moved
