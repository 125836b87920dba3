-- Waits until no other migrator is at work in this database, and keeps the others out until the
-- session ends or unlocks.
-- in: key int8
-- out: is_locked bool
SELECT pg_catalog.pg_advisory_lock($1) IS NOT NULL AS is_locked
