-- Schemas ev and ops, and the roles: the same in every database.
SELECT CASE WHEN to_regclass('users') IS NOT NULL THEN 'customer'
            WHEN to_regclass('orders') IS NOT NULL THEN 'order' ELSE 'shipping' END AS service \gset
\set worker '''':service'_worker'''
\set relay '''':service'_relay'''
\set tenant '''':service'_user'''
\set sealer '''':service'_sealer'''
SELECT set_config('cases.row', $$(event_id, schema_id, source_id, topic, type, key, subject, payload)
    VALUES (gen_random_uuid(), 700001, 1, 1, 2, 'k', 's', '')$$, true) AS row \gset

-- The outbox. What a case does to a sequence is not taken back, so it is set anew after such cases.
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.gives('outbox: a worker announces, at the start of its transaction', 'true',
    'SELECT recorded_at = CURRENT_TIMESTAMP AND seq = 1 FROM ev.outbox', setup => 'SET LOCAL ROLE ' || :worker
    || '; INSERT INTO ev.outbox ' || :'row');
SELECT cases.fails('outbox: a worker may not ' || what, '42501', statement, :worker)
FROM (VALUES
    ('choose a number', 'INSERT INTO ev.outbox (seq, event_id) OVERRIDING SYSTEM VALUE VALUES (5, gen_random_uuid())'),
    ('change a row', 'UPDATE ev.outbox SET key = ''x'''),
    ('delete a row', 'DELETE FROM ev.outbox'),
    ('empty it', 'TRUNCATE ev.outbox'),
    ('lock it', 'LOCK TABLE ev.outbox IN SHARE MODE'),
    ('write into a partition', 'INSERT INTO ev.outbox_1 ' || :'row'),
    ('draw a number', 'SELECT nextval(''ev.outbox_seq_seq'')')) AS refused (what, statement);
SELECT cases.fails('outbox: seq is given, always', '428C9', 'INSERT INTO ev.outbox (seq, event_id) VALUES (5, gen_random_uuid())');
SELECT cases.fails('outbox: an outcome has a name', '23514 outbox_outcome',
    'INSERT INTO ev.outbox (outcome, event_id, schema_id, source_id, topic, type, key, subject, payload)
     VALUES (4, gen_random_uuid(), 700001, 1, 1, 2, ''k'', ''s'', '''')');
SELECT cases.gives('outbox: numbers are drawn one by one', '1',
    'SELECT seqcache::text FROM pg_sequence WHERE seqrelid = ''ev.outbox_seq_seq''::regclass');
SELECT cases.gives('outbox: payloads are not compressed', 'e',
    'SELECT DISTINCT attstorage::text FROM pg_attribute a JOIN ev.outbox_partition p ON p.partition = attrelid WHERE attname = ''payload''');
SELECT cases.gives('outbox: at least two whole partitions lie ahead', 'true',
    'SELECT count(*) FILTER (WHERE ahead) >= 2 FROM ops.outbox_partitions');
SELECT cases.gives('outbox: a worker makes those that are missing', '2',
    'SELECT ev.make_outbox_partitions(2)', :worker, setup => 'SELECT setval(''ev.outbox_seq_seq'', 3000001)');
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.gives('outbox: none when enough lie ahead', '0', 'SELECT ev.make_outbox_partitions(3)', :worker);
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.gives('outbox: another size begins where the last one ends', 'ev.outbox_4000001 4001001',
    'SELECT concat_ws('' '', partition, upper_seq) FROM ev.outbox_partition WHERE lower_seq = 4000001',
    setup => 'SELECT ev.make_outbox_partitions(5, 1000)');
SELECT cases.gives('outbox: partitions begin behind numbers that were lost for want of one', 'ev.outbox_9000001',
    'SELECT max(partition::text) FROM ev.outbox_partition WHERE lower_seq <= 9000001',
    setup => 'SELECT setval(''ev.outbox_seq_seq'', 9000000); SELECT ev.make_outbox_partitions(2)');
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.passes('outbox: a new partition takes rows', 'INSERT INTO ev.outbox ' || :'row', :worker,
    setup => 'SELECT setval(''ev.outbox_seq_seq'', 4000000); SELECT ev.make_outbox_partitions(2)');
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.fails('outbox: without a partition an INSERT fails', '23514', 'INSERT INTO ev.outbox ' || :'row', :worker,
    setup => 'SELECT setval(''ev.outbox_seq_seq'', 4000000)');
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.fails('outbox: partitions in reason', '22023', 'SELECT ev.make_outbox_partitions(65)', :worker);
SELECT cases.gives('outbox_events: names instead of numbers', '/quenty/x/1/1 topic type refused',
    'SELECT concat_ws('' '', source, topic, type, outcome) FROM ev.outbox_events', 'quenty_operator', setup => $$
    SELECT ev.source_id('/quenty/x/1/1');
    SELECT ev.name_ids('{topic}'); SELECT ev.name_ids('{type}');
    INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, outcome, key, subject, payload)
    VALUES (gen_random_uuid(), 700001, 1, 1, 2, 2, 'k', 's', '')$$);

