-- Ends another session.
-- in: pid int4
-- out: done bool
SELECT pg_terminate_backend($1, 10000) AS done
