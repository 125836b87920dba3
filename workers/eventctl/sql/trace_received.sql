-- When this event of another system was taken: the start of the transaction that applied it.
-- in: event_id text, source text
-- out: received_at timestamptz
SELECT i.received_at
FROM ev.inbox i
WHERE i.event_id = $1 AND i.source = $2
