-- Looks for what would make a hole in the numbers mean something else than it does: one row for each
-- complaint.
-- out: complaint text
SELECT wrong.complaint
FROM (SELECT format('max_prepared_transactions is %s and must be 0: a prepared transaction can hold '
                    'a number for ever', s.setting) AS complaint
      FROM pg_catalog.pg_settings s
      WHERE s.name = 'max_prepared_transactions' AND s.setting <> '0'
      UNION ALL
      SELECT format('%s.seq must be GENERATED ALWAYS AS IDENTITY with CACHE 1: numbers must be drawn '
                    'one by one and by nobody else', a.attrelid::regclass)
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_sequence q
          ON q.seqrelid = pg_catalog.pg_get_serial_sequence(a.attrelid::regclass::text, 'seq')::regclass
      WHERE a.attrelid IN ('ev.outbox'::regclass, 'ev.dead_letter'::regclass) AND a.attname = 'seq'
        AND (a.attidentity <> 'a' OR q.seqcache IS DISTINCT FROM 1 OR q.seqincrement <> 1 OR q.seqcycle)
      UNION ALL
      SELECT 'synchronous_commit is off: a crash may take back a row whose fact is published'
      WHERE pg_catalog.current_setting('synchronous_commit') = 'off') wrong
