-- The rows of customer_db that facts make. For '' a line for each table and bucket (of 4096, by the hash of a
-- row's key): how many rows, and the sum of their hashes. For one table and bucket its rows, a line for each
-- column. Two databases that agree in the sums agree in all rows; elsewhere rows are looked at.
-- Left out: surrogate ids, and password_hash, which no fact carries.
-- in: only_table text, only_bucket int4
-- out: table_name text, bucket int4, number int8, digest text?, key text?, column_name text?, value text?
WITH compared (table_name, key, fields) AS (
    SELECT 'companies', jsonb_build_object('company_id', t.company_id),
           to_jsonb(t) - '{id}'::text[]
    FROM public.companies t
    UNION ALL
    SELECT 'document_types', jsonb_build_object('code', t.code),
           to_jsonb(t) - '{id}'::text[]
    FROM public.document_types t
    UNION ALL
    SELECT 'users', jsonb_build_object('unique_id', t.unique_id),
           to_jsonb(t) - '{id,password_hash}'::text[]
    FROM public.users t
), hashed AS NOT MATERIALIZED (
    SELECT c.table_name, ('x' || left(md5(c.key::text), 3))::bit(12)::int4 AS bucket, c.key, c.fields,
           ('x' || left(md5(c.key::text || c.fields::text), 15))::bit(60)::int8 AS hash
    FROM compared c WHERE $1 = '' OR c.table_name = $1
), numbered AS (
    SELECT h.table_name, h.bucket, h.key, h.fields,
           row_number() OVER (ORDER BY h.key::text COLLATE "C", h.fields::text COLLATE "C") AS number
    FROM hashed h WHERE $1 <> '' AND h.bucket = $2
)
SELECT h.table_name COLLATE "C" AS table_name, h.bucket, count(*) AS number, sum(h.hash)::text AS digest,
       NULL::text AS key, NULL::text COLLATE "C" AS column_name, NULL::text AS value
FROM hashed h WHERE $1 = '' GROUP BY h.table_name, h.bucket
UNION ALL
SELECT n.table_name COLLATE "C", n.bucket, n.number, NULL, n.key::text, e.key COLLATE "C", e.value
FROM numbered n CROSS JOIN LATERAL jsonb_each_text(n.fields) e
ORDER BY table_name, bucket, number, column_name
