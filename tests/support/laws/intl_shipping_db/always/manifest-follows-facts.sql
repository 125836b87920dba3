-- A manifest's status is what the last fact about it says; none is without a fact, and none was drafted,
-- approved or shipped twice.
WITH step AS (
    SELECT DISTINCT ON (f.subject) f.subject, f.type, s.status
    FROM ev.outbox_events f
    JOIN (VALUES ('quenty.shipping.ManifestDrafted', 'draft'), ('quenty.shipping.ManifestRevised', 'draft'),
                 ('quenty.shipping.ManifestSubmitted', 'submitted'),
                 ('quenty.shipping.ManifestApproved', 'approved'),
                 ('quenty.shipping.ManifestRejected', 'rejected'),
                 ('quenty.shipping.ManifestShipped', 'shipped'),
                 ('quenty.shipping.ManifestDelivered', 'delivered')) AS s (type, status) ON s.type = f.type
    ORDER BY f.subject, f.seq DESC
)
SELECT coalesce(m.unique_id, f.subject) AS unique_id, m.status, f.type AS last_fact
FROM manifests m
FULL JOIN step f ON f.subject = m.unique_id
WHERE m.status IS DISTINCT FROM f.status
UNION ALL
SELECT subject, NULL, count(*) || ' times ' || type
FROM ev.outbox_events
WHERE type IN ('quenty.shipping.ManifestDrafted', 'quenty.shipping.ManifestApproved',
               'quenty.shipping.ManifestShipped')
GROUP BY subject, type
HAVING count(*) > 1
