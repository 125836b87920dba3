-- A number that no 64 bits hold.
-- out: number numeric
SELECT 99999999999999999999.99 AS number
