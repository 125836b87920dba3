-- Listens.
LISTEN test_db
