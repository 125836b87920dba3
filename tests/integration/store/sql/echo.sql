-- Gives a number back.
-- in: number int8
-- out: number int8
SELECT $1 AS number
