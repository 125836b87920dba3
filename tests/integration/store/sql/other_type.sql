-- Declares another type than it returns.
-- out: number int4
SELECT 1::int8 AS number
