-- Kinds of documents by their code.
-- in: codes text[]
-- out: code varchar, active bool
SELECT code, active
FROM public.document_types
WHERE code = ANY ($1)
