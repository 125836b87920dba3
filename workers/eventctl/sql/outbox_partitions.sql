-- The partitions of the outbox, those that a drop has detached and not removed included, and why each stays.
-- out: partition text, lower_seq int8, upper_seq int8, state text, refusal text?
SELECT p.partition, p.lower_seq, p.upper_seq, p.state, p.refusal
FROM ops.outbox_drop p
ORDER BY p.lower_seq
