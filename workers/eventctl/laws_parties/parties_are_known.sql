-- What this database knows of companies and users is what customer_db says. Asked bucket by bucket, with
-- the rows of customer_db (sql_customer/law_parties.sql).
-- in: shown int4, buckets int4, bucket int4, parties json
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT coalesce(p.kind, c.kind) AS kind, coalesce(p.party_id, c.id) AS id, p.active, c.active AS active_there,
        p.role, c.role AS role_there, p.company_id, c.company_id AS company_there
    FROM (SELECT * FROM public.party_projection k
          WHERE ('x' || left(md5(k.kind || ' ' || k.party_id), 7))::bit(28)::int4 % $2 = $3) p
    FULL JOIN json_to_recordset($4) AS c (kind text, id text, role text, active boolean, company_id text)
        ON c.kind = p.kind AND c.id = p.party_id
    WHERE p.kind IS NULL OR c.kind IS NULL
       OR (p.active, p.role, p.company_id) IS DISTINCT FROM (c.active, c.role, c.company_id)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
