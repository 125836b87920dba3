-- Wakes the relay when the transaction is committed.
-- out: is_sent bool
SELECT pg_catalog.pg_notify('ev_outbox', '') IS NOT NULL AS is_sent
