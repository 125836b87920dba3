-- Rules of customer_db. Companies A and B, a user each, and one user without a company.
INSERT INTO companies (company_id, name, document_number) VALUES ('A', 'a', '1'), ('B', 'b', '2');
INSERT INTO users (unique_id, username, email, password_hash, company_id)
VALUES ('ua', 'ua', 'u@a.co', '!', 'A'), ('ub', 'ub', 'u@b.co', '!', 'B'), ('un', 'un', 'u@n.co', '!', NULL);

SELECT cases.fails('users.company_id names a company', '23503 fk_users_company', 'UPDATE users SET company_id = ''Z''');
SELECT cases.gives('a deleted company leaves its users', '(null)', 'SELECT company_id FROM users WHERE unique_id = ''ua''',
    setup => 'DELETE FROM companies WHERE company_id = ''A''');
SELECT cases.refuse_null('users', 'unique_id username email password_hash role active created_at updated_at');
SELECT cases.refuse_null('companies', 'company_id active created_at updated_at');
SELECT cases.refuse_null('document_types', 'code name active created_at');
SELECT cases.fails('users.role is one of four', '23514 chk_users_role', 'UPDATE users SET role = ''root''');
SELECT cases.gives('users.role is customer by default', 'customer', 'SELECT role FROM users LIMIT 1');
SELECT cases.fails('users.email looks like one', '23514 chk_users_email_format', 'UPDATE users SET email = ''u'' WHERE unique_id = ''ua''');
SELECT cases.fails('users.email is one whatever its case', '23505 users_email_lower_key',
    'UPDATE users SET email = ''U@B.CO'' WHERE unique_id = ''ua''');
SELECT cases.fails('users.username once', '23505 users_username_key', 'UPDATE users SET username = ''ub''');
SELECT cases.fails('users.unique_id once', '23505 users_unique_id_key', 'UPDATE users SET unique_id = ''ub''');
SELECT cases.fails('companies.company_id once', '23505 companies_company_id_key',
    'INSERT INTO companies (company_id) VALUES (''A'')');
SELECT cases.fails('companies.document_number once', '23505 companies_document_number_key', 'UPDATE companies SET document_number = ''9''');
SELECT cases.fails('document_types.code once', '23505 document_types_code_key', 'INSERT INTO document_types (code, name) VALUES (''nit'', ''n'')');
SELECT cases.gives('document types are seeded, at one time', 'cedula drivers_license nit passport rut tax_id 1',
    'SELECT string_agg(code, '' '' ORDER BY code) || '' '' || count(DISTINCT created_at) FROM document_types
     WHERE created_at = ''2025-01-22T00:00:00Z''');
SELECT cases.gives('later document types get later ids', 'true',
    'SELECT id > 6 FROM document_types WHERE code = ''x''', setup => 'INSERT INTO document_types (code, name) VALUES (''x'', ''x'')');

SELECT cases.stamps('users', 'phone = ''1''');
SELECT cases.stamps('companies', 'name = ''n''');

SELECT cases.isolates('companies', 'customer_user', 1, 'UPDATE companies SET company_id = ''C''');
SELECT cases.isolates('users', 'customer_user', 1, 'UPDATE users SET company_id = ''B''');
SELECT cases.fails('a tenant makes no user of another company', '42501',
    'INSERT INTO users (unique_id, username, email, password_hash, company_id) VALUES (''x'', ''x'', ''x@x.co'', ''!'', ''B'')', 'customer_user', 'A');
SELECT cases.passes('a tenant makes users of its own', 
    'INSERT INTO users (unique_id, username, email, password_hash, company_id) VALUES (''x'', ''x'', ''x@x.co'', ''!'', ''A'')', 'customer_user', 'A');
SELECT cases.gives('a tenant deletes nobody else''s', '2', 'SELECT count(*) FROM users', setup =>
    'SELECT set_config(''app.current_company_id'', ''A'', true); SET LOCAL ROLE customer_user; DELETE FROM users; RESET ROLE');
SELECT cases.gives('tenants read document types', '6', 'SELECT count(*) FROM document_types', 'customer_user', 'A');
SELECT cases.fails('and do not write them', '42501', 'INSERT INTO document_types (code, name) VALUES (''x'', ''x'')', 'customer_user', 'A');
SELECT cases.passes('the worker writes document types', 'INSERT INTO document_types (code, name) VALUES (''x'', ''x'')', 'customer_worker');
SELECT cases.fails('the worker deletes no ' || t, '42501', 'DELETE FROM ' || t, 'customer_worker') FROM unnest('{users,companies,document_types}'::text[]) t;
SELECT cases.passes('the worker draws ids', 'SELECT nextval(''users_id_seq'') FROM generate_series(1, 3)', 'customer_worker');
