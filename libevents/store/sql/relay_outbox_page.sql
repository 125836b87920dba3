-- Reads facts behind a position, in order: up to a number of rows, and no further row once the
-- payloads before it have that many bytes. Asking for the size of a payload does not fetch it.
-- in: after int8, rows_max int4, bytes_max int8
-- out: seq int8, source_id int2, event_id uuid, topic int2, type int2, key text, subject text
-- out: schema_id int4, payload bytea, correlation_id text?, causation_id text?
-- out: causation_source text?, outcome int2?, traceparent text?, tracestate text?
-- out: recorded_at timestamptz
SELECT page.seq, page.source_id, page.event_id, page.topic, page.type, page.key, page.subject,
       page.schema_id, page.payload, page.correlation_id, page.causation_id, page.causation_source,
       page.outcome, page.traceparent, page.tracestate, page.recorded_at
FROM (SELECT o.*, sum(octet_length(o.payload)) OVER (ORDER BY o.seq ROWS UNBOUNDED PRECEDING)
                      - octet_length(o.payload) AS bytes_before
      FROM ev.outbox o
      WHERE o.seq > $1
      ORDER BY o.seq
      LIMIT $2) page
WHERE page.bytes_before < $3
ORDER BY page.seq
