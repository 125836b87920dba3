-- Whether there are rows that facts make.
-- out: has_rows bool
SELECT EXISTS (SELECT FROM public.companies) OR
       EXISTS (SELECT FROM public.users) AS has_rows
