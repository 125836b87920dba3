-- Begins a transaction. The level is named because a role's default could be another one, and the
-- reading of the outbox and the barrier of the offsets hold for READ COMMITTED.
BEGIN ISOLATION LEVEL READ COMMITTED
