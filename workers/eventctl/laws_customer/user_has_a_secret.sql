-- Every user of the live database has a password's hash; `!` is what a rebuild puts there.
-- in: shown int4
-- out: violations int8, violation text
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM (
    SELECT unique_id FROM public.users WHERE password_hash IN ('', '!')
) law
LIMIT $1
