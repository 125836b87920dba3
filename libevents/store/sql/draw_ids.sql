-- Draws ids ahead. They need not follow one another: other sessions draw at the same time.
-- in: sequence text, count int4
-- out: id int8
SELECT pg_catalog.nextval($1::pg_catalog.regclass) AS id FROM pg_catalog.generate_series(1, $2)
