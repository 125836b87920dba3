-- Companies and users whose hash falls into a bucket, as one JSON list: what other databases have to know
-- of them (laws_parties/).
-- in: buckets int4, bucket int4
-- out: parties json
SELECT coalesce(json_agg(c), '[]') AS parties
FROM (SELECT 'company' AS kind, company_id AS id, NULL AS role, active, NULL AS company_id FROM public.companies
      UNION ALL
      SELECT 'user', unique_id, role, active, company_id FROM public.users) c
WHERE ('x' || left(md5(c.kind || ' ' || c.id), 7))::bit(28)::int4 % $1 = $2
