-- The topic, the type and the source of every fact are known by name.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.seq, o.topic, o.type, o.source_id
    FROM ev.outbox o
    WHERE NOT EXISTS (SELECT FROM ev.dictionary d WHERE d.id = o.topic)
       OR NOT EXISTS (SELECT FROM ev.dictionary d WHERE d.id = o.type)
       OR NOT EXISTS (SELECT FROM ev.source s WHERE s.source_id = o.source_id)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
