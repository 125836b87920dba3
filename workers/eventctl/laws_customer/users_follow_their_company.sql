-- An inactive company has no active user.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT c.company_id, u.unique_id, u.role
    FROM public.companies c
    JOIN public.users u ON u.company_id = c.company_id
    WHERE u.active AND NOT c.active
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
