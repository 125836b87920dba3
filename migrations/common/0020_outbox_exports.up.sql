-- When a partition of the outbox may be dropped, and the exports that this depends on.
--
-- What was written to files, and where: eventctl export adds a row when an archive is whole. Append-only;
-- who and when are the database's word.
CREATE TABLE ev.outbox_export (
    id              bigint GENERATED ALWAYS AS IDENTITY,
    first_seq       bigint NOT NULL,
    last_seq        bigint NOT NULL,                -- of the range, both ends included
    exported_at     timestamptz NOT NULL DEFAULT transaction_timestamp(),
    actor           text COLLATE "C" NOT NULL DEFAULT session_user,
    client          text NOT NULL DEFAULT '',
    place           text NOT NULL,                  -- as the client called its folder
    manifest_sha256 bytea NOT NULL,
    CONSTRAINT outbox_export_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_export_range CHECK (first_seq > 0 AND last_seq >= first_seq),
    CONSTRAINT outbox_export_hash CHECK (octet_length(manifest_sha256) = 32)
);

-- How long facts stay in the database at least, and whether they have to be exported before they go. One
-- row. Its owner changes it; where the topics or another copy are what auditors read, wants_export is
-- false.
CREATE TABLE ev.outbox_retention (
    single       boolean NOT NULL DEFAULT true,
    keep         interval NOT NULL,
    wants_export boolean NOT NULL,
    CONSTRAINT outbox_retention_pkey PRIMARY KEY (single),
    CONSTRAINT outbox_retention_single CHECK (single),
    CONSTRAINT outbox_retention_keep CHECK (keep >= '1 day')
);
INSERT INTO ev.outbox_retention (keep, wants_export) VALUES ('30 days', true);

-- Every partition with what speaks against dropping it; refusal is null where nothing does. A partition
-- that eventctl outbox drop has begun with is still here: 'detaching' is pending since an interruption,
-- 'detached' is a table of its own, which says by its CHECK what it holds. Only what lies below all that
-- stays may go, so that what is left has no hole.
CREATE VIEW ops.outbox_drop WITH (security_invoker = true) AS
WITH found AS (
    SELECT format('%I.%I', n.nspname, c.relname) AS partition,
           CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'detaching'
                ELSE 'attached' END AS state,
           regexp_match(pg_get_constraintdef(k.oid), 'seq >= \D*(\d+)\D.*seq < \D*(\d+)') AS bound
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.conname = 'outbox_range'
    LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'ev.outbox'::regclass
    WHERE n.nspname = 'ev' AND c.relkind = 'r' AND c.relname ~ '^outbox_[0-9]+$'
), partition AS (
    SELECT f.partition, f.state, f.bound[1]::bigint AS lower_seq, f.bound[2]::bigint AS upper_seq
    FROM found f
), judged AS (
    SELECT p.*, last.recorded_at AS last_recorded_at, CASE
        WHEN position.seq < p.upper_seq - 1 THEN
            format('not published: the relay stands at %s', position.seq)
        WHEN retention.wants_export AND NOT coalesce(
            (SELECT range_agg(int8range(e.first_seq, e.last_seq, '[]')) FROM ev.outbox_export e)
            @> int8range(p.lower_seq, p.upper_seq), false) THEN
            'not exported: call eventctl export'
        WHEN last.recorded_at > CURRENT_TIMESTAMP - retention.keep THEN
            format('not past retention: its last fact is of %s, and is kept for %s',
                to_char(last.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), retention.keep)
        END AS refusal
    FROM partition p
    CROSS JOIN ev.relay_position position
    CROSS JOIN ev.outbox_retention retention
    LEFT JOIN LATERAL (SELECT o.recorded_at FROM ev.outbox o
        WHERE o.seq >= p.lower_seq AND o.seq < p.upper_seq ORDER BY o.seq DESC LIMIT 1) last ON true
    WHERE position.name = 'outbox'
)
SELECT j.partition, j.lower_seq, j.upper_seq, j.state, j.last_recorded_at,
       coalesce(j.refusal, CASE WHEN count(j.refusal) OVER below > 0 THEN 'an earlier one stays' END) AS refusal
FROM judged j
WINDOW below AS (ORDER BY j.lower_seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY j.lower_seq;

GRANT SELECT ON ev.outbox_export, ev.outbox_retention, ops.outbox_drop TO quenty_operator;
GRANT INSERT (first_seq, last_seq, manifest_sha256, place, client) ON ev.outbox_export TO quenty_operator;
