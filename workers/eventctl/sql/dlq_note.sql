-- Notes what is done about a dead letter, and why, unless it was settled before; answers with it.
-- in: seq int8, action text, client text, reason text, detail text
-- out: seq int8
WITH noted AS (
    INSERT INTO ev.intervention
        (client, action, group_name, topic, partition, "offset", dead_letter, reason, detail)
    SELECT $3, $2, d.group_name, d.topic, d.partition, d."offset", d.seq, $4, $5
    FROM ev.dead_letter d
    WHERE d.seq = $1
      AND NOT EXISTS (SELECT FROM ev.intervention i
                      WHERE i.dead_letter = d.seq AND i.action IN ('dlq drop', 'dlq redriven'))
    RETURNING dead_letter
)
SELECT n.dead_letter AS seq FROM noted n
