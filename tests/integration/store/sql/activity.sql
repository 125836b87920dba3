-- What a session is doing: its state and, while it waits, for what.
-- in: pid int4
-- out: state text?, waits_for text?
SELECT state, wait_event AS waits_for FROM pg_stat_activity WHERE pid = $1
