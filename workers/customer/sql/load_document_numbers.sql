-- Which of some document numbers are taken, by whatever company.
-- in: document_numbers text[]
-- out: value varchar
SELECT document_number AS value
FROM public.companies
WHERE document_number = ANY ($1)
