-- Commits the transaction of the batch.
COMMIT
