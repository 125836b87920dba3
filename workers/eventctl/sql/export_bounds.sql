-- From which number on there are partitions, and to which one everything is published. A shard's database
-- has one relay as any other.
-- out: first_seq int8, position int8
SELECT coalesce((SELECT min(p.lower_seq) FROM ev.outbox_partition p), 1) AS first_seq, r.seq AS position
FROM ev.relay_position r WHERE r.name = 'outbox'
