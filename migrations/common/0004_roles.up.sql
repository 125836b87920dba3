-- Roles of this service, what they may do in schemas ev and ops, and the settings of their sessions.
-- Rights on the domain's tables are given where those are made.
--
-- Roles belong to the cluster and are shared by its databases: each is made if it is missing, also
-- when two databases are migrated at one time, and an existing one is left as it is. None has a
-- password here; how a role proves who it is (peer, certificate, password) is the installation's.

-- user: applications, reports, support; row-level security shows them one company (the original
--       schema's roles, with the size of its connection pool as their limit)
-- worker: one session a process; serves all companies
-- relay: reads outbox and dead letters, keeps its position, ends a session that holds up the outbox
-- quenty_operator: a person; one role for all databases
DO $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    role record;
BEGIN
    IF service NOT IN ('customer', 'order', 'shipping') THEN
        RAISE EXCEPTION 'ev.service is customer, order or shipping, not %', service;
    END IF;
    FOR role IN
        SELECT * FROM (VALUES
            (service || '_user', 'LOGIN CONNECTION LIMIT 20'),
            (service || '_worker', 'LOGIN'),
            (service || '_relay', 'LOGIN'),
            ('quenty_operator', 'LOGIN')) AS r (name, options)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', role.name, role.options);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;               -- another database of the cluster has it already
        END;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role.name);
    END LOOP;
END
$$;

-- The relay looks up who holds a lock on the outbox and may end him; the operator reads statistics.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT * FROM (VALUES
            ('pg_signal_backend', current_setting('ev.service') || '_relay'),
            ('pg_read_all_stats', current_setting('ev.service') || '_relay'),
            ('pg_read_all_stats', 'quenty_operator')) AS m (of_role, name)
    LOOP
        BEGIN
            EXECUTE format('GRANT %I TO %I', member.of_role, member.name);
        EXCEPTION WHEN unique_violation THEN
            NULL;               -- granted by another database's migration in this moment
        END;
    END LOOP;
END
$$;

-- Session settings. In every role: no JIT (a batch's statements are far too short for it), durable
-- commits (with synchronous_commit off a crash may lose a row whose fact is on the topic already, and
-- give its number away again), bounded waits. A worker that is stopped inside a transaction is cut
-- off after 3 s; lock_timeout is longer than that, so that those who wait for its rows get them.
-- Worker: plans that were made on an empty table and are right for a full one. Relay: a plan for each
-- page, for the same reason; and a leader that is stopped loses its session, and with it the
-- leadership, after 2 s.
DO $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    setting record;
BEGIN
    FOR setting IN
        SELECT r.name AS role, s.name, s.value
        FROM (VALUES
            ('every', 'jit', 'off'),
            ('every', 'synchronous_commit', 'on'),
            ('every', 'search_path', 'public'),
            ('every', 'timezone', 'UTC'),
            ('user', 'application_name', 'quenty_microservice'),
            ('user', 'statement_timeout', '60s'),
            ('user', 'lock_timeout', '5s'),
            ('user', 'idle_in_transaction_session_timeout', '10s'),
            ('worker', 'application_name', 'quenty-' || service),
            ('worker', 'statement_timeout', '30s'),
            ('worker', 'lock_timeout', '5s'),
            ('worker', 'idle_in_transaction_session_timeout', '3s'),
            ('worker', 'enable_seqscan', 'off'),
            ('worker', 'enable_hashjoin', 'off'),
            ('worker', 'enable_mergejoin', 'off'),
            ('worker', 'plan_cache_mode', 'force_generic_plan'),
            ('relay', 'application_name', 'quenty-relay'),
            ('relay', 'statement_timeout', '10s'),
            ('relay', 'lock_timeout', '2s'),
            ('relay', 'idle_in_transaction_session_timeout', '2s'),
            ('relay', 'idle_session_timeout', '2s'),
            ('relay', 'plan_cache_mode', 'force_custom_plan'),
            ('operator', 'application_name', 'quenty-operator'),
            ('operator', 'statement_timeout', '60s'),
            ('operator', 'lock_timeout', '2s'),
            ('operator', 'idle_in_transaction_session_timeout', '30s')) AS s (kind, name, value)
        JOIN (VALUES
            ('user', service || '_user'),
            ('worker', service || '_worker'),
            ('relay', service || '_relay'),
            ('operator', 'quenty_operator')) AS r (kind, name) ON s.kind IN (r.kind, 'every')
    LOOP
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
                       setting.role, current_database(), setting.name, setting.value);
    END LOOP;
