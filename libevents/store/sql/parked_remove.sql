-- Ends the wait of records that were decided. One that is gone already was decided by somebody else:
-- the division fails then, before the COMMIT behind it could make the record's effect twice.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
-- out: removed int8
WITH removed AS (
    DELETE FROM ev.parked p
    USING unnest($2, $3, $4) AS w (topic, partition, "offset")
    WHERE p.group_name = $1 AND p.topic = w.topic AND p.partition = w.partition
      AND p."offset" = w."offset"
    RETURNING 1
)
SELECT count(*) / (count(*) = cardinality($4))::int4 AS removed FROM removed
