-- Reads who has ever recorded facts in this database.
-- out: source_id int2, uri text
SELECT source_id, uri FROM ev.source
