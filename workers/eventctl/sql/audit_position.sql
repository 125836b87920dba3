-- Up to which number all facts of a database are on their topics, and every hole is explained.
-- out: seq int8
SELECT p.seq FROM ev.relay_position p WHERE p.name = 'outbox'
