-- What persons did about a record, the first first.
-- in: group_name text, topic text, partition int4, record_offset int8, rows_max int4
-- out: acted_at timestamptz, actor text, client text, action text, reason text, detail text
SELECT i.acted_at, i.actor, i.client, i.action, i.reason, i.detail
FROM ev.intervention i
WHERE i.group_name = $1 AND i.topic = $2 AND i.partition = $3 AND i."offset" = $4
ORDER BY i.seq
LIMIT $5
