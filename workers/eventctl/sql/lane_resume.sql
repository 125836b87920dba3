-- Lets a halted lane go on, at an offset, and says why. Nothing, if it is not halted where and for what it was
-- when a person looked. The fingerprint goes where it would halt the lane again: where the lane moves, and
-- where the log is another one. A lane that goes back will find new records at the places of old ones: what
-- lies in ev.parked from there becomes dead letters, to be sent again, and its claims go with it as in
-- park_drop.sql; attempts are forgotten.
-- in: group_name text, topic text, partition int4, expected int8, next_offset int8, client text
-- in: reason text, detail text, halted_reason text, is_other_log bool
-- out: partition int4, letters int8
WITH resumed AS (
    UPDATE ev.consumer_offset o
    SET next_offset = $5, halted_reason = NULL, halted_at = NULL, unclean = 0,
        fingerprint = CASE WHEN o.next_offset = $5 AND NOT $10 THEN o.fingerprint END
    WHERE o.group_name = $1 AND o.topic = $2 AND o.partition = $3 AND o.next_offset = $4
      AND o.halted_reason = $9
    RETURNING o.partition, $5 < $4 AS goes_back
), removed AS (
    DELETE FROM ev.parked p USING resumed r
    WHERE r.goes_back AND p.group_name = $1 AND p.topic = $2 AND p.partition = r.partition
      AND p."offset" >= $5
    RETURNING p.*
), forgotten AS (
    DELETE FROM ev.attempt a USING resumed r
    WHERE r.goes_back AND a.group_name = $1 AND a.topic = $2 AND a.partition = r.partition
      AND a."offset" >= $5
), event AS (
    SELECT r.parked_at, convert_from(decode(id.value, 'escape'), 'UTF8') AS event_id,
           convert_from(decode(source.value, 'escape'), 'UTF8') AS source
    FROM removed r
    CROSS JOIN LATERAL (SELECT h.value FROM ev.headers(r.headers) h WHERE h.name = 'ce_id' LIMIT 1) id
    CROSS JOIN LATERAL (SELECT h.value FROM ev.headers(r.headers) h
                        WHERE h.name = 'ce_source' LIMIT 1) source
    WHERE r.topic LIKE '%.ingress.%'
), released_a AS (
    DELETE FROM ev.inbox_a i USING event e
    WHERE i.event_id = e.event_id AND i.source = e.source AND i.received_at <= e.parked_at
), released_b AS (
    DELETE FROM ev.inbox_b i USING event e
    WHERE i.event_id = e.event_id AND i.source = e.source AND i.received_at <= e.parked_at
), noted AS (
    INSERT INTO ev.intervention (client, action, group_name, topic, partition, "offset", reason, detail)
    SELECT $6, 'lane resume', $1, $2, r.partition, $4, $7, $8
    FROM resumed r
), letter AS (
    INSERT INTO ev.dead_letter
        (group_name, topic, partition, "offset", key, headers, value, reason, detail)
    SELECT r.group_name, r.topic, r.partition, r."offset", r.key, r.headers, r.value, 'poison',
           concat_ws(': ', 'its lane went back to read another log', r.reason, nullif(r.detail, ''))
    FROM removed r ORDER BY r."offset"
    RETURNING seq
)
SELECT r.partition, (SELECT count(*) FROM letter) AS letters FROM resumed r
