-- Which of some mail addresses are taken, however they are written: by the unique index. What comes
-- back is folded by the rule of the worker (email.c), which knows A to Z only.
-- in: emails text[]
-- out: value text
SELECT lower(u.email COLLATE "C") AS value
FROM public.users u
WHERE lower(u.email) = ANY (ARRAY(SELECT lower(w.email) FROM unnest($1) AS w (email)))
