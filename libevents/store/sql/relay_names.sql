-- Reads the dictionary of topics and types.
-- out: id int2, name text
SELECT id, name FROM ev.dictionary
