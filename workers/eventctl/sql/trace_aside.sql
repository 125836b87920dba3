-- Records that lie aside: about these aggregates, or events of these ids. What a record is, its headers
-- say, which may hold any bytes: ev.headers() shows them escaped, and ids are told as bytes.
-- in: subjects text[], ids text[], rows_max int4
-- out: kind text, topic text, partition int4, record_offset int8, aggregate text?, reason text, detail text
-- out: at timestamptz, id bytea?, source bytea?, type bytea?
WITH aside (kind, topic, partition, record_offset, aggregate, reason, detail, at, headers) AS (
    SELECT CASE WHEN p.deadline IS NULL THEN 'parked' ELSE 'waiting' END, p.topic, p.partition, p."offset",
           p.aggregate, p.reason, p.detail, p.parked_at, p.headers
    FROM ev.parked p
    UNION ALL
    SELECT 'dead letter', d.topic, d.partition, d."offset", NULL, d.reason, d.detail, d.created_at, d.headers
    FROM ev.dead_letter d
)
SELECT a.kind, a.topic, a.partition, a.record_offset, coalesce(a.aggregate, says.subject) AS aggregate,
       a.reason, a.detail, a.at, decode(says.id, 'escape') AS id, decode(says.source, 'escape') AS source,
       decode(says.type, 'escape') AS type
FROM aside a
CROSS JOIN LATERAL (
    SELECT min(h.value) FILTER (WHERE h.name = 'ce_id') AS id,
           min(h.value) FILTER (WHERE h.name = 'ce_source') AS source,
           min(h.value) FILTER (WHERE h.name = 'ce_type') AS type,
           min(h.value) FILTER (WHERE h.name = 'ce_subject') AS subject
    FROM ev.headers(a.headers) h
) says
WHERE a.aggregate = ANY ($1)
   OR says.subject IN (SELECT encode(convert_to(subject.name, 'UTF8'), 'escape') FROM unnest($1) subject (name))
   OR says.id IN (SELECT encode(convert_to(event.id, 'UTF8'), 'escape') FROM unnest($2) event (id))
ORDER BY a.at
LIMIT $3
