-- Some companies that facts are about to change. Among the loads it stands before those that only read:
-- a row that both name is then the locked one.
-- in: party_ids text[]
-- out: kind text, party_id text, role varchar?, active bool, company_id varchar?, source text
-- out: last_sequence int8
SELECT kind, party_id, role, active, company_id, source, last_sequence
FROM public.party_projection
WHERE party_id = ANY ($1) AND kind = 'company'
ORDER BY party_id
FOR NO KEY UPDATE
