-- Counts them.
-- out: count int8
SELECT count(*) AS count FROM test_db.item
