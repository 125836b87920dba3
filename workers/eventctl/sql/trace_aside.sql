-- Records about these aggregates that lie aside. A dead letter is known by its header ce_subject only,
-- as its value may be anything; ev.headers() shows bytes escaped.
-- in: subjects text[], rows_max int4
-- out: kind text, topic text, partition int4, record_offset int8, aggregate text, reason text, detail text
-- out: at timestamptz
SELECT CASE WHEN p.deadline IS NULL THEN 'parked' ELSE 'waiting' END AS kind, p.topic, p.partition,
       p."offset" AS record_offset, p.aggregate, p.reason, p.detail, p.parked_at AS at
FROM ev.parked p
WHERE p.aggregate = ANY ($1)
UNION ALL
SELECT 'dead letter', d.topic, d.partition, d."offset", subject.name, d.reason, d.detail, d.created_at
FROM ev.dead_letter d
CROSS JOIN LATERAL ev.headers(d.headers) h
JOIN unnest($1) subject (name) ON encode(convert_to(subject.name, 'UTF8'), 'escape') = h.value
WHERE h.name = 'ce_subject'
ORDER BY at
LIMIT $2
