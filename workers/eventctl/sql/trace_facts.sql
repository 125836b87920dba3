-- Facts about these aggregates, facts that these events caused, and these facts themselves. It reads the
-- outbox through, which has no index but its number: one that only people use would cost every commit.
-- in: subjects text[], causes text[], ids uuid[], rows_max int4
-- out: seq int8, source text, event_id uuid, topic text, type text, key text, subject text
-- out: schema_id int4, payload bytea, correlation_id text?, causation_id text?, causation_source text?
-- out: outcome text?, recorded_at timestamptz, published bool
SELECT e.seq, e.source, e.event_id, e.topic, e.type, e.key, e.subject, e.schema_id, e.payload,
       e.correlation_id, e.causation_id, e.causation_source, e.outcome, e.recorded_at,
       e.seq <= p.seq AS published
FROM ev.outbox_events e
JOIN ev.relay_position p ON p.name = 'outbox'
WHERE e.subject = ANY ($1) OR e.causation_id = ANY ($2) OR e.event_id = ANY ($3)
ORDER BY e.seq
LIMIT $4
