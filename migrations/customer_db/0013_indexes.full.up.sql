-- Indexes of the original schema document that only people's queries need.
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_role ON users (role);
CREATE INDEX idx_users_active ON users (active);
CREATE INDEX idx_users_company_active ON users (company_id, active);
CREATE INDEX idx_users_email_active ON users (email, active) WHERE active = true;
CREATE INDEX idx_companies_active ON companies (active);
CREATE INDEX idx_companies_name ON companies (name);
CREATE INDEX idx_document_types_active ON document_types (active);
