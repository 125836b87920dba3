-- Fails where the divisor is 0.
-- in: dividend int8, divisor int8
-- out: quotient int8
SELECT $1 / $2 AS quotient
