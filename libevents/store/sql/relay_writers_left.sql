-- Which of these writers have not ended.
-- in: relation text, holders text[]
-- out: holder text
SELECT DISTINCT l.virtualtransaction AS holder
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
  AND l.relation = $1::regclass
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.virtualtransaction = ANY ($2)
