-- Takes a position over: the new epoch shuts out whoever saved under an older one.
-- in: name text
-- out: seq int8, epoch int8
UPDATE ev.relay_position SET epoch = epoch + 1 WHERE name = $1 RETURNING seq, epoch
