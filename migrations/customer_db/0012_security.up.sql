-- Who sees which rows. A user without a company belongs to none, so no tenant sees him. Document types
-- are everybody's: tenants read them.
SELECT ev.grant_tables();
SELECT ev.isolate_companies('companies', 'company_id = :company', 'company_id = :company');
SELECT ev.isolate_companies('users', 'company_id = :company', 'company_id = :company');
SELECT ev.isolate_companies('document_types', 'true', NULL);
-- Nothing of these is ever deleted; they are deactivated.
REVOKE DELETE ON companies, users, document_types FROM customer_worker;
