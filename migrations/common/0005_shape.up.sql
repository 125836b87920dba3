-- What a database has, one row for each object: verify.sql compares it with what it should have. The
-- detail says what makes the object work: a column's type, a constraint's kind and that its rows were
-- checked, an index that is valid, a trigger that fires, a policy's command. Partitions come and go and
-- are left out, and so is the version table, which is the migrator's.
CREATE VIEW ev.shape WITH (security_invoker = true) AS
WITH home AS (
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relkind, c.relrowsecurity, c.relforcerowsecurity
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'ev', 'ops') AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'v', 'i', 'I', 'S')
      AND c.relname NOT LIKE 'schema\_version\_%' AND c.relname NOT LIKE 'pg\_stat\_statements%'
)
SELECT 'table' AS kind, name AS object, CASE WHEN relforcerowsecurity AND relrowsecurity
    THEN 'row security forced' WHEN relrowsecurity THEN 'row security' ELSE 'open' END AS detail
FROM home WHERE relkind IN ('r', 'p')
UNION ALL
SELECT 'view', name, '' FROM home WHERE relkind = 'v'
UNION ALL
SELECT 'sequence', name, '' FROM home WHERE relkind = 'S'
UNION ALL
SELECT 'column', home.name || '.' || a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
FROM home JOIN pg_catalog.pg_attribute a ON a.attrelid = home.oid
WHERE home.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'index', home.name, concat_ws(' ', CASE WHEN i.indisunique THEN 'unique' END,
       CASE WHEN NOT i.indisvalid THEN 'invalid' END)
FROM home JOIN pg_catalog.pg_index i ON i.indexrelid = home.oid
WHERE home.oid NOT IN (SELECT conindid FROM pg_catalog.pg_constraint)
UNION ALL
SELECT 'constraint', home.name || '.' || c.conname,
       c.contype::text || CASE WHEN c.convalidated THEN '' ELSE ' not validated' END
FROM home JOIN pg_catalog.pg_constraint c ON c.conrelid = home.oid
WHERE c.contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 'trigger', home.name || '.' || t.tgname, CASE t.tgenabled WHEN 'O' THEN 'on' ELSE 'off' END
FROM home JOIN pg_catalog.pg_trigger t ON t.tgrelid = home.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT 'policy', home.name || '.' || p.polname, p.polcmd::text
FROM home JOIN pg_catalog.pg_policy p ON p.polrelid = home.oid
UNION ALL
SELECT 'function', n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
       CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('public', 'ev', 'ops')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'setting', r.rolname || ' ' || split_part(s.config, '=', 1), split_part(s.config, '=', 2)
FROM pg_catalog.pg_db_role_setting d
JOIN pg_catalog.pg_roles r ON r.oid = d.setrole
CROSS JOIN LATERAL unnest(d.setconfig) AS s (config)
WHERE d.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
UNION ALL
SELECT 'role', rolname, concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' END, 'limit', rolconnlimit,
       CASE WHEN rolsuper OR rolbypassrls THEN 'sees everything' END)
FROM pg_catalog.pg_roles
WHERE has_database_privilege(oid, current_database(), 'CONNECT')
  AND rolname ~ '^(customer|order|shipping)_(user|worker|relay)$|^quenty_operator$'
  AND EXISTS (SELECT FROM pg_catalog.pg_db_role_setting d WHERE d.setrole = pg_roles.oid AND d.setdatabase =
              (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()));
