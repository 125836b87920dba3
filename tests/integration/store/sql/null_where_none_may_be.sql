-- Declares less than it returns.
-- out: number int4
SELECT NULL::int4 AS number
