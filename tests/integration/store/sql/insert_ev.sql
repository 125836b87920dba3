-- Inserts into a table of the library's schema.
-- in: id int8
INSERT INTO ev.test_narrow (id) VALUES ($1)
