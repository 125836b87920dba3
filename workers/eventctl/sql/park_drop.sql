-- Moves parked records to the dead letters, and says why; answers with those that stood there. The claim
-- of an event goes too, if it was made when the record was set aside, for the event has had no effect;
-- so do attempts at it. (Facts make no claims.) The first that stays of an aggregate is asked for where it was only held behind
-- one that goes. The dead letters come last: their numbers are held for as short as can be.
-- in: groups text[], topics text[], partitions int4[], offsets int8[], client text, reason text
-- out: position int8, seq int8
WITH removed AS (
    DELETE FROM ev.parked p
    USING unnest($1, $2, $3, $4) WITH ORDINALITY AS w (group_name, topic, partition, "offset", position)
    WHERE p.group_name = w.group_name AND p.topic = w.topic AND p.partition = w.partition
      AND p."offset" = w."offset" AND p.deadline IS NULL
    RETURNING w.position, p.*
), forgotten AS (
    DELETE FROM ev.attempt a USING removed r
    WHERE a.group_name = r.group_name AND a.topic = r.topic AND a.partition = r.partition
      AND a."offset" = r."offset"
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
), followed AS (
    UPDATE ev.parked n SET redrive = true
    FROM (SELECT DISTINCT r.group_name, r.topic, r.partition, r.aggregate FROM removed r) lane
    CROSS JOIN LATERAL (
        SELECT b."offset" FROM ev.parked b
        WHERE b.aggregate = lane.aggregate AND b.group_name = lane.group_name AND b.topic = lane.topic
          AND b.partition = lane.partition AND b.deadline IS NULL
          AND NOT EXISTS (SELECT FROM removed r
                          WHERE r.group_name = b.group_name AND r.topic = b.topic
                            AND r.partition = b.partition AND r."offset" = b."offset")
        ORDER BY b."offset"
        LIMIT 1) first
    WHERE n.group_name = lane.group_name AND n.topic = lane.topic AND n.partition = lane.partition
      AND n."offset" = first."offset" AND n.reason = 'held'
), letter AS (
    INSERT INTO ev.dead_letter
        (group_name, topic, partition, "offset", key, headers, value, reason, detail)
    SELECT r.group_name, r.topic, r.partition, r."offset", r.key, r.headers, r.value, 'poison',
           concat_ws(': ', 'given up by an operator', r.reason, nullif(r.detail, ''))
    FROM removed r ORDER BY r.position
    RETURNING seq, group_name, topic, partition, "offset"
), settled AS (
    SELECT r.position, l.seq, r.group_name, r.topic, r.partition, r."offset", r.aggregate, r.reason,
           r.detail
    FROM letter l
    JOIN removed r USING (group_name, topic, partition, "offset")
), noted AS (
    INSERT INTO ev.intervention
        (client, action, group_name, topic, partition, "offset", aggregate, dead_letter, reason, detail)
    SELECT $5, 'park drop', s.group_name, s.topic, s.partition, s."offset", s.aggregate, s.seq, $6,
           concat_ws(': ', s.reason, nullif(s.detail, ''))
    FROM settled s ORDER BY s.position
)
SELECT s.position, s.seq FROM settled s ORDER BY s.position
