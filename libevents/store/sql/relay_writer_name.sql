-- Names the writers that are still waited for, the oldest first, for the log.
-- in: relation text, holders text[]
-- out: pid int4, application text, state text, open_ms int8
SELECT DISTINCT a.pid, coalesce(a.application_name, '') AS application,
       coalesce(a.state, '') AS state,
       coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) * 1000, 0)::bigint
           AS open_ms
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.relation = $1::regclass
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.virtualtransaction = ANY ($2)
ORDER BY open_ms DESC
