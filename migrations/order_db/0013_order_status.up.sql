-- An order's states, as one table: each row is a step that some event takes. Programs and tests compare
-- theirs with this one.
CREATE FUNCTION order_steps() RETURNS TABLE (old_status text, new_status text)
LANGUAGE sql IMMUTABLE AS $$
VALUES
    ('pending', 'confirmed'),
    ('pending', 'cancelled'),
    ('confirmed', 'processing'),
    ('confirmed', 'cancelled'),
    ('processing', 'shipped'),
    ('processing', 'cancelled'),
    ('shipped', 'in_transit'),
    ('shipped', 'delivered'),
    ('in_transit', 'delivered')
$$;

-- Two steps may meet in one batch and be saved as one update, so the trigger refuses what is not
-- *reachable*. The closure is worked out here, once, and written into the trigger's function: a look
-- into a table would cost every update of an order a query.
DO $$
DECLARE
    reachable text[];
BEGIN
    WITH RECURSIVE reach AS (
        SELECT old_status, new_status FROM order_steps()
        UNION
        SELECT reach.old_status, step.new_status
        FROM reach JOIN order_steps() step ON step.old_status = reach.new_status
    )
    SELECT array_agg(old_status || '>' || new_status ORDER BY old_status, new_status)
    INTO reachable FROM reach;
    EXECUTE format($function$
        CREATE FUNCTION refuse_order_status() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
        BEGIN
            IF OLD.status || '>' || NEW.status <> ALL (%L::text[]) THEN
                RAISE EXCEPTION 'order %% is %% and cannot become %%',
                    OLD.order_number, OLD.status, NEW.status
                    USING ERRCODE = 'check_violation', TABLE = 'orders', CONSTRAINT = 'orders_status_path';
            END IF;
            RETURN NEW;
        END
        $body$ $function$, reachable);
END
$$;

CREATE TRIGGER orders_status_path BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION refuse_order_status();
