-- Companies by their id. The row is the lock under which a company's rules are decided (a user comes
-- while it is deactivated); those of a batch are taken in the order of ids.
-- in: company_ids text[]
-- out: company_id varchar, name varchar?, business_name varchar?, document_type varchar?
-- out: document_number varchar?, active bool, created_at timestamptz, updated_at timestamptz
SELECT company_id, name, business_name, document_type, document_number, active, created_at,
       updated_at
FROM public.companies
WHERE company_id = ANY ($1)
ORDER BY id
FOR NO KEY UPDATE
