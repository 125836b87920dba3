-- Keeps the server busy.
-- in: seconds numeric
-- out: done bool
SELECT pg_sleep($1::float8) IS NOT NULL AS done
