-- Dead letters by their number, and what has become of each: those that are wanted, behind a number, at
-- most so many. One that was sent again but whose sending was not noted as done is unfinished, and open.
-- in: seq int8, group_name text, topic text, partition int4, record_offset int8, cause text
-- in: is_open bool, after int8, rows_max int4
-- out: seq int8, group_name text, topic text, partition int4, record_offset int8, reason text
-- out: detail text, created_at timestamptz, value_bytes int4?, state text
SELECT d.seq, d.group_name, d.topic, d.partition, d."offset" AS record_offset, d.reason, d.detail,
       d.created_at, octet_length(d.value) AS value_bytes, state.name AS state
FROM ev.dead_letter d
CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(i.action = 'dlq redriven') THEN 'redriven'
                WHEN bool_or(i.action = 'dlq drop') THEN 'dropped'
                WHEN bool_or(i.action = 'dlq redrive') THEN 'unfinished'
                ELSE 'open' END AS name
    FROM ev.intervention i WHERE i.dead_letter = d.seq) state
WHERE ($1 IS NULL OR d.seq = $1) AND ($2 IS NULL OR d.group_name = $2) AND ($3 IS NULL OR d.topic = $3)
  AND ($4 IS NULL OR d.partition = $4) AND ($5 IS NULL OR d."offset" = $5)
  AND ($6 IS NULL OR d.reason = $6)
  AND ($7 IS NULL OR (state.name IN ('open', 'unfinished')) = $7)
  AND d.seq > $8
ORDER BY d.seq
LIMIT $9
