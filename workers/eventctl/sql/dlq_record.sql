-- One dead letter, whole.
-- in: seq int8
-- out: key bytea?, headers bytea, record_value bytea?
SELECT d.key, d.headers, d.value AS record_value FROM ev.dead_letter d WHERE d.seq = $1
