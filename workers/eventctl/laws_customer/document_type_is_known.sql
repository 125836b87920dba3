-- A company's document is of a known type, and has a number exactly if it has a type.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT c.company_id, c.document_type, c.document_number
    FROM public.companies c
    WHERE (c.document_type IS NOT NULL AND NOT EXISTS (SELECT FROM public.document_types d WHERE d.code = c.document_type))
       OR (c.document_number IS NOT NULL AND c.document_type IS NULL)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
