-- Who leads the relays of this database: the session that holds their lock.
-- in: lock int8
-- out: pid int4, application text, since timestamptz?
SELECT a.pid, coalesce(a.application_name, '') AS application, a.backend_start AS since
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.classid = ($1 >> 32)::oid AND l.objid = ($1 & 4294967295)::oid
