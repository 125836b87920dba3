-- Gives a text back.
-- in: value text
-- out: value text
SELECT $1 AS value
