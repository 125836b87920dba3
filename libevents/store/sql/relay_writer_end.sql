-- Ends the sessions of writers that were waited for long enough. A superuser's is left: we may not end
-- it. So is one whose commit waits for a synchronous standby: ending it would make its rows seen that the
-- standby does not have, and a failover would take facts back that are published. MATERIALIZED: see
-- relay_unseat.sql.
-- in: relation text, holders text[]
-- out: pid int4
WITH slow AS MATERIALIZED (
    SELECT DISTINCT a.pid
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
    WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
      AND l.relation = $1::regclass
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                        WHERE d.datname = pg_catalog.current_database())
      AND l.virtualtransaction = ANY ($2)
      AND a.wait_event IS DISTINCT FROM 'SyncRep'
      AND NOT r.rolsuper)
SELECT slow.pid FROM slow WHERE pg_catalog.pg_terminate_backend(slow.pid)
