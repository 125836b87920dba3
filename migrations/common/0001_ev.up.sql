-- Schema ev: what the library keeps beside the domain's tables, in every database.
--
-- Auditors query these tables, so their names and columns are a promise. Text keys are COLLATE "C":
-- they are identifiers, compared byte by byte, and their indexes survive a change of the system's
-- collation rules.

CREATE SCHEMA ev;

-- Names of topics and event types, each given once, so that an outbox row carries two smallints
-- instead of some sixty bytes of text. Ids are given by ev.name_ids and never change.
CREATE TABLE ev.dictionary (
    id   smallint PRIMARY KEY CHECK (id > 0),
    name text COLLATE "C" NOT NULL UNIQUE CHECK (name <> '')
);

-- Who recorded an outbox row: database, system identifier and timeline as one URI (ce_source). A new
-- row begins at each fail-over or restore, so that facts of a lost timeline can be told from ours.
CREATE TABLE ev.source (
    source_id smallint PRIMARY KEY CHECK (source_id > 0),
    uri       text COLLATE "C" NOT NULL UNIQUE CHECK (uri <> '')
);

-- Facts, in the transaction that made them true. Append-only: nobody may UPDATE or DELETE, and what
-- is past retention goes partition by partition. The columns of fixed width stand first, so that no
-- row has padding inside.
--
-- seq has CACHE 1 and GENERATED ALWAYS because the relay reasons about holes: a number missing while
-- its writer is gone will never come, which is true only if numbers are drawn one by one, late, and
-- by nobody else.
CREATE TABLE ev.outbox (
    seq              bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    recorded_at      timestamptz NOT NULL DEFAULT transaction_timestamp(),
    event_id         uuid NOT NULL,
    schema_id        integer NOT NULL,
    source_id        smallint NOT NULL,             -- ev.source
    topic            smallint NOT NULL,             -- ev.dictionary
    type             smallint NOT NULL,             -- ev.dictionary
    outcome          smallint,                      -- 1 accepted, 2 refused, 3 repeated, null: not an outcome
    key              text COLLATE "C" NOT NULL,
    subject          text COLLATE "C" NOT NULL,
    correlation_id   text COLLATE "C",
    causation_id     text COLLATE "C",
    causation_source text COLLATE "C",
    traceparent      text COLLATE "C",
    tracestate       text COLLATE "C",
    payload          bytea NOT NULL,                -- Avro, unframed
    CONSTRAINT outbox_pkey PRIMARY KEY (seq),
    CONSTRAINT outbox_outcome CHECK (outcome BETWEEN 1 AND 3)
) PARTITION BY RANGE (seq);

