-- Users by their id, without a lock: whether there is one is all that is asked so far. The hash of
-- the password stays where it is.
-- in: unique_ids text[]
-- out: unique_id varchar, username varchar, email varchar, password_hash text?, first_name varchar?
-- out: last_name varchar?, phone varchar?, role varchar, active bool, company_id varchar?
-- out: created_at timestamptz, updated_at timestamptz
SELECT unique_id, username, email, NULL::text AS password_hash, first_name, last_name, phone, role,
       active, company_id, created_at, updated_at
FROM public.users
WHERE unique_id = ANY ($1)
