DROP INDEX idx_users_email, idx_users_role, idx_users_active, idx_users_company_active,
    idx_users_email_active, idx_companies_active, idx_companies_name, idx_document_types_active;
