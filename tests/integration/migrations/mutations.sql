-- Statements that each take one rule out of a database; the cases must notice every one.
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname)
FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
WHERE t.relnamespace IN ('public'::regnamespace, 'ev'::regnamespace) AND NOT t.relispartition
  AND conparentid = 0 AND contype IN ('c', 'f', 'u') AND t.relname NOT LIKE 'schema\_version%'
UNION ALL
SELECT format('DROP INDEX %s', i.indexrelid::regclass)
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND i.indisunique
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid) AND NOT t.relispartition
UNION ALL
SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', attrelid::regclass, attname)
FROM pg_attribute a JOIN pg_class t ON t.oid = attrelid
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
  AND attnum > 0 AND attnotnull AND attidentity = '' AND t.relname NOT LIKE 'schema\_version%'
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary AND attnum = ANY (i.indkey))
UNION ALL
SELECT format('ALTER POLICY company_isolation ON %I USING (true)', tablename) FROM pg_policies
WHERE policyname = 'company_isolation' AND qual <> 'true'
UNION ALL
SELECT format('ALTER POLICY company_isolation ON %I WITH CHECK (true)', tablename) FROM pg_policies
WHERE policyname = 'company_isolation' AND cmd = 'ALL'
UNION ALL
SELECT format('DROP POLICY %I ON %I', policyname, tablename) FROM pg_policies
UNION ALL
SELECT format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', oid::regclass) FROM pg_class
WHERE relforcerowsecurity
UNION ALL
SELECT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', oid::regclass) FROM pg_class
WHERE relrowsecurity AND NOT relispartition;