-- Names, sources.
SELECT cases.gives('name_ids: each name once, whatever is asked again', '3 3',
    'SELECT concat_ws('' '', count(*), max(id)) FROM ev.name_ids(''{one,two,three,two}'')', :worker,
    setup => 'SELECT ev.name_ids(''{two,one}''); SELECT ev.name_ids(''{two,three}'')');
SELECT cases.gives('source_id: one id for a URI', '1 2 1',
    'SELECT concat_ws('' '', ev.source_id(''/a''), ev.source_id(''/b''), ev.source_id(''/a''))', :worker);
SELECT cases.gives('current_source_uri: database, system, timeline', 'true',
    'SELECT ev.current_source_uri(''order_db'') ~ ''^/quenty/order_db/[0-9]{19}/1$''', :worker);
SELECT cases.fails('nobody but the worker: ' || statement, '42501', statement, :tenant)
FROM (VALUES ('SELECT ev.name_ids(''{x}'')'), ('SELECT ev.source_id(''x'')'), ('SELECT ev.rotate_inbox()'),
             ('SELECT ev.make_outbox_partitions(4)'), ('SELECT * FROM ev.outbox'), ('SELECT * FROM ops.parked')) s (statement);

SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
-- The relay.
SELECT cases.passes('relay: ' || statement, statement, :relay)
FROM (VALUES ('SELECT * FROM ev.outbox_events'), ('SELECT * FROM ev.dead_letter'),
             ('UPDATE ev.relay_position SET seq = 1, epoch = epoch + 1, chain = ''{"1/1/0": 1}'''),
             ('INSERT INTO ev.outbox_gap (name, from_seq, to_seq) VALUES (''outbox'', 2, 3)'),
             ('SELECT virtualtransaction FROM pg_locks WHERE relation = ''ev.outbox''::regclass')) s (statement);
SELECT cases.fails('relay: never ' || statement, '42501', statement, :relay)
FROM (VALUES ('INSERT INTO ev.outbox ' || :'row'), ('UPDATE ev.outbox SET key = '''''),
             ('DELETE FROM ev.outbox_gap'), ('DELETE FROM ev.relay_position'), ('SELECT * FROM ev.intervention')) s (statement);
SELECT cases.gives('relay: may end a session', 'true', 'SELECT pg_has_role(' || quote_literal(:relay) || ', ''pg_signal_backend'', ''member'')');
SELECT cases.gives('relay_position: one row each', 'dead_letter outbox', 'SELECT string_agg(name, '' '' ORDER BY name) FROM ev.relay_position');

-- Seals.
SELECT set_config('cases.seal', $$INSERT INTO ev.seal (size, previous_size, last_seq, root, frontier, note)
    VALUES (3, 0, 5, sha256(''), sha256('') || sha256(''), 'n')$$, true) AS seal \gset
SELECT cases.gives('seal: a sealer adds one, at the database''s time', 'true', 'SELECT sealed_at = CURRENT_TIMESTAMP FROM ev.seal',
    :sealer, setup => 'SET LOCAL ROLE ' || :sealer || '; ' || :'seal' || '; INSERT INTO ev.seal_publication (size) VALUES (3)');
SELECT cases.passes('seal: a sealer reads ' || what, 'SELECT * FROM ' || what, :sealer)
FROM unnest('{ev.outbox,ev.dictionary,ev.source,ev.relay_position,ev.seal,ev.seal_publication}'::text[]) what;
SELECT cases.fails('seal: ' || role || ' never ' || statement, '42501', statement, role)
FROM (VALUES (:sealer), ('quenty_operator')) r (role), (VALUES
    ('UPDATE ev.seal SET note = ''x'''), ('DELETE FROM ev.seal'), ('TRUNCATE ev.seal'),
    ('UPDATE ev.seal_publication SET size = 1'), ('DELETE FROM ev.seal_publication'),
    ('INSERT INTO ev.seal (sealed_at, size, previous_size, last_seq, root, frontier, note) VALUES (now(), 3, 0, 5, '''', '''', '''')'),
    ('INSERT INTO ev.seal_publication VALUES (3, now())')) s (statement);
SELECT cases.fails('seal: a sealer never ' || statement, '42501', statement, :sealer)
FROM (VALUES ('INSERT INTO ev.outbox ' || :'row'), ('UPDATE ev.outbox SET key = '''''), ('DELETE FROM ev.outbox'),
             ('UPDATE ev.relay_position SET seq = 1'), ('INSERT INTO ev.dictionary VALUES (1, ''x'')')) s (statement);
