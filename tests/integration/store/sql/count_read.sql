-- How many rows were read by the index that has them in order of id. PostgreSQL counts since some moment
-- before this transaction, so that only a difference says something.
-- out: count int8?
SELECT pg_stat_get_xact_tuples_returned('test_db.grown_pkey'::regclass) AS count
