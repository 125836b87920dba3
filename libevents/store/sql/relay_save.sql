-- Saves a position and its chain. No row is changed when another relay has taken over since.
-- in: name text, epoch int8, seq int8, last jsonb
UPDATE ev.relay_position
SET seq = $3, chain = chain || jsonb_build_object('last', $4),
    updated_at = pg_catalog.clock_timestamp()
WHERE name = $1 AND epoch = $2 AND seq <= $3
