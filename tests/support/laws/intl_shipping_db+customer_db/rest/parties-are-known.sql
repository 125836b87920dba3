-- What this database knows of companies and users is what customer_db says.
-- with: companies users
SELECT coalesce(p.kind, c.kind) AS kind, coalesce(p.party_id, c.id) AS id, p.active, c.active AS active_there,
    p.role, c.role AS role_there, p.company_id, c.company_id AS company_there
FROM party_projection p
FULL JOIN (SELECT 'company' AS kind, company_id AS id, NULL AS role, active, NULL AS company_id FROM companies
           UNION ALL
           SELECT 'user', unique_id, role, active, company_id FROM users) c
    ON c.kind = p.kind AND c.id = p.party_id
WHERE p.kind IS NULL OR c.kind IS NULL
   OR (p.active, p.role, p.company_id) IS DISTINCT FROM (c.active, c.role, c.company_id)
