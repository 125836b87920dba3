-- Functions of schema ev. Those that do what their caller may not do himself are SECURITY DEFINER
-- with a fixed search_path: the schema's owner acts, and a caller cannot slip in tables of his own.

-- Ids of topic and type names, given on first sight. A worker asks once at start, in one statement:
--     SELECT name, id FROM ev.name_ids($1)
-- Ids are counted, not drawn from a sequence: with ON CONFLICT DO NOTHING each start would burn as
-- many numbers as there are names, and a smallint would be used up after some hundred starts. The
-- lock is taken only when a name is missing; readers are never held up.
CREATE FUNCTION ev.name_ids(names text[]) RETURNS TABLE (name text, id smallint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM unnest(names) n WHERE n NOT IN (SELECT d.name FROM ev.dictionary d)) THEN
        LOCK TABLE ev.dictionary IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO ev.dictionary (id, name)
        SELECT (SELECT coalesce(max(d.id), 0) FROM ev.dictionary d)
                   + row_number() OVER (ORDER BY missing.n), missing.n
        FROM (SELECT DISTINCT n FROM unnest(names) n) missing
        WHERE NOT EXISTS (SELECT FROM ev.dictionary d WHERE d.name = missing.n);
    END IF;
    RETURN QUERY
    SELECT d.name, d.id FROM ev.dictionary d WHERE d.name = ANY (names);
END
$$;

-- The id of a ce_source, given on first sight.
CREATE FUNCTION ev.source_id(source_uri text) RETURNS smallint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_id smallint := (SELECT s.source_id FROM ev.source s WHERE s.uri = source_uri);
BEGIN
    IF found_id IS NULL THEN
        LOCK TABLE ev.source IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO ev.source (source_id, uri)
        SELECT coalesce(max(s.source_id), 0) + 1, source_uri FROM ev.source s
        HAVING NOT coalesce(bool_or(s.uri = source_uri), false);
        found_id := (SELECT s.source_id FROM ev.source s WHERE s.uri = source_uri);
    END IF;
    RETURN found_id;
END
$$;

-- ce_source of what is recorded now: /quenty/<database>/<system identifier>/<timeline>. The timeline
-- is taken from the WAL that is being written; the control file would tell it only at the next
-- checkpoint after a promotion.
CREATE FUNCTION ev.current_source_uri(database text DEFAULT current_database()) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('/quenty/%s/%s/%s', database, system_identifier,
                  ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer)
    FROM pg_control_system()
$$;

-- Makes outbox partitions until `ahead` whole ones lie beyond the last number given; says how many it
-- made. Called by the migration, by workers now and then, and by hand. Existing ones keep their size
-- when `step` changes, for each begins where the last one ends.
--
-- CREATE TABLE … PARTITION OF would lock the parent against everybody; LIKE + CHECK + ATTACH takes
-- SHARE UPDATE EXCLUSIVE only, which is also what keeps two callers apart. The CHECK stays: a
-- detached partition still says what it holds. There is no DEFAULT partition: it would have to be
-- locked and searched at each ATTACH.
--
-- Vacuum comes when a partition is half full and again later, and freezes at once: nobody touches
-- these rows again, so nothing is left for an anti-wraparound vacuum to rewrite.
CREATE FUNCTION ev.make_outbox_partitions(ahead integer, step bigint DEFAULT 1000000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last_given bigint;
    next_lower bigint;
    beyond     integer;
    made       integer := 0;
BEGIN
    IF ahead NOT BETWEEN 1 AND 64 OR step NOT BETWEEN 1000 AND 1000000000 THEN
        RAISE EXCEPTION 'ahead is 1 to 64 and step 1000 to 1000000000, not % and %', ahead, step
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE ev.outbox IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO last_given
    FROM ev.outbox_seq_seq;
    SELECT greatest(coalesce(max(p.upper_seq), 1), last_given + 1),
           count(*) FILTER (WHERE p.lower_seq > last_given)
    INTO next_lower, beyond
    FROM ev.outbox_partition p;
    WHILE beyond < ahead LOOP
        EXECUTE format('CREATE TABLE ev.%I (LIKE ev.outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
            'INCLUDING INDEXES INCLUDING STORAGE, CONSTRAINT outbox_range CHECK (seq >= %s AND seq < %s)) '
            'WITH (fillfactor = 100, toast_tuple_target = 4080, autovacuum_freeze_min_age = 0, '
            'autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = %s)',
            'outbox_' || next_lower, next_lower, next_lower + step, step / 2);
        EXECUTE format('ALTER TABLE ev.outbox ATTACH PARTITION ev.%I FOR VALUES FROM (%s) TO (%s)',
            'outbox_' || next_lower, next_lower, next_lower + step);
        next_lower := next_lower + step;
        beyond := beyond + 1;
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- The outbox's partitions and what they hold: seq from lower_seq up to, not including, upper_seq.
CREATE VIEW ev.outbox_partition WITH (security_invoker = true) AS
SELECT
    c.oid::regclass AS partition,
    bound.part[1]::bigint AS lower_seq,
    bound.part[2]::bigint AS upper_seq
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    'FROM \(''?(\d+)''?\) TO \(''?(\d+)''?\)') AS bound (part)
WHERE i.inhparent = 'ev.outbox'::regclass;

