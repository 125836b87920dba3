-- The company of a user exists.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT u.unique_id, u.company_id
    FROM public.users u
    WHERE u.company_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.companies c WHERE c.company_id = u.company_id)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
