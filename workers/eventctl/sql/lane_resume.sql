-- Lets a halted lane go on, at an offset, and says why. What it last applied is not before that offset
-- any more where it moves. Nothing, if it is not halted where it was when a person looked.
-- in: group_name text, topic text, partition int4, expected int8, next_offset int8, client text
-- in: reason text
-- out: partition int4
WITH resumed AS (
    UPDATE ev.consumer_offset o
    SET next_offset = $5, halted_reason = NULL, halted_at = NULL, unclean = 0,
        fingerprint = CASE WHEN o.next_offset = $5 THEN o.fingerprint END
    WHERE o.group_name = $1 AND o.topic = $2 AND o.partition = $3 AND o.next_offset = $4
      AND o.halted_reason IS NOT NULL
    RETURNING o.partition
), noted AS (
    INSERT INTO ev.intervention (client, action, group_name, topic, partition, "offset", reason, detail)
    SELECT $6, 'lane resume', $1, $2, r.partition, $4, $7, 'goes on at ' || $5
    FROM resumed r
)
SELECT r.partition FROM resumed r
