-- Sets one setting for the life of the session.
-- in: name text, value text
-- out: value text
SELECT pg_catalog.set_config($1, $2, false) AS value
