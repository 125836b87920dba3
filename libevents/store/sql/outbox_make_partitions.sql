-- Makes partitions ahead of the last number given.
-- in: ahead int4
-- out: made int4
SELECT ev.make_outbox_partitions($1) AS made
