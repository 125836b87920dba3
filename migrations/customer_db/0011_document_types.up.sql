-- Seeded rows have fixed ids and one fixed time, so that any two databases agree on them.
INSERT INTO document_types (id, code, name, description, created_at)
SELECT id, code, name, description, timestamptz '2025-01-22T00:00:00Z'
FROM (VALUES
    (1, 'cedula', 'Cédula', 'National identity card'),
    (2, 'passport', 'Passport', 'Travel document of a person'),
    (3, 'drivers_license', 'Driver''s license', 'Licence to drive, where it serves to identify'),
    (4, 'nit', 'NIT', 'Tax number of a company, with check digit (Colombia)'),
    (5, 'rut', 'RUT', 'Entry in the tax register'),
    (6, 'tax_id', 'Tax id', 'Tax number of any other country')
) AS seed (id, code, name, description);
SELECT setval('document_types_id_seq', (SELECT max(id) FROM document_types));
