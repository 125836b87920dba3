-- What the files of cases are written with. Everything, from here on, is one transaction that nobody
-- commits; and each case undoes what it did.
\set QUIET on
SET client_min_messages = error;
BEGIN;
CREATE SCHEMA cases;

-- Runs `setup` as it is, then `statement` in the shoes of a role and with a tenant's company set, and
-- takes it all back. Answers the SQLSTATE, with the constraint's name where one was violated, or '00000'
-- and the first column of the first row.
CREATE FUNCTION cases.outcome(statement text, setup text, as_role text, company text, query boolean)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer     text;
    state      text;
    constraint_name text;
    message    text;
BEGIN
    BEGIN
        IF setup IS NOT NULL THEN
            EXECUTE setup;
        END IF;
        PERFORM set_config('app.current_company_id', company, true) WHERE company IS NOT NULL;
        PERFORM set_config('role', as_role, true) WHERE as_role IS NOT NULL;
        IF query THEN
            EXECUTE statement INTO answer;
        ELSE
            EXECUTE statement;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'CASES', MESSAGE = coalesce(answer, '(null)');
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, constraint_name = CONSTRAINT_NAME,
            message = MESSAGE_TEXT;
    END;
    IF state = 'CASES' THEN
        RETURN CASE WHEN query THEN message ELSE '00000' END;
    END IF;
    RETURN rtrim(state || ' ' || constraint_name)
        || CASE WHEN state LIKE '23%' THEN '' ELSE ' (' || message || ')' END;
END
$$;

CREATE FUNCTION cases.fails(promise text, expected text, statement text, as_role text DEFAULT NULL,
                            company text DEFAULT NULL, setup text DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN got = expected OR got LIKE expected || ' %' THEN 'ok ' || regexp_replace(promise, '\s+', ' ', 'g')
                ELSE format('not ok %s: expected %s, got %s', regexp_replace(promise, '\s+', ' ', 'g'), expected, got) END
    FROM cases.outcome(statement, setup, as_role, company, false) got
$$;

CREATE FUNCTION cases.passes(promise text, statement text, as_role text DEFAULT NULL,
                             company text DEFAULT NULL, setup text DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$ SELECT cases.fails(promise, '00000', statement, as_role, company, setup) $$;

CREATE FUNCTION cases.gives(promise text, expected text, statement text, as_role text DEFAULT NULL,
                            company text DEFAULT NULL, setup text DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN got = expected THEN 'ok ' || regexp_replace(promise, '\s+', ' ', 'g')
                ELSE format('not ok %s: expected %s, got %s', regexp_replace(promise, '\s+', ' ', 'g'), expected, got) END
    FROM cases.outcome(statement, setup, as_role, company, true) got
$$;

-- Refuses NULL in each of the columns "table.column column …"; each table has rows.
CREATE FUNCTION cases.refuse_null(table_name text, columns text)
RETURNS SETOF text LANGUAGE sql AS $$
    SELECT cases.fails(format('%s.%s is never null', table_name, c), '23502',
                       format('UPDATE %s SET %I = NULL', table_name, c))
    FROM regexp_split_to_table(columns, '\s+') c
$$;

-- What a tenant-scoped role can do with a table that has rows of companies A and B: see `own` rows as A,
-- none without a company, none of B's by naming them; change no row into B's (`steal` is an UPDATE).
CREATE FUNCTION cases.isolates(table_name text, tenant text, own integer, steal text DEFAULT NULL)
RETURNS SETOF text LANGUAGE sql AS $$
    SELECT cases.gives(table_name || ': a tenant sees its own rows', own::text,
                       format('SELECT count(*) FROM %s', table_name), tenant, 'A')
    UNION ALL
    SELECT cases.gives(table_name || ': a tenant with an empty company sees nothing', '0',
                       format('SELECT count(*) FROM %s', table_name), tenant, '')
    UNION ALL
    SELECT cases.gives(table_name || ': a tenant that never set a company sees nothing', '0',
                       format('SELECT count(*) FROM %s', table_name), tenant)
    UNION ALL
    SELECT cases.gives(table_name || ': the owner is bound, too', 'true',
                       format('SELECT relforcerowsecurity FROM pg_class WHERE oid = %L::regclass', table_name))
    UNION ALL
    SELECT cases.gives(table_name || ': the worker sees all companies', 'true',
                       format('SELECT count(*) > %s FROM %s', own, table_name),
                       replace(tenant, '_user', '_worker'))
    UNION ALL
    SELECT cases.fails(table_name || ': a tenant cannot give rows away or take them', '42501', steal, tenant, 'A')
    WHERE steal IS NOT NULL
$$;

-- An outdated row to look at, and updates that do or do not set updated_at.
CREATE FUNCTION cases.stamps(table_name text, harmless text)
RETURNS SETOF text LANGUAGE sql AS $$
    SELECT cases.gives(table_name || ': an update by hand gets the transaction''s time', 'true',
        format('SELECT bool_and(updated_at = CURRENT_TIMESTAMP) FROM %s', table_name), setup =>
        format('UPDATE %1$s SET updated_at = ''2025-03-01''; UPDATE %1$s SET %2$s', table_name, harmless))
    UNION ALL
    SELECT cases.gives(table_name || ': or the time in ev.now', 'true',
        format('SELECT bool_and(updated_at = ''2025-03-02Z'') FROM %s', table_name), setup =>
        format('UPDATE %1$s SET updated_at = ''2025-03-01''; SET LOCAL ev.now = ''2025-03-02Z''; '
               'UPDATE %1$s SET %2$s', table_name, harmless))
    UNION ALL
    SELECT cases.gives(table_name || ': a time that the statement sets stays', 'true',
        format('SELECT bool_and(updated_at = ''2025-03-03'') FROM %s', table_name), setup =>
        format('UPDATE %1$s SET updated_at = ''2025-03-03'', %2$s', table_name, harmless))
    UNION ALL
    SELECT cases.gives(table_name || ': also when it is the time it had', 'true',
        format('SELECT bool_and(updated_at = ''2025-03-03'') FROM %s', table_name), setup =>
        format('UPDATE %1$s SET updated_at = ''2025-03-03''; '
               'UPDATE %1$s SET updated_at = ''2025-03-03'', %2$s', table_name, harmless))
    UNION ALL
    SELECT cases.gives(table_name || ': and the next update by hand is stamped again', 'true',
        format('SELECT bool_and(updated_at = CURRENT_TIMESTAMP) FROM %s', table_name), setup =>
        format('UPDATE %1$s SET updated_at = ''2025-03-03''; '
               'UPDATE %1$s SET updated_at = ''2025-03-03'', %2$s; UPDATE %1$s SET %2$s', table_name, harmless))
$$;