SELECT cases.fails('seal: a ' || role || ' never adds one', '42501', :'seal', role) FROM (VALUES (:worker), (:relay), (:tenant)) r (role);
SELECT cases.fails(promise, expected, statement, setup => :'seal')
FROM (VALUES
    ('seal: none goes on from where another one does', '23505 seal_previous_key',
     'INSERT INTO ev.seal SELECT 7, 0, 9, now(), root, root || frontier, note FROM ev.seal'),
    ('seal: none of the same last row', '23505 seal_last_seq_key',
     'INSERT INTO ev.seal SELECT 7, 3, 5, now(), root, root || frontier, note FROM ev.seal'),
    ('seal: it grows', '23514 seal_grows', 'UPDATE ev.seal SET previous_size = 3'),
    ('seal: of a row', '23514 seal_grows', 'UPDATE ev.seal SET last_seq = 0'),
    ('seal: root', '23514 seal_root', 'UPDATE ev.seal SET root = '''''),
    ('seal: a hash for each full tree', '23514 seal_frontier', 'UPDATE ev.seal SET frontier = root'),
    ('seal: a note', '23514 seal_note', 'UPDATE ev.seal SET note = '''''),
    ('seal: published ones are there', '23503 seal_publication_size_fkey', 'INSERT INTO ev.seal_publication VALUES (4)'))
    c (promise, expected, statement);

