-- What the relay has yet to publish, of facts and of dead letters; holes in the numbers are no rows.
-- out: name text, published_seq int8, backlog int8, oldest_at timestamptz?, moved_at timestamptz
SELECT p.name, p.seq AS published_seq, behind.backlog, behind.oldest_at, p.updated_at AS moved_at
FROM ev.relay_position p
CROSS JOIN LATERAL (
    SELECT count(*) AS backlog, min(o.recorded_at) AS oldest_at
    FROM ev.outbox o WHERE p.name = 'outbox' AND o.seq > p.seq
    HAVING p.name = 'outbox'
    UNION ALL
    SELECT count(*), min(d.created_at)
    FROM ev.dead_letter d WHERE p.name = 'dead_letter' AND d.seq > p.seq
    HAVING p.name = 'dead_letter'
) behind
ORDER BY p.name DESC
