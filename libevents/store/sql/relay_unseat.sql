-- Ends the session of a leader that was stopped while the server was writing to it: such a session
-- is not idle, so idle_session_timeout never ends it. MATERIALIZED, because a planner that is free to
-- choose the order of conditions may end sessions first and look at who they are afterwards.
-- in: lock int8, after_ms int4
-- out: pid int4
WITH stopped AS MATERIALIZED (
    SELECT a.pid
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                        WHERE d.datname = pg_catalog.current_database())
      AND l.classid = ($1 >> 32)::oid AND l.objid = ($1 & 4294967295)::oid
      AND a.wait_event = 'ClientWrite'
      AND a.query_start < pg_catalog.clock_timestamp() - $2 * interval '1 ms'
      AND NOT r.rolsuper)
SELECT stopped.pid FROM stopped WHERE pg_catalog.pg_terminate_backend(stopped.pid)
