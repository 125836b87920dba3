-- An address is that of one user, however it is written; a name too.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT lower(email) AS address, array_agg(unique_id ORDER BY unique_id) AS users
    FROM public.users GROUP BY lower(email) HAVING count(*) > 1
    UNION ALL
    SELECT username, array_agg(unique_id ORDER BY unique_id) FROM public.users GROUP BY username HAVING count(*) > 1
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
