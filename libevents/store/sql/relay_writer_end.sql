-- Ends the sessions of writers that were waited for long enough.
-- in: relation text, holders text[]
-- out: pid int4
SELECT l.pid
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
  AND l.relation = $1::regclass
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.virtualtransaction = ANY ($2)
  AND pg_catalog.pg_terminate_backend(l.pid)