-- CHECKs and keys of schema ev.
SELECT cases.fails(promise, expected, statement)
FROM (VALUES
    ('relay_position: two names', '23514 relay_position_name_check', 'INSERT INTO ev.relay_position (name) VALUES (''x'')'),
    ('relay_position: seq', '23514 relay_position_seq_check', 'UPDATE ev.relay_position SET seq = -1'),
    ('relay_position: epoch', '23514 relay_position_epoch_check', 'UPDATE ev.relay_position SET epoch = -1'),
    ('relay_position: chain is an object', '23514 relay_position_chain_check', 'UPDATE ev.relay_position SET chain = ''[]'''),
    ('outbox_gap: a range', '23514 outbox_gap_range', 'INSERT INTO ev.outbox_gap (name, from_seq, to_seq) VALUES (''outbox'', 3, 2)'),
    ('outbox_gap: of a relay', '23503 outbox_gap_name_fkey', 'INSERT INTO ev.outbox_gap (name, from_seq, to_seq) VALUES (''x'', 2, 2)'),
    ('consumer_offset: no -1', '23514 consumer_offset_next_offset_check', 'INSERT INTO ev.consumer_offset (group_name, topic, partition, next_offset) VALUES (''g'', ''t'', 0, -1)'),
    ('consumer_offset: partition', '23514 consumer_offset_partition_check', 'INSERT INTO ev.consumer_offset (group_name, topic, partition) VALUES (''g'', ''t'', -1)'),
    ('consumer_offset: epoch', '23514 consumer_offset_owner_epoch_check', 'INSERT INTO ev.consumer_offset (group_name, topic, partition, owner_epoch) VALUES (''g'', ''t'', 0, -1)'),
    ('consumer_offset: takeovers', '23514 consumer_offset_unclean_check', 'INSERT INTO ev.consumer_offset (group_name, topic, partition, unclean) VALUES (''g'', ''t'', 0, -1)'),
    ('consumer_offset: halted since when', '23514 consumer_offset_halted', 'INSERT INTO ev.consumer_offset (group_name, topic, partition, halted_reason) VALUES (''g'', ''t'', 0, ''x'')'),
    ('inbox_a: an event once', '23505 inbox_a_pkey', 'INSERT INTO ev.inbox_a VALUES (''s'', ''e'', ''1''), (''s'', ''e'', ''2'')'),
    ('inbox_b: an event once', '23505 inbox_b_pkey', 'INSERT INTO ev.inbox_b VALUES (''s'', ''e'', ''1''), (''s'', ''e'', ''2'')'),
    ('inbox_generation: one row', '23514 inbox_generation_only_row_check', 'INSERT INTO ev.inbox_generation VALUES (false, ''a'', now())'),
    ('inbox_generation: a or b', '23514 inbox_generation_current_check', 'UPDATE ev.inbox_generation SET current = ''c'''),
    ('inbox_mark: partition', '23514 inbox_mark_partition_check', 'INSERT INTO ev.inbox_mark VALUES (''g'', ''s'', ''t'', -1, 1)'),
    ('inbox_mark: sequence', '23514 inbox_mark_last_sequence_check', 'INSERT INTO ev.inbox_mark VALUES (''g'', ''s'', ''t'', 1, -1)'),
    ('parked: offset', '23514 parked_offset_check', 'INSERT INTO ev.parked (group_name, topic, partition, "offset", headers, aggregate, reason) VALUES (''g'', ''t'', 0, -1, '''', ''a'', ''r'')'),
    ('parked: partition', '23514 parked_partition_check', 'INSERT INTO ev.parked (group_name, topic, partition, "offset", headers, aggregate, reason) VALUES (''g'', ''t'', -1, 0, '''', ''a'', ''r'')'),
    ('parked: attempts', '23514 parked_attempts_check', 'INSERT INTO ev.parked (group_name, topic, partition, "offset", headers, aggregate, reason, attempts) VALUES (''g'', ''t'', 0, 0, '''', ''a'', ''r'', -1)'),
    ('dead_letter: offset', '23514 dead_letter_offset_check', 'INSERT INTO ev.dead_letter (group_name, topic, partition, "offset", headers, reason) VALUES (''g'', ''t'', 0, -1, '''', ''r'')'),
    ('dead_letter: partition', '23514 dead_letter_partition_check', 'INSERT INTO ev.dead_letter (group_name, topic, partition, "offset", headers, reason) VALUES (''g'', ''t'', -1, 0, '''', ''r'')'),
    ('attempt: offset', '23514 attempt_offset_check', 'INSERT INTO ev.attempt VALUES (''g'', ''t'', 0, -1)'),
    ('attempt: partition', '23514 attempt_partition_check', 'INSERT INTO ev.attempt VALUES (''g'', ''t'', -1, 0)'),
    ('attempt: tries', '23514 attempt_tries_check', 'INSERT INTO ev.attempt VALUES (''g'', ''t'', 0, 0, 0)'),
    ('intervention: action', '23514 intervention_action', 'INSERT INTO ev.intervention (action, group_name, topic, partition, "offset", reason) VALUES (''x'', ''g'', ''t'', 0, 0, ''r'')'),
    ('intervention: partition', '23514 intervention_place', 'INSERT INTO ev.intervention (action, group_name, topic, partition, "offset", reason) VALUES (''dlq drop'', ''g'', ''t'', -1, 0, ''r'')'),
    ('intervention: offset', '23514 intervention_place', 'INSERT INTO ev.intervention (action, group_name, topic, partition, "offset", reason) VALUES (''dlq drop'', ''g'', ''t'', 0, -1, ''r'')'),
    ('intervention: reason', '23514 intervention_reason', 'INSERT INTO ev.intervention (action, group_name, topic, partition, "offset", reason) VALUES (''dlq drop'', ''g'', ''t'', 0, 0, '' '')'),
    ('dictionary: id', '23514 dictionary_id_check', 'INSERT INTO ev.dictionary VALUES (0, ''x'')'),
    ('dictionary: name', '23514 dictionary_name_check', 'INSERT INTO ev.dictionary VALUES (1, '''')'),
    ('dictionary: each name once', '23505 dictionary_name_key', 'INSERT INTO ev.dictionary VALUES (1, ''x''), (2, ''x'')'),
    ('source: id', '23514 source_source_id_check', 'INSERT INTO ev.source VALUES (0, ''x'')'),
    ('source: uri', '23514 source_uri_check', 'INSERT INTO ev.source VALUES (1, '''')'),
    ('source: each URI once', '23505 source_uri_key', 'INSERT INTO ev.source VALUES (1, ''x''), (2, ''x'')')
) AS c (promise, expected, statement);
SELECT cases.gives('request: the selective column leads its key', 'PRIMARY KEY (natural_key, type, content_hash)',
    'SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = ''request_pkey''');
SELECT cases.gives('inbox: the selective column leads its key', 'PRIMARY KEY (event_id, source)',
    'SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = ''inbox_a_pkey''');

-- The inbox's generations.
SELECT cases.gives('rotate_inbox: not within the week', 'false', 'SELECT ev.rotate_inbox()', :worker);
SELECT cases.gives('rotate_inbox: nor when somebody asks for less', 'false', 'SELECT ev.rotate_inbox(''0 s'')', :worker);
SELECT cases.gives('rotate_inbox: after a week the older generation is empty and current', 'b x a-1',
    'SELECT concat_ws('' '', current, (SELECT string_agg(event_id, '','') FROM ev.inbox WHERE source <> ''s''),
            (SELECT event_id FROM ev.inbox WHERE source = ''s'')) FROM ev.inbox_generation', setup => $$
    UPDATE ev.inbox_generation SET since = now() - interval '7 days';
    INSERT INTO ev.inbox_a VALUES ('s', 'a-1', ''), ('o', 'x', '');
    INSERT INTO ev.inbox_b VALUES ('s', 'b-1', '');
    SELECT ev.rotate_inbox()$$);
