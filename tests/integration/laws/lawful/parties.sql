INSERT INTO party_projection (kind, party_id, role, active, company_id, source, last_sequence)
VALUES ('company', 'C-1', NULL, true, NULL, '/quenty/customer_db', 1),
       ('company', 'C-2', NULL, true, NULL, '/quenty/customer_db', 2),
       ('company', 'C-3', NULL, false, NULL, '/quenty/customer_db', 3),
       ('user', 'U-1', 'admin', true, 'C-1', '/quenty/customer_db', 4),
       ('user', 'U-2', 'customer', true, 'C-2', '/quenty/customer_db', 5),
       ('user', 'U-3', 'admin', false, 'C-3', '/quenty/customer_db', 6);
