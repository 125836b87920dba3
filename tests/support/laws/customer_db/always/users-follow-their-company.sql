-- An inactive company has no active user.
SELECT c.company_id, u.unique_id, u.role
FROM companies c
JOIN users u ON u.company_id = c.company_id
WHERE u.active AND NOT c.active
