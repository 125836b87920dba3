-- A company, and a user, is there exactly if a fact registered it, once.
-- (What is older than the oldest facts that are still there is left out, once partitions of the outbox
-- were dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH kept AS (
        SELECT CASE WHEN (SELECT min(p.lower_seq) FROM ev.outbox_partition p) > 1
            THEN coalesce((SELECT f.recorded_at + interval '1 hour' FROM ev.outbox f ORDER BY f.seq LIMIT 1), 'infinity')
            ELSE '-infinity' END AS since
    )
    SELECT coalesce(r.id, f.subject) AS id, r.kind, f.type, f.times
    FROM (SELECT company_id AS id, 'quenty.customer.CompanyRegistered' AS kind, created_at FROM public.companies
          UNION ALL
          SELECT unique_id, 'quenty.customer.UserRegistered', created_at FROM public.users) r
    FULL JOIN (SELECT subject, type, count(*) AS times FROM ev.outbox_events
               WHERE type IN ('quenty.customer.CompanyRegistered', 'quenty.customer.UserRegistered')
               GROUP BY subject, type) f ON f.subject = r.id AND f.type = r.kind
    CROSS JOIN kept k
    WHERE (f.times IS DISTINCT FROM 1 OR r.id IS NULL) AND (f.times IS NOT NULL OR r.created_at >= k.since)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
