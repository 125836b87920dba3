-- Every event on an ingress topic has one outcome, or waits or is parked, or is a dead letter. The same
-- event twice is one event; what cannot be told by its id can only be a dead letter.
WITH alive AS (
    SELECT r.* FROM ingress_record r
    WHERE NOT EXISTS (SELECT FROM ev.dead_letter d WHERE d.topic = r.topic
                      AND d.partition = r.partition AND d."offset" = r."offset")
      AND NOT EXISTS (SELECT FROM ev.parked p WHERE p.topic = r.topic
                      AND p.partition = r.partition AND p."offset" = r."offset")
)
SELECT min(a.topic) AS topic, a.source, a.id, min(a.partition) AS partition, min(a."offset") AS "offset",
    coalesce(max(o.outcomes), 0) AS outcomes
FROM alive a
LEFT JOIN (SELECT causation_source, causation_id, count(*) AS outcomes FROM ev.outbox
           WHERE outcome IS NOT NULL GROUP BY 1, 2) o
    ON o.causation_id = a.id AND o.causation_source = a.source
WHERE o.outcomes IS DISTINCT FROM 1
GROUP BY a.source, a.id
