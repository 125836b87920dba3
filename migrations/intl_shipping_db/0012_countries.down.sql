DELETE FROM countries WHERE id < 1000;
SELECT setval('countries_id_seq', 1, false);
