-- Schema ops: views for people with psql. They show what the database itself knows; lag against the
-- end of a topic is Kafka's to tell. security_invoker: who may not read a table learns nothing of it
-- through a view either.

CREATE SCHEMA ops;

-- Each lane, how far it is applied, and whether it stands still; halted ones first.
CREATE VIEW ops.consumer_lag WITH (security_invoker = true) AS
SELECT
    group_name,
    topic,
    partition,
    nullif(next_offset, -2) AS next_offset,
    halted_reason IS NOT NULL AS halted,
    halted_reason,
    CURRENT_TIMESTAMP - halted_at AS halted_for,
    owner_epoch,
    unclean
FROM ev.consumer_offset
ORDER BY halted_reason IS NULL, group_name, topic, partition;

-- What each relay has yet to publish: its first row, and how long that has been waiting. rows_at_most
-- counts numbers, holes included.
CREATE VIEW ops.oldest_unpublished WITH (security_invoker = true) AS
SELECT
    p.name,
    p.seq AS published_seq,
    oldest.seq AS oldest_seq,
    CURRENT_TIMESTAMP - oldest.recorded_at AS waiting_for,
    coalesce(newest.seq - p.seq, 0) AS rows_at_most,
    CURRENT_TIMESTAMP - p.updated_at AS position_age
FROM ev.relay_position p
LEFT JOIN LATERAL (
    (SELECT o.seq, o.recorded_at FROM ev.outbox o
     WHERE p.name = 'outbox' AND o.seq > p.seq ORDER BY o.seq LIMIT 1)
    UNION ALL
    (SELECT d.seq, d.created_at FROM ev.dead_letter d
     WHERE p.name = 'dead_letter' AND d.seq > p.seq ORDER BY d.seq LIMIT 1)
) oldest ON true
LEFT JOIN LATERAL (
    (SELECT o.seq FROM ev.outbox o
     WHERE p.name = 'outbox' AND o.seq > p.seq ORDER BY o.seq DESC LIMIT 1)
    UNION ALL
    (SELECT d.seq FROM ev.dead_letter d
     WHERE p.name = 'dead_letter' AND d.seq > p.seq ORDER BY d.seq DESC LIMIT 1)
) newest ON true;

-- Records that wait for a person; held counts the later records of the same aggregate behind each.
CREATE VIEW ops.parked WITH (security_invoker = true) AS
SELECT
    group_name,
    topic,
    partition,
    "offset",
    aggregate,
    subject,
    reason,
    detail,
    attempts,
    redrive,
    CURRENT_TIMESTAMP - parked_at AS parked_for,
    count(*) OVER (PARTITION BY group_name, topic, partition, aggregate
                   ORDER BY "offset" DESC) - 1 AS held
FROM ev.parked
WHERE deadline IS NULL
ORDER BY parked_at, group_name, topic, partition, "offset";

-- Records that wait for something not yet known.
CREATE VIEW ops.waiting WITH (security_invoker = true) AS
SELECT
    group_name,
    topic,
    partition,
    "offset",
    aggregate,
    subject,
    reason,
    detail,
    attempts,
    deadline - CURRENT_TIMESTAMP AS left_to_wait,
    CURRENT_TIMESTAMP - parked_at AS waiting_for
FROM ev.parked
WHERE deadline IS NOT NULL
ORDER BY deadline;

-- Records that could never be applied, newest first.
CREATE VIEW ops.dead_letters WITH (security_invoker = true) AS
SELECT
    d.seq,
    d.created_at,
    d.group_name,
    d.topic,
    d.partition,
    d."offset",
    d.reason,
    d.detail,
    encode(d.key, 'escape') AS key,
    octet_length(d.value) AS value_bytes,
    d.seq <= p.seq AS published
FROM ev.dead_letter d
LEFT JOIN ev.relay_position p ON p.name = 'dead_letter'
ORDER BY d.seq DESC;

-- How many whole outbox partitions lie ahead of the last number given. None left: every commit fails.
CREATE VIEW ops.outbox_partitions WITH (security_invoker = true) AS
SELECT
    p.partition,
    p.lower_seq,
    p.upper_seq,
    p.upper_seq - 1 <= position.seq AS published,
    p.lower_seq > coalesce(s.last_value, 0) AS ahead
FROM ev.outbox_partition p
CROSS JOIN pg_catalog.pg_sequences s
CROSS JOIN ev.relay_position position
WHERE s.schemaname = 'ev' AND s.sequencename = 'outbox_seq_seq' AND position.name = 'outbox'
ORDER BY p.lower_seq;

-- The tables' ids are integers, as the original schema document has them: two thousand million each.
-- Fullest first; act long before 1.
CREATE VIEW ops.id_headroom WITH (security_invoker = true) AS
SELECT
    schemaname || '.' || sequencename AS sequence,
    last_value,
    max_value,
    round(coalesce(last_value, 0)::numeric / max_value, 6) AS used
FROM pg_catalog.pg_sequences
WHERE schemaname IN ('public', 'ev')
ORDER BY used DESC;

-- pg_stat_statements, where the server has it and this role may create it. In schema ops, so that the
-- way back knows which extension is ours.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA ops;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
    RAISE NOTICE 'pg_stat_statements is not available (%); ops.slow_queries stays empty', SQLERRM;
END
$$;

-- The slowest statements of this database. A function with dynamic SQL stands beneath the view because
-- the extension may be missing, may lie in any schema, may come later, and may be there without being
-- loaded by the server: in all these cases the view exists and has no rows.
CREATE FUNCTION ops.slow_query_rows() RETURNS TABLE (
    query text, calls bigint, total_exec_time double precision, mean_exec_time double precision,
    rows bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                  WHERE e.extname = 'pg_stat_statements');
BEGIN
    IF home IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT query, calls, total_exec_time, mean_exec_time, rows FROM %I.pg_stat_statements '
        'WHERE mean_exec_time > 100 '
        'AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) '
        'ORDER BY mean_exec_time DESC LIMIT 10', home);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RETURN;
END
$$;

CREATE VIEW ops.slow_queries WITH (security_invoker = true) AS
SELECT query, calls, total_exec_time, mean_exec_time, rows FROM ops.slow_query_rows();
