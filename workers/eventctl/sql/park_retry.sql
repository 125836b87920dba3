-- Asks for parked records to be tried again, and says why; answers with those that stand there.
-- in: groups text[], topics text[], partitions int4[], offsets int8[], client text, reason text
-- out: position int8
WITH asked AS (
    UPDATE ev.parked p SET redrive = true
    FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS w (group_name, topic, partition, "offset", position)
    WHERE p.group_name = w.group_name AND p.topic = w.topic AND p.partition = w.partition
      AND p."offset" = w."offset" AND p.deadline IS NULL
    RETURNING w.position, p.group_name, p.topic, p.partition, p."offset", p.aggregate, p.reason, p.detail
), noted AS (
    INSERT INTO ev.intervention
        (client, action, group_name, topic, partition, "offset", aggregate, reason, detail)
    SELECT $5, 'park retry', a.group_name, a.topic, a.partition, a."offset", a.aggregate, $6,
           concat_ws(': ', a.reason, nullif(a.detail, ''))
    FROM asked a ORDER BY a.position
)
SELECT a.position FROM asked a ORDER BY a.position
