-- Of workers that begin at one time in one database, one after the other looks for lanes and leaves its
-- own: until the end of the transaction.
-- in: worker text
-- out: nothing text
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))::text AS nothing
