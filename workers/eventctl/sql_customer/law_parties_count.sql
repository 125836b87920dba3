-- How many companies and users there are.
-- out: parties int8
SELECT (SELECT count(*) FROM public.companies) + (SELECT count(*) FROM public.users) AS parties
