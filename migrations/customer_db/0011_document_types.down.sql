DELETE FROM document_types WHERE id BETWEEN 1 AND 6;
SELECT setval('document_types_id_seq', 1, false);
