-- Whether there are rows that facts make.
-- out: has_rows bool
SELECT EXISTS (SELECT FROM public.manifests) OR
       EXISTS (SELECT FROM public.party_projection) AS has_rows
