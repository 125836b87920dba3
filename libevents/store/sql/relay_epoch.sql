-- Reads the epoch of a position: shows whether we still lead, and keeps the session from being idle.
-- in: name text
-- out: epoch int8
SELECT epoch FROM ev.relay_position WHERE name = $1
