-- Every table with its number of rows, its columns, and how many values each of them holds: for
-- telling what a way down would lose. One scan a table; the counting is done by query_to_xml because
-- that takes the name of a table as a value, and its cells come back in order: the rows first.
-- out: name text, columns text[], counts int8[]
SELECT format('%I.%I', n.nspname, c.relname) AS name,
       coalesce(array_agg(a.attname::text ORDER BY a.attnum)
                FILTER (WHERE a.attname IS NOT NULL), '{}') AS columns,
       pg_catalog.xpath('/row/*/text()', pg_catalog.query_to_xml(
           format('SELECT count(*) AS n%s FROM %I.%I',
                  string_agg(format(', count(%I)', a.attname), '' ORDER BY a.attnum),
                  n.nspname, c.relname),
           false, true, ''))::text[]::int8[] AS counts
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT (n.nspname = 'public' AND c.relname LIKE 'schema\_version\_%')
GROUP BY n.nspname, c.relname
ORDER BY name
