-- Who may have drawn a number and not ended: the transactions that have inserted into the table. Of
-- this database only, because databases made from one template share the tables' oids; by virtual
-- transaction, because a session goes on to its next one under the same pid.
-- in: relation text
-- out: holder text
SELECT DISTINCT l.virtualtransaction AS holder
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
  AND l.relation = $1::regclass
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
