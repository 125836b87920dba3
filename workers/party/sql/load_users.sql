-- Some users, for rules that ask about them. Not locked: what is read is what was known when it was
-- read, and a fact that comes a moment later could as well have come a moment after the commit.
-- in: party_ids text[]
-- out: kind text, party_id text, role varchar?, active bool, company_id varchar?, source text
-- out: last_sequence int8
SELECT kind, party_id, role, active, company_id, source, last_sequence
FROM public.party_projection
WHERE party_id = ANY ($1) AND kind = 'user'
