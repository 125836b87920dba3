-- What is wrong with schemas ev and ops, or with what all databases share: (object, problem). No rows:
-- nothing. The list is written by migrations/tools/expected.
WITH expected (kind, object, detail, profile) AS (VALUES
-- list
    ('column', 'ev.attempt.group_name', 'text not null', 'any'),
    ('column', 'ev.attempt.offset', 'bigint not null', 'any'),
    ('column', 'ev.attempt.partition', 'integer not null', 'any'),
    ('column', 'ev.attempt.topic', 'text not null', 'any'),
    ('column', 'ev.attempt.tries', 'integer not null', 'any'),
    ('column', 'ev.consumer_offset.fingerprint', 'bytea', 'any'),
    ('column', 'ev.consumer_offset.group_name', 'text not null', 'any'),
    ('column', 'ev.consumer_offset.halted_at', 'timestamp with time zone', 'any'),
    ('column', 'ev.consumer_offset.halted_reason', 'text', 'any'),
    ('column', 'ev.consumer_offset.next_offset', 'bigint not null', 'any'),
    ('column', 'ev.consumer_offset.owner_epoch', 'bigint not null', 'any'),
    ('column', 'ev.consumer_offset.partition', 'integer not null', 'any'),
    ('column', 'ev.consumer_offset.topic', 'text not null', 'any'),
    ('column', 'ev.consumer_offset.unclean', 'integer not null', 'any'),
    ('column', 'ev.dead_letter.created_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.dead_letter.detail', 'text not null', 'any'),
    ('column', 'ev.dead_letter.group_name', 'text not null', 'any'),
    ('column', 'ev.dead_letter.headers', 'bytea not null', 'any'),
    ('column', 'ev.dead_letter.key', 'bytea', 'any'),
    ('column', 'ev.dead_letter.offset', 'bigint not null', 'any'),
    ('column', 'ev.dead_letter.partition', 'integer not null', 'any'),
    ('column', 'ev.dead_letter.reason', 'text not null', 'any'),
    ('column', 'ev.dead_letter.seq', 'bigint not null', 'any'),
    ('column', 'ev.dead_letter.topic', 'text not null', 'any'),
    ('column', 'ev.dead_letter.value', 'bytea', 'any'),
    ('column', 'ev.dictionary.id', 'smallint not null', 'any'),
    ('column', 'ev.dictionary.name', 'text not null', 'any'),
    ('column', 'ev.inbox_a.content_hash', 'bytea not null', 'any'),
    ('column', 'ev.inbox_a.event_id', 'text not null', 'any'),
    ('column', 'ev.inbox_a.received_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.inbox_a.source', 'text not null', 'any'),
    ('column', 'ev.inbox_b.content_hash', 'bytea not null', 'any'),
    ('column', 'ev.inbox_b.event_id', 'text not null', 'any'),
    ('column', 'ev.inbox_b.received_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.inbox_b.source', 'text not null', 'any'),
    ('column', 'ev.inbox_generation.current', 'text not null', 'any'),
    ('column', 'ev.inbox_generation.only_row', 'boolean not null', 'any'),
    ('column', 'ev.inbox_generation.since', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.inbox_mark.group_name', 'text not null', 'any'),
    ('column', 'ev.inbox_mark.last_sequence', 'bigint not null', 'any'),
    ('column', 'ev.inbox_mark.partition', 'integer not null', 'any'),
    ('column', 'ev.inbox_mark.source', 'text not null', 'any'),
    ('column', 'ev.inbox_mark.topic', 'text not null', 'any'),
    ('column', 'ev.intervention.acted_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.intervention.action', 'text not null', 'any'),
    ('column', 'ev.intervention.actor', 'text not null', 'any'),
    ('column', 'ev.intervention.aggregate', 'text', 'any'),
    ('column', 'ev.intervention.client', 'text not null', 'any'),
    ('column', 'ev.intervention.dead_letter', 'bigint', 'any'),
    ('column', 'ev.intervention.detail', 'text not null', 'any'),
    ('column', 'ev.intervention.group_name', 'text not null', 'any'),
    ('column', 'ev.intervention.offset', 'bigint not null', 'any'),
    ('column', 'ev.intervention.partition', 'integer not null', 'any'),
    ('column', 'ev.intervention.reason', 'text not null', 'any'),
    ('column', 'ev.intervention.seq', 'bigint not null', 'any'),
    ('column', 'ev.intervention.topic', 'text not null', 'any'),
    ('column', 'ev.outbox.causation_id', 'text', 'any'),
    ('column', 'ev.outbox.causation_source', 'text', 'any'),
    ('column', 'ev.outbox.correlation_id', 'text', 'any'),
    ('column', 'ev.outbox.event_id', 'uuid not null', 'any'),
    ('column', 'ev.outbox.key', 'text not null', 'any'),
    ('column', 'ev.outbox.outcome', 'smallint', 'any'),
    ('column', 'ev.outbox.payload', 'bytea not null', 'any'),
    ('column', 'ev.outbox.recorded_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.outbox.schema_id', 'integer not null', 'any'),
    ('column', 'ev.outbox.seq', 'bigint not null', 'any'),
    ('column', 'ev.outbox.source_id', 'smallint not null', 'any'),
    ('column', 'ev.outbox.subject', 'text not null', 'any'),
    ('column', 'ev.outbox.topic', 'smallint not null', 'any'),
    ('column', 'ev.outbox.traceparent', 'text', 'any'),
    ('column', 'ev.outbox.tracestate', 'text', 'any'),
    ('column', 'ev.outbox.type', 'smallint not null', 'any'),
    ('column', 'ev.outbox_gap.from_seq', 'bigint not null', 'any'),
    ('column', 'ev.outbox_gap.name', 'text not null', 'any'),
    ('column', 'ev.outbox_gap.seen_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.outbox_gap.to_seq', 'bigint not null', 'any'),
    ('column', 'ev.parked.aggregate', 'text not null', 'any'),
    ('column', 'ev.parked.attempts', 'integer not null', 'any'),
    ('column', 'ev.parked.deadline', 'timestamp with time zone', 'any'),
    ('column', 'ev.parked.detail', 'text not null', 'any'),
    ('column', 'ev.parked.group_name', 'text not null', 'any'),
    ('column', 'ev.parked.headers', 'bytea not null', 'any'),
    ('column', 'ev.parked.key', 'bytea', 'any'),
    ('column', 'ev.parked.offset', 'bigint not null', 'any'),
    ('column', 'ev.parked.parked_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.parked.partition', 'integer not null', 'any'),
    ('column', 'ev.parked.reason', 'text not null', 'any'),
    ('column', 'ev.parked.redrive', 'boolean not null', 'any'),
    ('column', 'ev.parked.subject', 'text', 'any'),
    ('column', 'ev.parked.topic', 'text not null', 'any'),
    ('column', 'ev.parked.value', 'bytea', 'any'),
    ('column', 'ev.relay_position.chain', 'jsonb not null', 'any'),
    ('column', 'ev.relay_position.epoch', 'bigint not null', 'any'),
    ('column', 'ev.relay_position.name', 'text not null', 'any'),
    ('column', 'ev.relay_position.seq', 'bigint not null', 'any'),
    ('column', 'ev.relay_position.updated_at', 'timestamp with time zone not null', 'any'),
    ('column', 'ev.request.content_hash', 'bytea not null', 'any'),
    ('column', 'ev.request.event_id', 'text not null', 'any'),
    ('column', 'ev.request.natural_key', 'text not null', 'any'),
    ('column', 'ev.request.outcome_event_id', 'uuid not null', 'any'),
    ('column', 'ev.request.outcome_type', 'text not null', 'any'),
    ('column', 'ev.request.type', 'text not null', 'any'),
    ('column', 'ev.source.source_id', 'smallint not null', 'any'),
    ('column', 'ev.source.uri', 'text not null', 'any'),
    ('constraint', 'ev.attempt.attempt_offset_check', 'c', 'any'),
    ('constraint', 'ev.attempt.attempt_partition_check', 'c', 'any'),
    ('constraint', 'ev.attempt.attempt_pkey', 'p', 'any'),
    ('constraint', 'ev.attempt.attempt_tries_check', 'c', 'any'),
    ('constraint', 'ev.consumer_offset.consumer_offset_halted', 'c', 'any'),
    ('constraint', 'ev.consumer_offset.consumer_offset_next_offset_check', 'c', 'any'),
    ('constraint', 'ev.consumer_offset.consumer_offset_owner_epoch_check', 'c', 'any'),
    ('constraint', 'ev.consumer_offset.consumer_offset_partition_check', 'c', 'any'),
    ('constraint', 'ev.consumer_offset.consumer_offset_pkey', 'p', 'any'),
    ('constraint', 'ev.consumer_offset.consumer_offset_unclean_check', 'c', 'any'),
    ('constraint', 'ev.dead_letter.dead_letter_offset_check', 'c', 'any'),
    ('constraint', 'ev.dead_letter.dead_letter_partition_check', 'c', 'any'),
    ('constraint', 'ev.dead_letter.dead_letter_pkey', 'p', 'any'),
    ('constraint', 'ev.dictionary.dictionary_id_check', 'c', 'any'),
    ('constraint', 'ev.dictionary.dictionary_name_check', 'c', 'any'),
    ('constraint', 'ev.dictionary.dictionary_name_key', 'u', 'any'),
    ('constraint', 'ev.dictionary.dictionary_pkey', 'p', 'any'),
    ('constraint', 'ev.inbox_a.inbox_a_pkey', 'p', 'any'),
    ('constraint', 'ev.inbox_b.inbox_b_pkey', 'p', 'any'),
    ('constraint', 'ev.inbox_generation.inbox_generation_current_check', 'c', 'any'),
    ('constraint', 'ev.inbox_generation.inbox_generation_only_row_check', 'c', 'any'),
    ('constraint', 'ev.inbox_generation.inbox_generation_pkey', 'p', 'any'),
    ('constraint', 'ev.inbox_mark.inbox_mark_last_sequence_check', 'c', 'any'),
    ('constraint', 'ev.inbox_mark.inbox_mark_partition_check', 'c', 'any'),
    ('constraint', 'ev.inbox_mark.inbox_mark_pkey', 'p', 'any'),
    ('constraint', 'ev.intervention.intervention_action', 'c', 'any'),
    ('constraint', 'ev.intervention.intervention_pkey', 'p', 'any'),
    ('constraint', 'ev.intervention.intervention_place', 'c', 'any'),
    ('constraint', 'ev.intervention.intervention_reason', 'c', 'any'),
    ('constraint', 'ev.outbox.outbox_outcome', 'c', 'any'),
    ('constraint', 'ev.outbox.outbox_pkey', 'p', 'any'),
    ('constraint', 'ev.outbox_gap.outbox_gap_name_fkey', 'f', 'any'),
    ('constraint', 'ev.outbox_gap.outbox_gap_pkey', 'p', 'any'),
    ('constraint', 'ev.outbox_gap.outbox_gap_range', 'c', 'any'),
    ('constraint', 'ev.parked.parked_attempts_check', 'c', 'any'),
    ('constraint', 'ev.parked.parked_offset_check', 'c', 'any'),
    ('constraint', 'ev.parked.parked_partition_check', 'c', 'any'),
    ('constraint', 'ev.parked.parked_pkey', 'p', 'any'),
    ('constraint', 'ev.relay_position.relay_position_chain_check', 'c', 'any'),
    ('constraint', 'ev.relay_position.relay_position_epoch_check', 'c', 'any'),
    ('constraint', 'ev.relay_position.relay_position_name_check', 'c', 'any'),
    ('constraint', 'ev.relay_position.relay_position_pkey', 'p', 'any'),
    ('constraint', 'ev.relay_position.relay_position_seq_check', 'c', 'any'),
    ('constraint', 'ev.request.request_pkey', 'p', 'any'),
    ('constraint', 'ev.source.source_pkey', 'p', 'any'),
    ('constraint', 'ev.source.source_source_id_check', 'c', 'any'),
    ('constraint', 'ev.source.source_uri_check', 'c', 'any'),
    ('constraint', 'ev.source.source_uri_key', 'u', 'any'),
    ('function', 'ev.current_source_uri(text)', 'invoker', 'any'),
    ('function', 'ev.grant_tables()', 'invoker', 'any'),
    ('function', 'ev.headers(bytea)', 'invoker', 'any'),
    ('function', 'ev.isolate_companies(regclass, text, text, boolean)', 'invoker', 'any'),
    ('function', 'ev.make_outbox_partitions(integer, bigint)', 'definer', 'any'),
    ('function', 'ev.name_ids(text[])', 'definer', 'any'),
    ('function', 'ev.open_tables()', 'invoker', 'any'),
    ('function', 'ev.rotate_inbox(interval)', 'definer', 'any'),
    ('function', 'ev.source_id(text)', 'definer', 'any'),
    ('function', 'ev.stamp_updates(regclass)', 'invoker', 'any'),
    ('function', 'ops.slow_query_rows()', 'invoker', 'any'),
    ('function', 'public.keep_updated_at_column()', 'invoker', 'any'),
    ('function', 'public.update_updated_at_column()', 'invoker', 'any'),
    ('index', 'ev.intervention_dead_letter', '', 'any'),
    ('index', 'ev.parked_aggregate', '', 'any'),
    ('index', 'ev.parked_deadline', '', 'any'),
    ('index', 'ev.parked_redrive', '', 'any'),
    ('role', 'quenty_operator', 'login limit -1', 'any'),
    ('sequence', 'ev.dead_letter_seq_seq', '', 'any'),
    ('sequence', 'ev.intervention_seq_seq', '', 'any'),
    ('sequence', 'ev.outbox_seq_seq', '', 'any'),
    ('setting', 'quenty_operator TimeZone', 'UTC', 'any'),
    ('setting', 'quenty_operator application_name', 'quenty-operator', 'any'),
    ('setting', 'quenty_operator idle_in_transaction_session_timeout', '30s', 'any'),
    ('setting', 'quenty_operator jit', 'off', 'any'),
    ('setting', 'quenty_operator lock_timeout', '2s', 'any'),
    ('setting', 'quenty_operator search_path', 'public', 'any'),
    ('setting', 'quenty_operator statement_timeout', '60s', 'any'),
    ('setting', 'quenty_operator synchronous_commit', 'on', 'any'),
    ('table', 'ev.attempt', 'open', 'any'),
    ('table', 'ev.consumer_offset', 'open', 'any'),
    ('table', 'ev.dead_letter', 'open', 'any'),
    ('table', 'ev.dictionary', 'open', 'any'),
    ('table', 'ev.inbox_a', 'open', 'any'),
    ('table', 'ev.inbox_b', 'open', 'any'),
    ('table', 'ev.inbox_generation', 'open', 'any'),
    ('table', 'ev.inbox_mark', 'open', 'any'),
    ('table', 'ev.intervention', 'open', 'any'),
    ('table', 'ev.outbox', 'open', 'any'),
    ('table', 'ev.outbox_gap', 'open', 'any'),
    ('table', 'ev.parked', 'open', 'any'),
    ('table', 'ev.relay_position', 'open', 'any'),
    ('table', 'ev.request', 'open', 'any'),
    ('table', 'ev.source', 'open', 'any'),
    ('view', 'ev.inbox', '', 'any'),
    ('view', 'ev.outbox_events', '', 'any'),
    ('view', 'ev.outbox_partition', '', 'any'),
    ('view', 'ev.shape', '', 'any'),
    ('view', 'ops.consumer_lag', '', 'any'),
    ('view', 'ops.dead_letters', '', 'any'),
    ('view', 'ops.id_headroom', '', 'any'),
    ('view', 'ops.oldest_unpublished', '', 'any'),
    ('view', 'ops.outbox_partitions', '', 'any'),
    ('view', 'ops.parked', '', 'any'),
    ('view', 'ops.slow_queries', '', 'any'),
    ('view', 'ops.waiting', '', 'any')
-- end
)
SELECT e.object, CASE WHEN s.object IS NULL THEN 'missing ' || e.kind
                      ELSE format('%s is %L, expected %L', e.kind, s.detail, e.detail) END AS problem
FROM expected e
LEFT JOIN ev.shape s USING (kind, object)
WHERE s.detail IS DISTINCT FROM e.detail
ORDER BY 1, 2;

-- Commits fail when the outbox has no partition for the next number.
SELECT 'ev.outbox' AS object, format('%s whole partitions ahead, at least 2 needed', count(*) FILTER (WHERE ahead))
    AS problem
FROM ops.outbox_partitions
HAVING count(*) FILTER (WHERE ahead) < 2;

SELECT inhrelid::regclass::text AS object, 'a DEFAULT partition: it must be locked for each new one' AS problem
FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = 'ev.outbox'::regclass AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT';

-- The relay's proof: nobody but the owner reaches the numbers, or writes past the parent.
SELECT c.oid::regclass::text AS object, r.rolname || ' may write here' AS problem
FROM pg_class c
JOIN pg_roles r ON r.rolname ~ '_(user|worker|relay|operator)$' AND NOT r.rolsuper
WHERE (c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'ev.outbox'::regclass)
       AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
   OR (c.oid IN ('ev.outbox'::regclass, 'ev.dead_letter'::regclass)
       AND has_table_privilege(r.oid, c.oid, 'UPDATE, DELETE, TRUNCATE'))
   OR (c.relkind = 'S' AND c.oid IN ('ev.outbox_seq_seq'::regclass, 'ev.dead_letter_seq_seq'::regclass)
       AND has_sequence_privilege(r.oid, c.oid, 'USAGE, UPDATE'));

SELECT s.seqrelid::regclass::text AS object, 'CACHE is not 1: a hole says nothing then' AS problem
FROM pg_sequence s
WHERE s.seqrelid IN ('ev.outbox_seq_seq'::regclass, 'ev.dead_letter_seq_seq'::regclass) AND s.seqcache <> 1;

SELECT 'max_prepared_transactions' AS object, 'must be 0: a prepared transaction stops the relay for ever' AS problem
WHERE current_setting('max_prepared_transactions') <> '0';

-- A table that a tenant-scoped role can reach needs row-level security that binds its owner, too.
SELECT c.oid::regclass::text AS object, r.rolname || ' sees all rows: no forced row-level security' AS problem
FROM pg_class c
JOIN pg_roles r ON r.rolname IN ('customer_user', 'order_user', 'shipping_user')
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND (c.relforcerowsecurity OR c.relispartition OR EXISTS (
      SELECT FROM pg_policies p           -- read-only reference data
      WHERE (p.schemaname, p.tablename, p.policyname, p.cmd, p.qual) =
            ('public', c.relname, 'company_isolation', 'SELECT', 'true'))))
  AND has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE');
