-- Ends the session of a leader that was stopped while the server was writing to it: such a session
-- is not idle, so idle_session_timeout never ends it.
-- in: lock int8, after_ms int4
-- out: pid int4
SELECT a.pid
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.classid = ($1 >> 32)::oid AND l.objid = ($1 & 4294967295)::oid
  AND a.wait_event = 'ClientWrite'
  AND a.query_start < pg_catalog.clock_timestamp() - $2 * interval '1 ms'
  AND pg_catalog.pg_terminate_backend(a.pid)
