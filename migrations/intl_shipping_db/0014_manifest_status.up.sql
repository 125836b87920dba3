-- A manifest's states, as one table: each row is a step that some event takes.
CREATE FUNCTION manifest_steps() RETURNS TABLE (old_status text, new_status text)
LANGUAGE sql IMMUTABLE AS $$
VALUES
    ('draft', 'draft'),                 -- revised
    ('draft', 'submitted'),
    ('draft', 'rejected'),
    ('submitted', 'approved'),
    ('submitted', 'rejected'),
    ('approved', 'shipped'),
    ('approved', 'rejected'),
    ('rejected', 'draft'),              -- revised, when the rejection was retryable
    ('rejected', 'rejected'),           -- becomes final
    ('shipped', 'delivered')
$$;

-- The trigger refuses what is not *reachable*, because two steps may be saved as one update. The closure
-- is worked out here, once, and written into the trigger's function.
DO $$
DECLARE
    reachable text[];
BEGIN
    WITH RECURSIVE reach AS (
        SELECT old_status, new_status FROM manifest_steps()
        UNION
        SELECT reach.old_status, step.new_status
        FROM reach JOIN manifest_steps() step ON step.old_status = reach.new_status
    )
    SELECT array_agg(old_status || '>' || new_status ORDER BY old_status, new_status)
    INTO reachable FROM reach;
    EXECUTE format($function$
        CREATE FUNCTION refuse_manifest_status() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
        BEGIN
            IF OLD.status || '>' || NEW.status <> ALL (%L::text[]) THEN
                RAISE EXCEPTION 'manifest %% is %% and cannot become %%',
                    OLD.unique_id, OLD.status, NEW.status
                    USING ERRCODE = 'check_violation', TABLE = 'manifests',
                          CONSTRAINT = 'manifests_status_path';
            END IF;
            RETURN NEW;
        END
        $body$ $function$, reachable);
END
$$;

CREATE TRIGGER manifests_status_path BEFORE UPDATE ON manifests FOR EACH ROW
    WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION refuse_manifest_status();