END
$$;

-- Rights. On the outbox and the dead letters: INSERT through the parent only, and into every column
-- but seq, so that OVERRIDING SYSTEM VALUE is refused too; no right on partitions or on the sequence,
-- none to change or delete.
DO $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    grants record;
BEGIN
    FOR grants IN
        SELECT g.what, r.name AS role
        FROM (VALUES
            ('worker', 'USAGE ON SCHEMA ev'),
            ('worker', 'SELECT ON ev.dictionary, ev.source, ev.outbox, ev.dead_letter, ev.inbox, '
                       'ev.inbox_generation, ev.relay_position'),
            ('worker', 'INSERT (recorded_at, event_id, schema_id, source_id, topic, type, outcome, key, '
                       'subject, correlation_id, causation_id, causation_source, traceparent, '
                       'tracestate, payload) ON ev.outbox'),
            ('worker', 'INSERT (created_at, "offset", partition, group_name, topic, reason, detail, '
                       'key, headers, value) ON ev.dead_letter'),
            ('worker', 'SELECT, INSERT, UPDATE ON ev.consumer_offset, ev.inbox_mark'),
            ('worker', 'SELECT, INSERT ON ev.inbox_a, ev.inbox_b, ev.request'),
            ('worker', 'UPDATE (event_id, outcome_event_id, outcome_type) ON ev.request'),
            ('worker', 'SELECT, INSERT, UPDATE, DELETE ON ev.parked, ev.attempt'),
            ('worker', 'EXECUTE ON FUNCTION ev.name_ids(text[]), ev.source_id(text), '
                       'ev.make_outbox_partitions(integer, bigint), ev.rotate_inbox(interval)'),
            ('relay', 'USAGE ON SCHEMA ev'),
            ('relay', 'SELECT ON ev.dictionary, ev.source, ev.outbox, ev.outbox_events, ev.dead_letter'),
            ('relay', 'SELECT, UPDATE ON ev.relay_position'),
            ('relay', 'SELECT, INSERT ON ev.outbox_gap'),
            ('operator', 'USAGE ON SCHEMA ev, ops'),
            ('operator', 'SELECT ON ALL TABLES IN SCHEMA ev'),
            ('operator', 'SELECT ON ALL TABLES IN SCHEMA ops'),
            ('operator', 'SELECT ON ALL SEQUENCES IN SCHEMA ev'),
            ('operator', 'EXECUTE ON FUNCTION ev.make_outbox_partitions(integer, bigint)'),
            ('operator', 'INSERT, UPDATE, DELETE ON ev.parked'),
            ('operator', 'UPDATE (next_offset, owner_epoch, unclean, halted_reason, halted_at, '
                         'fingerprint) ON ev.consumer_offset'),
            ('operator', 'UPDATE (last_sequence) ON ev.inbox_mark'),
            ('operator', 'DELETE ON ev.attempt')) AS g (kind, what)
        JOIN (VALUES
            ('worker', service || '_worker'),
            ('relay', service || '_relay'),
            ('operator', 'quenty_operator')) AS r (kind, name) USING (kind)
    LOOP
        EXECUTE format('GRANT %s TO %I', grants.what, grants.role);
    END LOOP;
    -- The version table is the migrator's; programs look into it when they start.
    IF to_regclass('public.schema_version_' || service) IS NOT NULL THEN
        EXECUTE format('GRANT SELECT ON public.%I TO %I, %I, quenty_operator',
            'schema_version_' || service, service || '_worker', service || '_relay');
    END IF;
