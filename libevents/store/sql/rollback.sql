-- Gives up the transaction.
ROLLBACK
