-- Facts behind a number and up to another, in order, as relay_outbox_page.sql reads them; and the names that
-- stand for their numbers.
-- in: after int8, until int8, rows_max int4, bytes_max int8
-- out: seq int8, source_id int2, event_id uuid, topic int2, type int2, key text, subject text
-- out: schema_id int4, payload bytea, correlation_id text?, causation_id text?
-- out: causation_source text?, outcome int2?, traceparent text?, tracestate text?
-- out: recorded_at timestamptz, source_name text?, topic_name text?, type_name text?
SELECT page.seq, page.source_id, page.event_id, page.topic, page.type, page.key, page.subject,
       page.schema_id, page.payload, page.correlation_id, page.causation_id, page.causation_source,
       page.outcome, page.traceparent, page.tracestate, page.recorded_at,
       source.uri AS source_name, topic.name AS topic_name, type.name AS type_name
FROM (SELECT o.*, sum(octet_length(o.payload)) OVER (ORDER BY o.seq ROWS UNBOUNDED PRECEDING)
                      - octet_length(o.payload) AS bytes_before
      FROM ev.outbox o
      WHERE o.seq > $1 AND o.seq <= $2
      ORDER BY o.seq
      LIMIT $3) page
LEFT JOIN ev.source source ON source.source_id = page.source_id
LEFT JOIN ev.dictionary topic ON topic.id = page.topic
LEFT JOIN ev.dictionary type ON type.id = page.type
WHERE page.bytes_before < $4
ORDER BY page.seq
