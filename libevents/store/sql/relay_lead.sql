-- Tries to become the one relay of this database. The lock belongs to the session that reads, so who
-- loses the session loses the leadership with it.
-- in: lock int8
-- out: leads bool
SELECT pg_catalog.pg_try_advisory_lock($1) AS leads
