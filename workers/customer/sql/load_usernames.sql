-- Which of some names are taken, by users of whatever company.
-- in: usernames text[]
-- out: value varchar
SELECT username AS value
FROM public.users
WHERE username = ANY ($1)
