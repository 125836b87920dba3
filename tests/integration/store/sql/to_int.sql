-- Fails with a message that quotes the value.
-- in: value text
-- out: number int4
SELECT $1::int4 AS number
