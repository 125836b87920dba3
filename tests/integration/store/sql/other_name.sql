-- Declares another name than it returns.
-- out: number int4
SELECT 1::int4 AS other
