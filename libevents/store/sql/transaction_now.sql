-- The start of the transaction, which is the time of its facts.
-- out: now timestamptz
SELECT pg_catalog.transaction_timestamp() AS now
