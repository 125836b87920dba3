-- The source under which facts are recorded at present.
-- out: uri text
SELECT ev.current_source_uri() AS uri
