-- An array that comes from the server.
-- out: words text[], none int4[]?
SELECT ARRAY['one', NULL, '', 'vier'] AS words, NULL::int4[] AS none
