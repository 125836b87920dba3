-- Seals: signed Merkle checkpoints over the outbox, by which somebody who has kept one can tell whether a
-- row below it was changed, removed or added since, whoever did it. A seal is of the rows with seq up to
-- last_seq, in order; how a row becomes a leaf stands in libevents/flow/leaf.h.
--
-- One line: each seal says which one it goes on from, and none is gone on from twice, so of two sealers
-- that begin at one seal only the first commits. frontier holds the roots of the full trees that the tree
-- is made of, the largest first: with it the next seal needs no row of this one.
CREATE TABLE ev.seal (
    size          bigint NOT NULL,                  -- rows
    previous_size bigint NOT NULL,                  -- 0: it is the first
    last_seq      bigint NOT NULL,
    sealed_at     timestamptz NOT NULL DEFAULT transaction_timestamp(),
    root          bytea NOT NULL,
    frontier      bytea NOT NULL,
    note          text COLLATE "C" NOT NULL,        -- the checkpoint, as it was signed (C2SP signed-note)
    CONSTRAINT seal_pkey PRIMARY KEY (size),
    CONSTRAINT seal_previous_key UNIQUE (previous_size),
    CONSTRAINT seal_last_seq_key UNIQUE (last_seq),
    CONSTRAINT seal_grows CHECK (previous_size >= 0 AND size > previous_size AND last_seq > 0),
    CONSTRAINT seal_root CHECK (octet_length(root) = 32),
    CONSTRAINT seal_frontier CHECK (octet_length(frontier) = 32 * bit_count(int8send(size))),
    CONSTRAINT seal_note CHECK (note <> '')
);

-- Which seals are known to be on their topic. A seal without a row here is published by the next sealer.
CREATE TABLE ev.seal_publication (
    size         bigint NOT NULL,
    published_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    CONSTRAINT seal_publication_pkey PRIMARY KEY (size),
    CONSTRAINT seal_publication_size_fkey FOREIGN KEY (size) REFERENCES ev.seal (size)
);

-- <service>_sealer: a job that reads the outbox and adds seals. It changes and deletes nothing, and what it
-- adds gets the database's time.
DO $$
DECLARE
    sealer CONSTANT text := current_setting('ev.service') || '_sealer';
    setting record;
    what text;
BEGIN
    BEGIN
        EXECUTE format('CREATE ROLE %I LOGIN', sealer);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;                   -- another database of the cluster has it already
    END;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), sealer);
    FOR setting IN
        SELECT * FROM (VALUES
            ('jit', 'off'),
            ('synchronous_commit', 'on'),
            ('search_path', 'public'),
            ('timezone', 'UTC'),
            ('application_name', 'quenty-sealer'),
            ('statement_timeout', '60s'),
            ('lock_timeout', '5s'),
            ('idle_in_transaction_session_timeout', '10s')) AS s (name, value)
    LOOP
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
                       sealer, current_database(), setting.name, setting.value);
    END LOOP;
    FOREACH what IN ARRAY ARRAY[
        'USAGE ON SCHEMA ev',
        'SELECT ON ev.outbox, ev.dictionary, ev.source, ev.relay_position, ev.seal, ev.seal_publication',
        'INSERT (size, previous_size, last_seq, root, frontier, note) ON ev.seal',
        'INSERT (size) ON ev.seal_publication']
    LOOP
        EXECUTE format('GRANT %s TO %I', what, sealer);
    END LOOP;
END
$$;

-- The operator may seal by hand.
GRANT SELECT ON ev.seal, ev.seal_publication TO quenty_operator;
GRANT INSERT (size, previous_size, last_seq, root, frontier, note) ON ev.seal TO quenty_operator;
GRANT INSERT (size) ON ev.seal_publication TO quenty_operator;

-- The new role is among those that a database should have.
DO $$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW ev.shape WITH (security_invoker = true) AS '
        || replace(pg_get_viewdef('ev.shape'), '(user|worker|relay)', '(user|worker|relay|sealer)');
END
$$;
