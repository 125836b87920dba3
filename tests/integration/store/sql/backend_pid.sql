-- The server process of this session.
-- out: pid int4
SELECT pg_backend_pid() AS pid
