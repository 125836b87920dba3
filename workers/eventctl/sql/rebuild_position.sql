-- Up to which number all facts of a database are on their topics.
-- out: seq int8
SELECT p.seq FROM ev.relay_position p WHERE p.name = 'outbox'
