-- Puts a dead fact back to where its lane's owner tries it, at its old place, and notes both that and
-- why, unless it was settled before or stands there; answers with it. Facts are the relay's to publish,
-- and a reader's marks have passed it, so that its topic is no way for it.
-- in: seq int8, client text, reason text
-- out: seq int8
WITH back AS (
    INSERT INTO ev.parked (group_name, topic, partition, "offset", key, headers, value, aggregate, reason,
                           detail, redrive)
    SELECT d.group_name, d.topic, d.partition, d."offset", d.key, d.headers, d.value, '', 'redriven',
           concat_ws(': ', 'dead letter ' || d.seq, d.reason, nullif(d.detail, '')), true
    FROM ev.dead_letter d
    WHERE d.seq = $1
      AND NOT EXISTS (SELECT FROM ev.intervention i
                      WHERE i.dead_letter = d.seq AND i.action IN ('dlq drop', 'dlq redriven'))
    ON CONFLICT DO NOTHING
    RETURNING group_name, topic, partition, "offset"
), noted AS (
    INSERT INTO ev.intervention
        (client, action, group_name, topic, partition, "offset", dead_letter, reason, detail)
    SELECT $2, a.action, b.group_name, b.topic, b.partition, b."offset", $1, $3, 'back into ev.parked'
    FROM back b
    CROSS JOIN (VALUES (1, 'dlq redrive'), (2, 'dlq redriven')) AS a (step, action)
    ORDER BY a.step
)
SELECT $1 AS seq FROM back
