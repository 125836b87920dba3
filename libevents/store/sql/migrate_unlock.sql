-- Lets the next migrator in.
-- in: key int8
-- out: was_locked bool
SELECT pg_catalog.pg_advisory_unlock($1) AS was_locked
