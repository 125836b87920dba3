-- Notifies.
-- in: payload text
-- out: done bool
SELECT pg_notify('test_db', $1) IS NOT NULL AS done
