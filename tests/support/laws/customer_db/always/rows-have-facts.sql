-- A company, and a user, is there exactly if a fact registered it, once.
SELECT coalesce(r.id, f.subject) AS id, r.kind, f.type, f.times
FROM (SELECT company_id AS id, 'quenty.customer.CompanyRegistered' AS kind FROM companies
      UNION ALL
      SELECT unique_id, 'quenty.customer.UserRegistered' FROM users) r
FULL JOIN (SELECT subject, type, count(*) AS times FROM ev.outbox_events
           WHERE type IN ('quenty.customer.CompanyRegistered', 'quenty.customer.UserRegistered')
           GROUP BY subject, type) f ON f.subject = r.id AND f.type = r.kind
WHERE f.times IS DISTINCT FROM 1 OR r.id IS NULL
