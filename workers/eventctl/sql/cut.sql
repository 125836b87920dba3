-- How far a database is: its last fact, up to where facts are published, and how many numbers in between
-- have neither a row nor an explanation yet. Where these are none, the snapshot holds every fact up to the
-- last one and nothing of what comes later. It must be read in the transaction that reads the rest.
-- out: last_sequence int8, published int8, missing int8
WITH published AS (SELECT coalesce(max(seq), 0) AS seq FROM ev.relay_position WHERE name = 'outbox'),
newest AS (SELECT greatest(p.seq, (SELECT max(seq) FROM ev.outbox)) AS seq FROM published p)
SELECT n.seq AS last_sequence, p.seq AS published,
       n.seq - p.seq - (SELECT count(*) FROM ev.outbox o WHERE o.seq > p.seq)
       - (SELECT coalesce(sum(least(g.to_seq, n.seq) - greatest(g.from_seq, p.seq + 1) + 1), 0)::bigint
          FROM ev.outbox_gap g
          WHERE g.name = 'outbox' AND g.to_seq > p.seq AND g.from_seq <= n.seq) AS missing
FROM newest n, published p
