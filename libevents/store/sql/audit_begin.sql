-- Where an audit of the outbox begins: at the lowest number whose partition is there, or at a later one
-- that is asked for, by number or by time (behind the position if no fact is as late); and where it ends,
-- at the relay's position. begin_at is when the first fact from there on was recorded.
-- in: since_seq int8, since_time timestamptz
-- out: lower_seq int8, begin_seq int8, begin_at timestamptz?, position_seq int8
SELECT span.lower_seq, greatest(span.lower_seq, $1, since.seq) AS begin_seq,
       (SELECT o.recorded_at FROM ev.outbox o
        WHERE o.seq >= greatest(span.lower_seq, $1, since.seq) ORDER BY o.seq LIMIT 1) AS begin_at,
       span.position_seq
FROM (SELECT coalesce((SELECT min(p.lower_seq) FROM ev.outbox_partition p), 1) AS lower_seq,
             r.seq AS position_seq
      FROM ev.relay_position r WHERE r.name = 'outbox') span
CROSS JOIN LATERAL (
    SELECT CASE WHEN $2 IS NOT NULL THEN coalesce((
        SELECT o.seq FROM ev.outbox o WHERE o.recorded_at >= $2 ORDER BY o.seq LIMIT 1),
        span.position_seq + 1) END AS seq) since
