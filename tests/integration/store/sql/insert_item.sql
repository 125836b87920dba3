-- Inserts rows of the table that the test made.
-- in: ids int8[], names text[]
INSERT INTO test_db.item (id, name)
SELECT id, name FROM unnest($1, $2) AS t (id, name)
