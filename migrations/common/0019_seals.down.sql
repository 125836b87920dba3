DO $$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW ev.shape WITH (security_invoker = true) AS '
        || replace(pg_get_viewdef('ev.shape'), '(user|worker|relay|sealer)', '(user|worker|relay)');
END
$$;

DROP TABLE ev.seal_publication;
DROP TABLE ev.seal;

-- As 0004: the role goes with the last database that needs it.
DO $$
DECLARE
    sealer CONSTANT text := current_setting('ev.service') || '_sealer';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = sealer) THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', sealer, current_database());
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA ev FROM %I', sealer);
    EXECUTE format('REVOKE ALL ON SCHEMA ev FROM %I', sealer);
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM %I', current_database(), sealer);
    BEGIN
        EXECUTE format('DROP ROLE %I', sealer);
    EXCEPTION
        WHEN dependent_objects_still_exist THEN NULL;   -- another database uses it
        WHEN undefined_object THEN NULL;                -- another way back was quicker
    END;
END
$$;
