-- A manifest's status is what the last fact about it says; none is without a fact, and none was drafted,
-- approved or shipped twice.
-- (What is older than the oldest facts that are still there is left out, once partitions of the outbox
-- were dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH kept AS (
        SELECT CASE WHEN (SELECT min(p.lower_seq) FROM ev.outbox_partition p) > 1
            THEN coalesce((SELECT f.recorded_at + interval '1 hour' FROM ev.outbox f ORDER BY f.seq LIMIT 1), 'infinity')
            ELSE '-infinity' END AS since
    ),
    step AS (
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
    FROM public.manifests m
    FULL JOIN step f ON f.subject = m.unique_id
    CROSS JOIN kept k
    WHERE m.status IS DISTINCT FROM f.status AND (f.status IS NOT NULL OR m.created_at >= k.since)
    UNION ALL
    SELECT subject, NULL, count(*) || ' times ' || type
    FROM ev.outbox_events
    WHERE type IN ('quenty.shipping.ManifestDrafted', 'quenty.shipping.ManifestApproved',
                   'quenty.shipping.ManifestShipped')
    GROUP BY subject, type
    HAVING count(*) > 1
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
