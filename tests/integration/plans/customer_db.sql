-- As many companies and users as there may be.
INSERT INTO companies (company_id, name, document_type, document_number)
SELECT 'C-' || n, 'Company ' || n, 'nit', n::text FROM generate_series(1, :rows) n;
INSERT INTO users (unique_id, username, email, password_hash, role, company_id)
SELECT 'U-' || n, 'user' || n, 'u' || n || '@example.com', '!', 'viewer', 'C-' || n FROM generate_series(1, :rows) n;
INSERT INTO ev.inbox_a (source, event_id, content_hash)
SELECT '/shop', 'e-' || n, sha256(n::text::bytea) FROM generate_series(1, :rows) n;
