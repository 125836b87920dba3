-- Every user of the live database has a password's hash; `!` is what a rebuild puts there.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT unique_id FROM public.users WHERE password_hash IN ('', '!')
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
