-- The company of a user exists.
SELECT u.unique_id, u.company_id
FROM users u
WHERE u.company_id IS NOT NULL AND NOT EXISTS (SELECT FROM companies c WHERE c.company_id = u.company_id)
