INSERT INTO companies (company_id, name, document_type, document_number)
VALUES ('C-1', 'One', 'nit', '900'), ('C-2', 'Two', NULL, NULL), ('C-3', 'Closed', NULL, NULL);
UPDATE companies SET active = false WHERE company_id = 'C-3';
INSERT INTO users (unique_id, username, email, password_hash, role, active, company_id)
VALUES ('U-1', 'ann', 'ann@one.example', 'hash', 'admin', true, 'C-1'),
       ('U-2', 'bob', 'bob@two.example', 'hash', 'customer', true, 'C-2'),
       ('U-3', 'eve', 'eve@three.example', 'hash', 'admin', false, 'C-3');
SELECT pg_temp.fact('quenty.customer.CompanyRegistered', company_id, 'EV-' || company_id) FROM companies;
SELECT pg_temp.fact('quenty.customer.UserRegistered', unique_id, 'EV-' || unique_id) FROM users;
