-- Inserts a row whose COMMIT takes long, because its constraint is looked at last.
-- in: id int8
INSERT INTO test_db.slow_commit (id) VALUES ($1)
