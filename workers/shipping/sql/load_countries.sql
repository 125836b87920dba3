-- Countries by their codes, and those that some manifests leave from.
-- in: destinations text[], origins text[], manifests text[]
-- out: id int4, iso_code varchar, zone varchar, active bool
SELECT id, iso_code, zone, active
FROM public.countries
WHERE iso_code = ANY ($1 || $2 || ARRAY(SELECT m.origin_country::text FROM public.manifests m
                                        WHERE m.unique_id = ANY ($3)))
