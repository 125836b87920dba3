-- Looks up which facts stand at these numbers.
-- in: seqs int8[]
-- out: seq int8, source_id int2, event_id uuid
SELECT o.seq, o.source_id, o.event_id FROM ev.outbox o WHERE o.seq = ANY ($1)