END
$$;

-- Puts a table under row-level security, in one way for all tables of all services:
--   company_isolation: the service's tenant-scoped role sees and writes rows for which `visible` holds,
--       and no others. `visible` says :company where the session's company is meant. That is NULL when
--       app.current_company_id was never set, or is '' as SET LOCAL leaves it behind, so that nothing
--       is visible then. It stands in a sub-select, which is evaluated once a statement, not a row.
--   worker_access: the worker serves all companies and checks the company by its own rules.
--   operator_access: reading only, for the tables that views in schema ops are made of.
-- FORCE binds the table's owner as well; not where everybody may read everything, for later migrations
-- have to mend such tables. `writable` may be narrower than `visible`; NULL makes the table read-only
-- for tenants.
CREATE FUNCTION ev.isolate_companies(target regclass, visible text, writable text,
                                     operator_reads boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    company CONSTANT text := '(SELECT nullif(current_setting(''app.current_company_id'', true), ''''))';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    IF visible <> 'true' THEN
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    END IF;
    IF writable IS NULL THEN
        EXECUTE format('CREATE POLICY company_isolation ON %s FOR SELECT TO %I USING (%s)',
            target, service || '_user', replace(visible, ':company', company));
    ELSE
        EXECUTE format('CREATE POLICY company_isolation ON %s FOR ALL TO %I USING (%s) WITH CHECK (%s)',
            target, service || '_user', replace(visible, ':company', company),
            replace(writable, ':company', company));
    END IF;
    EXECUTE format('CREATE POLICY worker_access ON %s FOR ALL TO %I USING (true) WITH CHECK (true)',
        target, service || '_worker');
    IF operator_reads THEN
        EXECUTE format('CREATE POLICY operator_access ON %s FOR SELECT TO quenty_operator USING (true)',
            target);
        EXECUTE format('GRANT SELECT ON %s TO quenty_operator', target);
    END IF;
END
$$;

-- The rights of the original schema document, for both roles that write the domain's tables, now and
-- for tables to come: what a role sees of them is row-level security's part. A table that comes later
-- must be given ev.isolate_companies in the migration that makes it; verify.sql reports it otherwise.
-- The version table is no domain's table.
CREATE FUNCTION ev.grant_tables() RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    writers CONSTANT text := format('%I, %I', service || '_user', service || '_worker');
    command text;
BEGIN
    FOREACH command IN ARRAY ARRAY[
        'GRANT USAGE ON SCHEMA public TO %1$s, quenty_operator',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %1$s',
        'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %1$s',
        'GRANT UPDATE ON ALL SEQUENCES IN SCHEMA public TO %2$I',
        'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %1$s',
        'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO %1$s',
        'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT UPDATE ON SEQUENCES TO %2$I']
    LOOP
        EXECUTE format(command, writers, service || '_worker');
    END LOOP;
    IF to_regclass('public.schema_version_' || service) IS NOT NULL THEN
        EXECUTE format('REVOKE ALL ON public.%I FROM %s', 'schema_version_' || service, writers);
        EXECUTE format('GRANT SELECT ON public.%I TO %I', 'schema_version_' || service,
                       service || '_worker');
    END IF;
END
$$;

-- The way back of the two above, for a database whose tables are about to be dropped.
CREATE FUNCTION ev.open_tables() RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    writers CONSTANT text := format('%I, %I', service || '_user', service || '_worker');
    policy record;
BEGIN
    FOR policy IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP POLICY %I ON %I', policy.policyname, policy.tablename);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
                       policy.tablename);
    END LOOP;
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %s, quenty_operator', writers);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM %s', writers);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM %s', writers);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM %s', writers);
END
$$;

-- Tools of migrations only.
REVOKE EXECUTE ON FUNCTION ev.stamp_updates(regclass), ev.grant_tables(), ev.open_tables(),
    ev.isolate_companies(regclass, text, text, boolean) FROM PUBLIC;