-- Avro is dense already: compressing it costs time and saves nothing. PLAIN would refuse rows above
-- a page, and a fact may have 900 KiB.
ALTER TABLE ev.outbox ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Where a relay stands. chain holds the last seq of each (source_id, topic, partition), saved in the
-- same UPDATE, so that ce_previoussequence needs no look back. The row is updated all the time: it
-- has a page nearly for itself (HOT) and stays out of TOAST.
CREATE TABLE ev.relay_position (
    name       text COLLATE "C" PRIMARY KEY CHECK (name IN ('outbox', 'dead_letter')),
    seq        bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    epoch      bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    chain      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(chain) = 'object')
) WITH (fillfactor = 10, toast_tuple_target = 8160,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE ev.relay_position ALTER COLUMN chain SET STORAGE EXTERNAL;
INSERT INTO ev.relay_position (name, updated_at)
VALUES ('outbox', '2025-01-22T00:00:00Z'), ('dead_letter', '2025-01-22T00:00:00Z');

-- Numbers of an identity column that will never come: their transactions rolled back.
CREATE TABLE ev.outbox_gap (
    name     text COLLATE "C" NOT NULL REFERENCES ev.relay_position (name),
    from_seq bigint NOT NULL,
    to_seq   bigint NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT outbox_gap_pkey PRIMARY KEY (name, from_seq),
    CONSTRAINT outbox_gap_range CHECK (from_seq > 0 AND to_seq >= from_seq)
);

-- How far a lane is applied. next_offset −2 means: from the beginning, nothing read yet. Updated once
-- a batch for each lane, by primary key only, so every update can be HOT.
CREATE TABLE ev.consumer_offset (
    group_name    text COLLATE "C" NOT NULL,
    topic         text COLLATE "C" NOT NULL,
    partition     integer NOT NULL CHECK (partition >= 0),
    next_offset   bigint NOT NULL DEFAULT -2 CHECK (next_offset >= 0 OR next_offset = -2),
    owner_epoch   bigint NOT NULL DEFAULT 0 CHECK (owner_epoch >= 0),
    unclean       integer NOT NULL DEFAULT 0 CHECK (unclean >= 0),
    halted_reason text,
    halted_at     timestamptz,
    fingerprint   bytea,
    CONSTRAINT consumer_offset_pkey PRIMARY KEY (group_name, topic, partition),
    CONSTRAINT consumer_offset_halted CHECK ((halted_reason IS NULL) = (halted_at IS NULL))
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Events of foreign producers already seen, in two generations: claim into the current one, look into
-- the other (ev.rotate_inbox says how the two stay exact). Two tables, because a table partitioned by
-- time could not have (event_id, source) as its key. event_id first: it is the selective column.
CREATE TABLE ev.inbox_a (
    source       text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    content_hash bytea NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT transaction_timestamp(),
    CONSTRAINT inbox_a_pkey PRIMARY KEY (event_id, source)
);
CREATE TABLE ev.inbox_b (
    source       text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    content_hash bytea NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT transaction_timestamp(),
    CONSTRAINT inbox_b_pkey PRIMARY KEY (event_id, source)
);
CREATE VIEW ev.inbox WITH (security_invoker = true) AS
SELECT source, event_id, content_hash, received_at FROM ev.inbox_a
UNION ALL
SELECT source, event_id, content_hash, received_at FROM ev.inbox_b;

-- Which generation is current: one row.
CREATE TABLE ev.inbox_generation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    current  text COLLATE "C" NOT NULL CHECK (current IN ('a', 'b')),
    since    timestamptz NOT NULL
);
INSERT INTO ev.inbox_generation (current, since) VALUES ('a', CURRENT_TIMESTAMP);

-- The last ce_sequence seen of our own facts, for each lane and source.
CREATE TABLE ev.inbox_mark (
    group_name    text COLLATE "C" NOT NULL,
    source        text COLLATE "C" NOT NULL,
    topic         text COLLATE "C" NOT NULL,
    partition     integer NOT NULL CHECK (partition >= 0),
    last_sequence bigint NOT NULL CHECK (last_sequence >= 0),
    CONSTRAINT inbox_mark_pkey PRIMARY KEY (group_name, source, topic, partition)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Records set aside: with a deadline they wait for something not yet known and hold up nobody;
-- without one they wait for a person, and their aggregate waits with them, in order of offset.
-- headers is a sequence of (name, value), see ev.headers.
CREATE TABLE ev.parked (
    group_name text COLLATE "C" NOT NULL,
    topic      text COLLATE "C" NOT NULL,
    partition  integer NOT NULL CHECK (partition >= 0),
    "offset"   bigint NOT NULL CHECK ("offset" >= 0),
    subject    text,
    key        bytea,
    headers    bytea NOT NULL,
    value      bytea,
    aggregate  text COLLATE "C" NOT NULL,
    reason     text NOT NULL,
    detail     text NOT NULL DEFAULT '',
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    deadline   timestamptz,
    redrive    boolean NOT NULL DEFAULT false,
    parked_at  timestamptz NOT NULL DEFAULT transaction_timestamp(),
    CONSTRAINT parked_pkey PRIMARY KEY (group_name, topic, partition, "offset")
) WITH (fillfactor = 70);
ALTER TABLE ev.parked ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX parked_aggregate ON ev.parked (aggregate, group_name, topic, partition, "offset");
CREATE INDEX parked_redrive ON ev.parked (group_name, topic, partition, "offset") WHERE redrive;
CREATE INDEX parked_deadline ON ev.parked (deadline) WHERE deadline IS NOT NULL;

-- Records that can never be applied. The relay sends them with the same loop as the outbox, so seq
-- keeps the same promise.
CREATE TABLE ev.dead_letter (
    seq        bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    created_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    "offset"   bigint NOT NULL CHECK ("offset" >= 0),
    partition  integer NOT NULL CHECK (partition >= 0),
    group_name text COLLATE "C" NOT NULL,
    topic      text COLLATE "C" NOT NULL,
    reason     text NOT NULL,
    detail     text NOT NULL DEFAULT '',
    key        bytea,
    headers    bytea NOT NULL,
    value      bytea,
    CONSTRAINT dead_letter_pkey PRIMARY KEY (seq)
);
ALTER TABLE ev.dead_letter ALTER COLUMN value SET STORAGE EXTERNAL;

-- Only for a lane under suspicion: how often a record was in hand when the worker died.
CREATE TABLE ev.attempt (
    group_name text COLLATE "C" NOT NULL,
    topic      text COLLATE "C" NOT NULL,
    partition  integer NOT NULL CHECK (partition >= 0),
    "offset"   bigint NOT NULL CHECK ("offset" >= 0),
    tries      integer NOT NULL DEFAULT 1 CHECK (tries > 0),
    CONSTRAINT attempt_pkey PRIMARY KEY (group_name, topic, partition, "offset")
);

-- Requests that were accepted, by what they ask for: what a repeat under a new id is recognised by.
-- natural_key first: an index that begins with the type was once read from end to end for each batch.
CREATE TABLE ev.request (
    natural_key      text COLLATE "C" NOT NULL,
    type             text COLLATE "C" NOT NULL,
    content_hash     bytea NOT NULL,
    event_id         text COLLATE "C" NOT NULL,
    outcome_event_id uuid NOT NULL,
    outcome_type     text COLLATE "C" NOT NULL,
    CONSTRAINT request_pkey PRIMARY KEY (natural_key, type, content_hash)
);

-- The outbox as people read it.
CREATE VIEW ev.outbox_events WITH (security_invoker = true) AS
SELECT
    o.seq,
    o.source_id,
    s.uri AS source,
    o.event_id,
    topic.name AS topic,
    type.name AS type,
    o.key,
    o.subject,
    o.schema_id,
    o.payload,
    o.correlation_id,
    o.causation_id,
    o.causation_source,
    CASE o.outcome WHEN 1 THEN 'accepted' WHEN 2 THEN 'refused' WHEN 3 THEN 'repeated' END AS outcome,
    o.traceparent,
    o.tracestate,
    o.recorded_at
FROM ev.outbox o
LEFT JOIN ev.source s ON s.source_id = o.source_id
LEFT JOIN ev.dictionary topic ON topic.id = o.topic
LEFT JOIN ev.dictionary type ON type.id = o.type;
