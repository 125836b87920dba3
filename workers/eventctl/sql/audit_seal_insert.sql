-- Adds a seal, unless somebody else has gone on from the same one meanwhile: then no row comes back.
-- in: size int8, previous_size int8, last_seq int8, root bytea, frontier bytea, note text
-- out: size int8
INSERT INTO ev.seal (size, previous_size, last_seq, root, frontier, note)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
RETURNING size