SELECT ev.make_outbox_partitions(4);

-- Forgets the older inbox generation when the current one is a week old; says whether it did. Workers
-- call it now and then; most calls read one row and go home.
--
-- A claim is one statement that reads ev.inbox_generation, inserts into the current table and looks
-- into the other; so it holds locks on both until it commits. Both are locked here before anything
-- changes: no claim of the old generation can be under way unseen while one of the new generation
-- looks for it, and a claim that has waited for us takes its snapshot afterwards and sees the new
-- current table. (Should their locks cross, the deadlock detector ends one of the two, which is then
-- tried again; once a week.) Each id is known for one to two weeks; ingress topics keep records for one.
CREATE FUNCTION ev.rotate_inbox(age interval DEFAULT '7 days') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    due CONSTANT timestamptz := CURRENT_TIMESTAMP - greatest(age, interval '7 days');
BEGIN
    IF NOT EXISTS (SELECT FROM ev.inbox_generation g WHERE g.since <= due) THEN
        RETURN false;
    END IF;
    LOCK TABLE ev.inbox_a, ev.inbox_b IN ACCESS EXCLUSIVE MODE;
    UPDATE ev.inbox_generation g
    SET current = CASE g.current WHEN 'a' THEN 'b' ELSE 'a' END, since = CURRENT_TIMESTAMP
    WHERE g.since <= due;
    IF NOT FOUND THEN
        RETURN false;           -- another worker was first
    END IF;
    IF (SELECT g.current FROM ev.inbox_generation g) = 'a' THEN
        TRUNCATE ev.inbox_a;
    ELSE
        TRUNCATE ev.inbox_b;
    END IF;
    RETURN true;
END
$$;

-- Headers of a parked or dead record, as people read them. The column holds, for each header in its
-- order: length of the name, name, length of the value, value; lengths are 4 bytes, big-endian, and
-- −1 is a null value. Kafka allows any bytes and any name twice, which rules out jsonb. Bytes that
-- are not printable ASCII are shown as in bytea's escape format.
CREATE FUNCTION ev.headers(headers bytea) RETURNS TABLE (name text, value text)
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Reads a length: ('x' || eight hex digits)::bit(32)::integer is two's complement, as written.
    at          integer := 1;
    part_length integer;
BEGIN
    WHILE at <= octet_length(headers) LOOP
        part_length := ('x' || encode(substr(headers, at, 4), 'hex'))::bit(32)::integer;
        name := encode(substr(headers, at + 4, part_length), 'escape');
        at := at + 4 + part_length;
        part_length := ('x' || encode(substr(headers, at, 4), 'hex'))::bit(32)::integer;
        value := CASE WHEN part_length >= 0
                      THEN encode(substr(headers, at + 4, part_length), 'escape') END;
        at := at + 4 + greatest(part_length, 0);
        RETURN NEXT;
    END LOOP;
END
$$;

-- A definer's function belongs to those it is granted to, not to everybody.
REVOKE EXECUTE ON FUNCTION ev.name_ids(text[]), ev.source_id(text), ev.rotate_inbox(interval),
    ev.make_outbox_partitions(integer, bigint) FROM PUBLIC;

-- The time of a change made by hand. Workers set updated_at themselves, to the ce_time of the last
-- fact that touched the row; then this function must keep away, or a rebuilt row would get today's
-- date. ev.now may hold the time to use, else it is the start of the transaction.
CREATE FUNCTION public.update_updated_at_column() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('ev.updated_at_given', true) = 'yes' THEN
        PERFORM set_config('ev.updated_at_given', '', true);
    ELSE
        NEW.updated_at := coalesce(nullif(current_setting('ev.now', true), '')::timestamptz,
                                   CURRENT_TIMESTAMP);
    END IF;
    RETURN NEW;
END
$$;

-- An UPDATE that sets updated_at to the value it had looks, in NEW and OLD, like one that does not set
-- it; two facts of one transaction, folded one after the other, do exactly that. A trigger declared
-- UPDATE OF updated_at knows the difference, and leaves word for the one above, which comes next for
-- the same row because triggers fire in the order of their names (keep_… before update_…).
CREATE FUNCTION public.keep_updated_at_column() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('ev.updated_at_given', 'yes', true);
    RETURN NEW;
END
$$;

-- Gives a table both triggers. Where updated_at changes, as in every update by a worker, neither calls
-- a function: the conditions are tested without.
CREATE FUNCTION ev.stamp_updates(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    short_name CONSTANT text := (SELECT relname FROM pg_class WHERE oid = target);
BEGIN
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OF updated_at ON %s FOR EACH ROW '
        'WHEN (NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at) '
        'EXECUTE FUNCTION public.keep_updated_at_column()', 'keep_' || short_name || '_updated_at', target);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %s FOR EACH ROW '
        'WHEN (NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at) '
        'EXECUTE FUNCTION public.update_updated_at_column()', 'update_' || short_name || '_updated_at', target);
END
$$;
