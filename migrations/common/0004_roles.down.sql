DROP FUNCTION ev.open_tables();
DROP FUNCTION ev.grant_tables();
DROP FUNCTION ev.isolate_companies(regclass, text, text, boolean);

-- Takes back every right and setting in this database; drops a role when no other database of the
-- cluster needs it. Not DROP OWNED: that would also take back its rights on other databases.
DO $$
DECLARE
    service CONSTANT text := current_setting('ev.service');
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[service || '_user', service || '_worker', service || '_relay',
                                     'quenty_operator']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            CONTINUE;
        END IF;
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', role_name, current_database());
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA ev, ops, public FROM %I', role_name);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA ev, public FROM %I', role_name);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ev FROM %I', role_name);
        EXECUTE format('REVOKE ALL ON SCHEMA ev, ops, public FROM %I', role_name);
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM %I', current_database(), role_name);
        BEGIN
            EXECUTE format('DROP ROLE %I', role_name);
        EXCEPTION
            WHEN dependent_objects_still_exist THEN NULL;   -- another database uses it
            WHEN undefined_object THEN NULL;                -- another way back was quicker
        END;
    END LOOP;
END
$$;
