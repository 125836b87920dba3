-- Facts, in the order of the arrays: the numbers of the identity column are drawn behind the sort.
-- in: event_ids uuid[], schema_ids int4[], source_ids int2[], topics int2[], types int2[]
-- in: outcomes int2[], keys text[], subjects text[], correlation_ids text[], causation_ids text[]
-- in: causation_sources text[], traceparents text[], tracestates text[], payloads bytea[]
INSERT INTO ev.outbox
    (event_id, schema_id, source_id, topic, type, outcome, key, subject, correlation_id,
     causation_id, causation_source, traceparent, tracestate, payload)
SELECT w.event_id, w.schema_id, w.source_id, w.topic, w.type, w.outcome, w.key, w.subject,
       w.correlation_id, w.causation_id, w.causation_source, w.traceparent, w.tracestate, w.payload
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) WITH ORDINALITY
    AS w (event_id, schema_id, source_id, topic, type, outcome, key, subject, correlation_id,
          causation_id, causation_source, traceparent, tracestate, payload, position)
ORDER BY w.position
