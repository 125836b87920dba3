-- No two facts share an id.
SELECT event_id, count(*), array_agg(seq ORDER BY seq) AS seqs
FROM ev.outbox
GROUP BY event_id
HAVING count(*) > 1
