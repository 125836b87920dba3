DROP VIEW ops.slow_queries;
DROP FUNCTION ops.slow_query_rows();

-- Only where it is ours: an extension that somebody made elsewhere stays.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
               WHERE e.extname = 'pg_stat_statements' AND n.nspname = 'ops') THEN
        DROP EXTENSION pg_stat_statements;
    END IF;
END
$$;

DROP VIEW ops.id_headroom, ops.outbox_partitions, ops.dead_letters, ops.waiting, ops.parked,
    ops.oldest_unpublished, ops.consumer_lag;
DROP SCHEMA ops;
