DROP TABLE document_types, users, companies;
