-- The days to come on which nothing is shipped from some countries, and from those that some manifests
-- leave from. No delivery is counted further ahead than 1000 days.
-- in: origins text[], manifests text[]
-- out: country_id int4, day int4
SELECT DISTINCT c.id AS country_id, h.day - DATE '1970-01-01' AS day
FROM public.countries c
JOIN public.holidays h ON h.country = c.iso_code OR h.country IS NULL
WHERE c.iso_code = ANY ($1 || ARRAY(SELECT m.origin_country::text FROM public.manifests m
                                    WHERE m.unique_id = ANY ($2)))
  AND h.day BETWEEN (now() AT TIME ZONE 'UTC')::date
            AND (now() AT TIME ZONE 'UTC')::date + 1000
ORDER BY 1, 2