SELECT cases.gives('rotate_inbox: and back again', 'a 0', 'SELECT concat_ws('' '', current, (SELECT count(*) FROM ev.inbox_a))
    FROM ev.inbox_generation', setup => $$
    INSERT INTO ev.inbox_a VALUES ('s', 'a-1', '');
    UPDATE ev.inbox_generation SET current = 'b', since = now() - interval '8 days';
    SELECT ev.rotate_inbox()$$);

-- People.
SELECT cases.gives('headers: names and values, twice, null, bytes', 'a=1;a=(null);b=\303\251;c=',
    $$SELECT string_agg(name || '=' || coalesce(value, '(null)'), ';') FROM ev.headers(
    '\x00000001610000000131'::bytea || '\x0000000161ffffffff'::bytea || '\x000000016200000002c3a9'::bytea || '\x000000016300000000'::bytea)$$);
SELECT cases.passes('operator: ' || statement, statement, 'quenty_operator')
FROM (VALUES ('UPDATE ev.parked SET redrive = true'), ('SELECT * FROM ev.outbox_events'),
             ('UPDATE ev.consumer_offset SET next_offset = 5, halted_reason = NULL, halted_at = NULL'),
             ('SELECT * FROM ops.consumer_lag'), ('SELECT * FROM ops.oldest_unpublished'), ('SELECT * FROM ops.parked'),
             ('SELECT * FROM ops.waiting'), ('SELECT * FROM ops.dead_letters'), ('SELECT * FROM ops.outbox_partitions'),
             ('SELECT * FROM ops.id_headroom'), ('SELECT * FROM ops.slow_queries'),
             ('INSERT INTO ev.dead_letter (group_name, topic, partition, "offset", headers, reason) VALUES (''g'', ''t'', 0, 0, '''', ''r'')'),
             ('DELETE FROM ev.inbox_a'), ('DELETE FROM ev.inbox_b'), ('DELETE FROM ev.attempt')) s (statement);
SELECT cases.gives('operator: the database says who did something', 'quenty_operator why t',
    'SELECT concat_ws('' '', actor, reason, acted_at = CURRENT_TIMESTAMP) FROM ev.intervention',
    'quenty_operator', setup => 'SET LOCAL SESSION AUTHORIZATION quenty_operator; INSERT INTO ev.intervention (action, group_name, topic, partition, "offset", reason) VALUES (''dlq drop'', ''g'', ''t'', 0, 0, ''why'')');
SELECT cases.fails('operator: never ' || statement, '42501', statement, 'quenty_operator')
FROM (VALUES ('INSERT INTO ev.outbox ' || :'row'), ('DELETE FROM ev.outbox'), ('DELETE FROM ev.dead_letter'),
             ('UPDATE ev.dead_letter SET reason = ''x'''), ('DELETE FROM ev.intervention'), ('UPDATE ev.intervention SET reason = ''x'''),
             ('INSERT INTO ev.intervention (actor, action, group_name, topic, partition, "offset", reason) VALUES (''x'', ''dlq drop'', ''g'', ''t'', 0, 0, ''r'')'),
             ('INSERT INTO ev.dead_letter (seq, group_name, topic, partition, "offset", headers, reason) OVERRIDING SYSTEM VALUE VALUES (5, ''g'', ''t'', 0, 0, '''', ''r'')')) s (statement);
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.gives('ops.oldest_unpublished: the first row behind the position', 'outbox 2 2',
    'SELECT concat_ws('' '', name, oldest_seq, rows_at_most) FROM ops.oldest_unpublished WHERE name = ''outbox''',
    'quenty_operator', setup => 'INSERT INTO ev.outbox ' || :'row' || '; INSERT INTO ev.outbox ' || :'row'
    || '; INSERT INTO ev.outbox ' || :'row' || '; UPDATE ev.relay_position SET seq = 1');
SELECT cases.gives('ops.parked: how many are held behind a record; what waits is elsewhere', '1:1 2:0 | 3',
    'SELECT (SELECT string_agg("offset" || '':'' || held, '' '' ORDER BY "offset") FROM ops.parked) || '' | '' ||
    (SELECT string_agg("offset"::text, '' '') FROM ops.waiting)', 'quenty_operator', setup => $$
    INSERT INTO ev.parked (group_name, topic, partition, "offset", headers, aggregate, reason, deadline)
    VALUES ('g', 'true', 0, 1, '', 'a', 'r', NULL), ('g', 'true', 0, 2, '', 'a', 'r', NULL), ('g', 'true', 0, 3, '', 'a', 'r', now())$$);
SELECT cases.gives('ops.slow_queries: shows what took long', 'true', 'SELECT count(*) > 0 FROM ops.slow_query_rows() WHERE query LIKE ''%pg_sleep%''',
    'quenty_operator', setup => 'SELECT ops.pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0);
    SET LOCAL pg_stat_statements.track = ''all''; SELECT pg_sleep(0.12)')
WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements');
SELECT cases.gives('ops.slow_queries: empty without the extension', '0', 'SELECT count(*) FROM ops.slow_queries', 'quenty_operator',
    setup => 'DROP EXTENSION IF EXISTS pg_stat_statements');

-- What may be dropped of the outbox.
SELECT set_config('cases.export', $$INSERT INTO ev.outbox_export (first_seq, last_seq, manifest_sha256, place)
    SELECT f, l, decode(repeat('00', 32), 'hex'), 'p' FROM (VALUES $$, true) AS export \gset
SELECT set_config('cases.published', 'UPDATE ev.relay_position SET seq = 1000000 WHERE name = ''outbox''; ', true) AS published \gset
SELECT set_config('cases.anyhow', :'published' || 'UPDATE ev.outbox_retention SET wants_export = false; ', true) AS anyhow \gset
SELECT cases.gives('outbox_drop: ' || what, expected,
    'SELECT coalesce(split_part(refusal, '':'', 1), ''may go'') || '' '' || state FROM ops.outbox_drop WHERE lower_seq = ' || lower_seq,
    'quenty_operator', setup => setup)
FROM (VALUES
    ('what is published and exported may go', 'may go attached', 1,
        :'published' || :'export' || '(1, 1000000)) e (f, l)'),
    ('in several archives that overlap or touch', 'may go attached', 1,
        :'published' || :'export' || '(500000, 1000005), (1, 300000), (300001, 600000)) e (f, l)'),
    ('not where one number of it is not published', 'not published attached', 1,
        :'export' || '(1, 1000000)) e (f, l); UPDATE ev.relay_position SET seq = 999999 WHERE name = ''outbox'''),
    ('not where one number of it is in no archive', 'not exported attached', 1,
        :'published' || :'export' || '(1, 300000), (300002, 1000000)) e (f, l)'),
    ('not without any archive', 'not exported attached', 1, :'published'),
    ('without an archive where none is wanted', 'may go attached', 1, :'anyhow'),
    ('not before its last fact is past retention', 'not past retention attached', 1,
        :'anyhow' || 'INSERT INTO ev.outbox ' || :'row'),
    ('behind that it may', 'may go attached', 1, :'anyhow' || 'INSERT INTO ev.outbox ' || :'row'
        || '; UPDATE ev.outbox SET recorded_at = now() - interval ''31 days'''),
    ('not above one that stays', 'an earlier one stays attached', 1000001,
        :'export' || '(1000001, 2000000)) e (f, l); UPDATE ev.relay_position SET seq = 2000000 WHERE name = ''outbox'''),
    ('one that is detached is still there', 'may go detached', 1,
        :'anyhow' || 'ALTER TABLE ev.outbox DETACH PARTITION ev.outbox_1')) c (what, expected, lower_seq, setup);
SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
SELECT cases.fails('outbox_export: ' || what, '23514 ' || rule,
    'INSERT INTO ev.outbox_export (first_seq, last_seq, manifest_sha256, place) VALUES (' || row || ', ''p'')')
FROM (VALUES ('a range has an order', 'outbox_export_range', '2, 1, decode(repeat(''00'', 32), ''hex'')'),
             ('numbers begin at 1', 'outbox_export_range', '0, 1, decode(repeat(''00'', 32), ''hex'')'),
             ('a hash is whole', 'outbox_export_hash', '1, 1, ''''')) r (what, rule, row);
SELECT cases.fails('outbox_retention: a day at least', '23514 outbox_retention_keep',
    'UPDATE ev.outbox_retention SET keep = ''23 hours''');
SELECT cases.fails('outbox_retention: one row', '23505 outbox_retention_pkey',
    'INSERT INTO ev.outbox_retention (keep, wants_export) VALUES (''2 days'', true)');
SELECT cases.fails('outbox_retention: its row is the one', '23514 outbox_retention_single',
    'UPDATE ev.outbox_retention SET single = false');
SELECT cases.gives('outbox_export: the database says who and when', 'quenty_operator t',
    'SELECT concat_ws('' '', actor, exported_at = CURRENT_TIMESTAMP) FROM ev.outbox_export', 'quenty_operator',
    setup => 'SET LOCAL SESSION AUTHORIZATION quenty_operator; ' || :'export' || '(1, 2)) e (f, l)');
SELECT cases.fails('operator: never ' || statement, '42501', statement, 'quenty_operator')
FROM (VALUES ('UPDATE ev.outbox_export SET last_seq = 9'), ('DELETE FROM ev.outbox_export'),
             ('UPDATE ev.outbox_retention SET keep = ''1 day'''),
             ('INSERT INTO ev.outbox_export (exported_at, first_seq, last_seq, manifest_sha256, place) VALUES (now(), 1, 2, '''', '''')')) s (statement);

SELECT setval('ev.outbox_seq_seq', 1, false) \g /dev/null
-- Roles.
SELECT cases.gives('roles: none is a superuser, passes row-level security, makes roles or databases', '0',
    'SELECT count(*) FROM pg_roles WHERE rolname ~ ''^(customer|order|shipping)_(user|worker|relay|sealer)$|^quenty_operator$''
     AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)');
SELECT cases.gives('roles: none has a password', '0',
    'SELECT count(*) FROM pg_authid WHERE rolname ~ ''_(user|worker|relay|sealer|operator)$'' AND rolpassword IS NOT NULL');
SELECT cases.gives('roles: a tenant''s pool is bounded', '20',
    'SELECT rolconnlimit FROM pg_roles WHERE rolname = ' || quote_literal(:tenant));
