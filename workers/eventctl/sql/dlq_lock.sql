-- One at a time sends dead letters of this database again; the lock goes with the session.
-- in: lock int8
-- out: is_ours bool
SELECT pg_catalog.pg_try_advisory_lock($1) AS is_ours
