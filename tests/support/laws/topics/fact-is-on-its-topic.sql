-- The topics hold exactly the committed facts: nothing missing, nothing of a transaction that was rolled
-- back, and key, sequence, headers and bytes are those of the row. What a restore or a failover has lost
-- may be there, if a person has declared its source void.
SELECT coalesce(o.event_id::text, t.id) AS id, o.seq, t.topic, t.partition, t."offset",
    CASE WHEN t.id IS NULL THEN 'not on the topic' WHEN o.seq IS NULL THEN 'not in the outbox'
         ELSE 'differs' END AS fault
FROM ev.outbox_events o
FULL JOIN (SELECT DISTINCT ON (id) * FROM fact_record ORDER BY id, partition, "offset") t
    ON t.id = o.event_id::text
WHERE (o.seq IS NOT NULL OR (t.source IN (
        SELECT jsonb_array_elements_text(p.chain -> 'void') FROM ev.relay_position p WHERE p.name = 'outbox'
    )) IS NOT TRUE)
  AND (t.id IS NULL OR o.seq IS NULL
   OR (t.topic, t.type, t.key, t.subject, t.source, t.sequence, t.payload)
      IS DISTINCT FROM (o.topic, o.type, o.key, o.subject, o.source, o.seq, o.payload)
   OR t.outcome IS DISTINCT FROM o.outcome
   OR t.causation_id IS DISTINCT FROM o.causation_id
   OR t.causation_source IS DISTINCT FROM o.causation_source
   OR t.correlation_id IS DISTINCT FROM o.correlation_id
   OR t.recorded_at IS DISTINCT FROM o.recorded_at)
