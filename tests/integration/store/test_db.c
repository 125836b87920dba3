/* The session against a real PostgreSQL, which tests/integration/store/run starts: its address is
 * in the environment, as libpq reads it. */

#include "support/unit.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/db.h"
#include "test_sql.h"

UNIT_SUITE(db);

enum { BYTES_MAX = 1 << 22, SLEEP_S = 60 };

static struct ev_db *new_session(const char *conninfo, int wait_ms)
{
        struct ev_db_options options = {
                .conninfo = conninfo,
                .application_name = "test_db",
                .connect_ms = 10000,
                .wait_ms = wait_ms,
        };
        struct ev_db *db = NULL;

        cr_assert_eq(ev_db_new(&db, &options), 0, "%s", ev_error_last()->text);
        return db;
}

static struct ev_db *open_session(void)
{
        struct ev_db *db = new_session("", 20000);

        cr_assert_eq(ev_db_connect(db), 0, "%s", ev_error_last()->text);
        return db;
}

/* For what must be done: a failure ends the test with the library's own words. */
static void ok_at(int r, int line)
{
        cr_assert_eq(r, 0, "line %d: %d %s", line, r, ev_error_last()->text);
}
#define ok(call) ok_at((call), __LINE__)

static void failed_at(int r, enum ev_verdict verdict, const char *sqlstate, int line)
{
        const struct ev_error *error = ev_error_last();

        cr_assert_eq(r, EV_FAILED, "line %d: %d, not a failure", line, r);
        cr_assert_eq(error->verdict, verdict, "line %d: %s: %s", line,
                     ev_verdict_name(error->verdict), error->text);
        cr_assert_str_eq(error->sqlstate, sqlstate, "line %d: %s", line, error->text);
}
#define failed(call, verdict, sqlstate) failed_at((call), verdict, sqlstate, __LINE__)

static bool says(const char *text)
{
        return strstr(ev_error_last()->text, text) != NULL;
}

static void queue_int8(struct ev_db *db, const struct ev_statement *statement, int64_t number)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, statement);
        ev_params_int8(&params, number);
        ok(ev_db_queue(db, statement, &params));
}

static void queue_text(struct ev_db *db, const struct ev_statement *statement, struct ev_str text)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, statement);
        ev_params_text(&params, text);
        ok(ev_db_queue(db, statement, &params));
}

static void queue_division(struct ev_db *db, int64_t dividend, int64_t divisor)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &test_sql_divide);
        ev_params_int8(&params, dividend);
        ev_params_int8(&params, divisor);
        ok(ev_db_queue(db, &test_sql_divide, &params));
}

static void queue_sleep(struct ev_db *db)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &test_sql_sleep);
        ev_params_numeric(&params, SLEEP_S, 0);
        ok(ev_db_queue(db, &test_sql_sleep, &params));
}

static void queue_items(struct ev_db *db, int64_t first, int64_t count)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &test_sql_insert_item);
        ev_params_array(&params);
        for (int64_t i = 0; i < count; ++i)
                ev_params_int8(&params, first + i);
        ev_params_array_end(&params);
        ev_params_array(&params);
        for (int64_t i = 0; i < count; ++i)
                ev_params_text(&params, EV_STR("secret-name"));
        ev_params_array_end(&params);
        ok(ev_db_queue(db, &test_sql_insert_item, &params));
}

static int64_t count_items(struct ev_db *db)
{
        _cleanup_result_ struct ev_result *result = NULL;

        ok(ev_db_run(db, &test_sql_count_items, NULL, &result));
        return ev_result_int8(result, 0, 0);
}

static int32_t backend_pid(struct ev_db *db)
{
        _cleanup_result_ struct ev_result *result = NULL;

        ok(ev_db_run(db, &test_sql_backend_pid, NULL, &result));
        return ev_result_int4(result, 0, 0);
}

static void terminate(struct ev_db *admin, int32_t pid)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        _cleanup_result_ struct ev_result *result = NULL;

        ev_params_begin(&params, &test_sql_terminate);
        ev_params_int4(&params, pid);
        ok(ev_db_run(admin, &test_sql_terminate, &params, &result));
        cr_assert(ev_result_bool(result, 0, 0), "the session is gone");
}

/* Until the server shows that the session of this pid sleeps. */
static void wait_until_asleep(struct ev_db *admin, int32_t pid)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        int64_t deadline = ev_clock_monotonic_micros() + 10 * EV_MICROS_PER_SECOND;

        while (ev_clock_monotonic_micros() < deadline) {
                _cleanup_result_ struct ev_result *result = NULL;

                ev_params_begin(&params, &test_sql_activity);
                ev_params_int4(&params, pid);
                ok(ev_db_run(admin, &test_sql_activity, &params, &result));
                if (ev_result_rows(result) == 1 &&
                    ev_str_equal(ev_result_text(result, 0, 1), EV_STR("PgSleep")))
                        return;
        }
        cr_assert_fail("session %d never slept", pid);
}

/* The session works: one number goes there and back. */
static void works_at(struct ev_db *db, int line)
{
        _cleanup_result_ struct ev_result *result = NULL;

        queue_int8(db, &test_sql_echo, line);
        ok_at(ev_db_sync(db), line);
        ok_at(ev_db_next(db, &result), line);
        cr_assert_eq(ev_result_int8(result, 0, 0), line);
        ok_at(ev_db_finish(db), line);
}
#define works(db) works_at((db), __LINE__)

/* Counts what the protocol's trace shows: our Sync messages, and how often the direction turned
 * from us to the server's. It is libpq's account, not ours. */
static void count_trace(FILE *trace, unsigned *ret_syncs, unsigned *ret_turns)
{
        char line[4096];
        char before = 'B';

        *ret_syncs = 0;
        *ret_turns = 0;
        rewind(trace);
        while (fgets(line, sizeof(line), trace)) {
                if ((line[0] != 'F' && line[0] != 'B') || line[1] != '\t')
                        continue;
                *ret_syncs += line[0] == 'F' && strstr(line, "\tSync") != NULL;
                *ret_turns += line[0] == 'B' && before == 'F';
                before = line[0];
        }
}

Test(db, many_statements_are_one_round_trip)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        FILE *trace = tmpfile();
        struct ev_db_counts before;
        unsigned syncs, turns;

        works(db); /* prepares */
        before = *ev_db_counts(db);
        ev_db_trace(db, trace);
        ok(ev_db_queue_begin(db));
        for (int64_t i = 0; i < 200; ++i)
                queue_int8(db, &test_sql_echo, i);
        ok(ev_db_queue_commit(db));
        ok(ev_db_sync(db));
        for (int64_t i = -1; i < 201; ++i) {
                _cleanup_result_ struct ev_result *result = NULL;

                ok(ev_db_next(db, &result));
                if (i >= 0 && i < 200)
                        cr_assert_eq(ev_result_int8(result, 0, 0), i, "results come in order");
        }
        ok(ev_db_finish(db));
        ev_db_trace(db, NULL);
        count_trace(trace, &syncs, &turns);
        fclose(trace);
        cr_assert_eq(syncs, 1);
        cr_assert_eq(turns, 1);
        cr_assert_eq(ev_db_counts(db)->round_trips - before.round_trips, 1);
        cr_assert_eq(ev_db_counts(db)->syncs - before.syncs, 1);
        cr_assert_eq(ev_db_counts(db)->statements - before.statements, 202);
}

Test(db, statements_are_prepared_once_and_again_after_a_reconnect)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        uint64_t prepares;

        works(db);
        prepares = ev_db_counts(db)->prepares;
        works(db);
        works(db);
        cr_assert_eq(ev_db_counts(db)->prepares, prepares);
        ok(ev_db_connect(db));
        cr_assert_eq(ev_db_counts(db)->prepares, 2 * prepares, "at the connect");
        works(db);
        cr_assert_eq(ev_db_counts(db)->prepares, 2 * prepares, "and not again");
}

Test(db, settings_and_statements_take_one_round_trip_at_a_connect)
{
        static const struct ev_db_setting settings[] = {
                { "jit", "off" },
                { "statement_timeout", "150" },
                { "work_mem", "5MB" },
        };
        struct ev_db_options options = {
                .conninfo = "",
                .application_name = "test settings",
                .connect_ms = 10000,
                .wait_ms = 10000,
                .settings = settings,
                .settings_count = EV_ARRAY_SIZE(settings),
        };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        const struct ev_statement *const statements[] = { &test_sql_echo, &test_sql_setting };
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        options.statements = statements;
        options.statements_count = EV_ARRAY_SIZE(statements);
        ok(ev_db_new(&db, &options));
        ok(ev_db_connect(db));
        cr_assert_eq(ev_db_counts(db)->round_trips, 1);
        cr_assert_eq(ev_db_counts(db)->prepares, 3, "set_config, echo, setting");
        for (size_t i = 0; i < 2; ++i) {
                static const char *const expected[][2] = {
                        { "work_mem", "5MB" }, { "application_name", "test settings" }
                };
                _cleanup_result_ struct ev_result *result = NULL;

                ev_params_begin(&params, &test_sql_setting);
                ev_params_text(&params, ev_str_of(expected[i][0]));
                ok(ev_db_run(db, &test_sql_setting, &params, &result));
                cr_assert_str_eq(ev_result_text(result, 0, 0).data, expected[i][1]);
        }
        queue_sleep(db);
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_RETRY, "57014");
        cr_assert(ev_db_is_open(db), "a statement's timeout does not cost the session");
        works(db);
}

/* Looks one row up in a transaction: how many were read for it by the index of another column. */
static int64_t rows_read(struct ev_db *db)
{
        const struct ev_statement *const statements[] = { &test_sql_count_read,
                                                          &test_sql_find_grown,
                                                          &test_sql_count_read };
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        struct ev_result *result = NULL;
        int64_t counts[3] = { 0 };

        ev_params_begin(&params, &test_sql_find_grown);
        ev_params_array(&params);
        ev_params_text(&params, EV_STR("7"));
        ev_params_array_end(&params);
        ok(ev_db_queue_begin(db));
        for (size_t i = 0; i < 3; ++i)
                ok(ev_db_queue(db, statements[i], i == 1 ? &params : NULL));
        ok(ev_db_queue_commit(db));
        ok(ev_db_sync(db));
        ok(ev_db_next(db, &result)); /* of BEGIN */
        ev_result_free(result);
        for (size_t i = 0; i < 3; ++i) {
                ok(ev_db_next(db, &result));
                counts[i] = i == 1 ? 0 : ev_result_int8(result, 0, 0);
                ev_result_free(result);
        }
        ok(ev_db_finish(db));
        return counts[2] - counts[0];
}

/* The first plan of the session reads the table through, which is right for one that is empty. */
Test(db, plans_are_made_again_when_tables_have_grown)
{
        static const struct ev_db_setting settings[] = {
                { "enable_seqscan", "off" },
                { "plan_cache_mode", "force_generic_plan" },
        };
        struct ev_db_options options = {
                .conninfo = "",
                .application_name = "test plans",
                .connect_ms = 10000,
                .wait_ms = 10000,
                .settings = settings,
                .settings_count = EV_ARRAY_SIZE(settings),
        };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        uint64_t round_trips;

        ok(ev_db_new(&db, &options));
        ok(ev_db_connect(db));
        cr_assert_eq(rows_read(db), 0);
        ok(ev_db_script(db,
                        "INSERT INTO test_db.grown "
                        "SELECT n, n::text FROM generate_series(1, 10000) n",
                        NULL, NULL));
        round_trips = ev_db_counts(db)->round_trips;
        for (int i = 0; i < 5; ++i)
                cr_assert_eq(rows_read(db), 0);
        cr_assert_eq(ev_db_counts(db)->round_trips, round_trips + 5, "it costs no round trip");
}

Test(db, an_error_takes_the_rest_with_it_and_the_session_goes_on)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_result_ struct ev_result *result = NULL;

        ok(ev_db_script(db, "TRUNCATE test_db.item", NULL, NULL));
        ok(ev_db_queue_begin(db));
        queue_items(db, 1, 10);
        queue_division(db, 1, 0);
        queue_items(db, 11, 10);
        ok(ev_db_queue_commit(db));
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_RECORD, "22012");
        cr_assert(says("test_sql_divide: division by zero"), "%s", ev_error_last()->text);
        cr_assert_str_eq(ev_db_trouble(db)->statement, "test_sql_divide");
        cr_assert(ev_db_is_open(db));
        cr_assert(ev_db_is_in_transaction(db), "a failed one");
        cr_assert_not(ev_db_commit_is_unknown(db));
        ok(ev_db_rollback(db));
        cr_assert_not(ev_db_is_in_transaction(db));
        ok(ev_db_rollback(db));
        cr_assert_eq(count_items(db), 0, "nothing of it stayed");
        queue_division(db, 6, 3); /* prepared before its failure */
        ok(ev_db_sync(db));
        ok(ev_db_next(db, &result));
        cr_assert_eq(ev_result_int8(result, 0, 0), 2);
        ok(ev_db_finish(db));
}

Test(db, a_failed_prepare_is_tried_again_and_so_are_those_behind_it)
{
        static const struct ev_statement broken = { .name = "broken", .text = "SELEC 1" };
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();

        for (int i = 0; i < 2; ++i) {
                ok(ev_db_queue(db, &broken, NULL));
                queue_int8(db, &test_sql_echo, 1);
                ok(ev_db_sync(db));
                failed(ev_db_finish(db), EV_VERDICT_STOP, "42601");
        }
        works(db);
}

Test(db, unique_violations_name_the_constraint_and_no_value)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();

        ok(ev_db_script(db, "TRUNCATE test_db.item", NULL, NULL));
        queue_items(db, 424242, 1);
        queue_items(db, 424242, 1);
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_AGAIN, "23505");
        cr_assert_str_eq(ev_db_trouble(db)->constraint, "item_pkey");
        cr_assert_str_eq(ev_db_trouble(db)->schema, "test_db");
        cr_assert_str_eq(ev_db_trouble(db)->table, "item");
        cr_assert(says("item_pkey on test_db.item"), "%s", ev_error_last()->text);
        cr_assert_not(says("424242"), "%s", ev_error_last()->text);
        queue_text(db, &test_sql_to_int, EV_STR("secret-value"));
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_RECORD, "22P02");
        cr_assert(says("invalid input syntax for type integer"), "%s", ev_error_last()->text);
        cr_assert_not(says("secret"), "%s", ev_error_last()->text);
}

Test(db, detail_is_shown_only_when_asked_for)
{
        struct ev_db_options options = { .conninfo = "",
                                         .application_name = "test",
                                         .connect_ms = 10000,
                                         .wait_ms = 10000,
                                         .with_detail = true };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;

        ok(ev_db_new(&db, &options));
        ok(ev_db_connect(db));
        queue_items(db, 535353, 1);
        queue_items(db, 535353, 1);
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_AGAIN, "23505");
        cr_assert(says("535353"), "%s", ev_error_last()->text);
}

Test(db, errors_in_schema_ev_never_blame_the_record)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();

        queue_int8(db, &test_sql_insert_ev, 5);
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_STOP, "23514");
        queue_int8(db, &test_sql_insert_ev, 50000);
        ok(ev_db_sync(db));
        failed(ev_db_finish(db), EV_VERDICT_STOP, "23514");
        cr_assert(says("no partition of relation"), "%s", ev_error_last()->text);
}

Test(db, a_session_killed_while_idle_is_lost_and_comes_back)
{
        _cleanup_(ev_db_free_p) struct ev_db *admin = open_session();
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();

        terminate(admin, backend_pid(db));
        queue_int8(db, &test_sql_echo, 1);
        ok(ev_db_sync(db));
        cr_assert_eq(ev_db_finish(db), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY, "%s", ev_error_last()->text);
        cr_assert_not(ev_db_is_open(db));
        cr_assert_not(ev_db_commit_is_unknown(db));
        cr_assert_eq(ev_db_fd(db), -1);
        ok(ev_db_rollback(db));
        failed(ev_db_queue_begin(db), EV_VERDICT_RETRY, "08003");
        ok(ev_db_connect(db));
        works(db);
}

Test(db, a_session_killed_between_queue_and_sync_is_lost)
{
        _cleanup_(ev_db_free_p) struct ev_db *admin = open_session();
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        int32_t pid = backend_pid(db);
        int r;

        ok(ev_db_queue_begin(db));
        queue_int8(db, &test_sql_echo, 1);
        terminate(admin, pid);
        r = ev_db_sync(db);
        if (r == 0)
                r = ev_db_finish(db);
        cr_assert_eq(r, EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY, "%s", ev_error_last()->text);
        cr_assert_not(ev_db_is_open(db));
        cr_assert_not(ev_db_commit_is_unknown(db));
        ok(ev_db_connect(db));
        works(db);
}

Test(db, a_session_killed_at_work_says_so)
{
        _cleanup_(ev_db_free_p) struct ev_db *admin = open_session();
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        int32_t pid = backend_pid(db);

        ok(ev_db_queue_begin(db));
        queue_sleep(db);
        ok(ev_db_sync(db));
        wait_until_asleep(admin, pid);
        terminate(admin, pid);
        failed(ev_db_finish(db), EV_VERDICT_RETRY, "57P01");
        cr_assert_not(ev_db_is_open(db));
        cr_assert_not(ev_db_commit_is_unknown(db));
        ok(ev_db_connect(db));
        works(db);
}

Test(db, a_session_killed_inside_a_transaction_leaves_nothing)
{
        _cleanup_(ev_db_free_p) struct ev_db *admin = open_session();
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        int32_t pid = backend_pid(db);

        ok(ev_db_script(admin, "TRUNCATE test_db.item", NULL, NULL));
        ok(ev_db_queue_begin(db));
        queue_items(db, 1, 3);
        ok(ev_db_sync(db));
        ok(ev_db_finish(db));
        cr_assert(ev_db_is_in_transaction(db));
        terminate(admin, pid);
        ok(ev_db_queue_commit(db));
        ok(ev_db_sync(db));
        cr_assert_eq(ev_db_finish(db), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
        cr_assert(ev_db_commit_is_unknown(db), "as far as this side can know");
        ok(ev_db_connect(db));
        cr_assert(ev_db_commit_is_unknown(db), "until it has been found out");
        cr_assert_eq(count_items(db), 0);
        ok(ev_db_queue_begin(db));
        cr_assert_not(ev_db_commit_is_unknown(db));
        ok(ev_db_sync(db));
        ok(ev_db_finish(db));
}

/* COMMIT waits in a deferred trigger, so it can be hit while it is under way. */
Test(db, a_session_killed_in_commit_does_not_know_its_outcome)
{
        _cleanup_(ev_db_free_p) struct ev_db *admin = open_session();
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        int32_t pid = backend_pid(db);

        ok(ev_db_queue_begin(db));
        queue_int8(db, &test_sql_insert_slow, 1);
        ok(ev_db_queue_commit(db));
        ok(ev_db_sync(db));
        wait_until_asleep(admin, pid);
        terminate(admin, pid);
        failed(ev_db_finish(db), EV_VERDICT_RETRY, "57P01");
        cr_assert(ev_db_commit_is_unknown(db));
        ok(ev_db_connect(db));
        works(db);
}

Test(db, a_deadline_closes_the_session)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = new_session("", 200);
        int64_t start;

        ok(ev_db_connect(db));
        ok(ev_db_queue_begin(db));
        queue_int8(db, &test_sql_insert_slow, 2);
        ok(ev_db_queue_commit(db));
        ok(ev_db_sync(db));
        start = ev_clock_monotonic_micros();
        failed(ev_db_finish(db), EV_VERDICT_RETRY, "08006");
        cr_assert(says("no answer within 200 ms"), "%s", ev_error_last()->text);
        cr_assert_geq(ev_clock_monotonic_micros() - start, 200 * EV_MICROS_PER_MS);
        cr_assert_lt(ev_clock_monotonic_micros() - start, 5 * EV_MICROS_PER_SECOND);
        cr_assert_not(ev_db_is_open(db));
        cr_assert(ev_db_commit_is_unknown(db));
        ok(ev_db_connect(db));
        works(db);
}

Test(db, a_server_that_never_answers_is_given_up)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_db_options options = { .application_name = "test",
                                         .connect_ms = 200,
                                         .wait_ms = 1000 };
        char conninfo[200];

        cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
        cr_assert_eq(listen(fd, 1), 0);
        cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 port=%d password=sesame",
                 ntohs(address.sin_port));
        options.conninfo = conninfo;
        ok(ev_db_new(&db, &options));
        failed(ev_db_connect(db), EV_VERDICT_RETRY, "08001");
        cr_assert(says("127.0.0.1") && says("200 ms"), "%s", ev_error_last()->text);
        cr_assert_not(says("sesame"));
        close(fd);
}

/* A socket in the file system that takes connections and says nothing, as a server whose machine has
 * stopped. */
static int listen_at(const char *folder)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.%s", folder,
                 getenv("PGPORT"));
        cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        cr_assert_eq(listen(fd, 10), 0);
        return fd;
}

Test(db, of_several_servers_one_that_hangs_does_not_stand_before_the_others)
{
        char folder[] = "/tmp/test-hung.XXXXXX", conninfo[300], command[100];
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_db_options options = { .conninfo = conninfo,
                                         .application_name = "test",
                                         .connect_ms = 1000,
                                         .wait_ms = 10000 };
        int fd;

        cr_assert(mkdtemp(folder));
        fd = listen_at(folder);
        snprintf(conninfo, sizeof(conninfo), "host=%s,%s", folder, getenv("PGHOST"));
        ok(ev_db_new(&db, &options));
        ok(ev_db_connect(db));
        works(db);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        cr_assert_eq(system(command), 0);
        close(fd);
}

Test(db, a_server_that_takes_no_changes_is_none_of_ours)
{
        _cleanup_(ev_db_free_p) struct ev_db *db =
                new_session("options='-c default_transaction_read_only=on'", 10000);
        _cleanup_(ev_db_free_p) struct ev_db *reader = new_session(
                "options='-c default_transaction_read_only=on' target_session_attrs=any", 10000);

        failed(ev_db_connect(db), EV_VERDICT_RETRY, "08001");
        cr_assert(says("read-only"), "%s", ev_error_last()->text);
        ok(ev_db_connect(reader));
}

/* The only TCP connection of this process, or -1. */
static int tcp_socket(void)
{
        for (int fd = 0; fd < 256; ++fd) {
                struct sockaddr_in peer = { 0 };
                socklen_t size = sizeof(peer);

                if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
                    peer.sin_family == AF_INET)
                        return fd;
        }
        return -1;
}

static int socket_option(int fd, int level, int name)
{
        int value = -1;
        socklen_t size = sizeof(value);

        cr_assert_eq(getsockopt(fd, level, name, &value, &size), 0);
        return value;
}

/* The kernel's defaults find it after two hours, or a quarter of one where something was sent. */
Test(db, a_server_whose_machine_is_gone_is_found_within_half_a_minute)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = new_session("host=127.0.0.1", 10000);
        int fd;

        ok(ev_db_connect(db));
        fd = tcp_socket();
        cr_assert_geq(fd, 0);
        cr_assert_eq(socket_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        cr_assert_leq(socket_option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                              socket_option(fd, IPPROTO_TCP, TCP_KEEPINTVL) *
                                      socket_option(fd, IPPROTO_TCP, TCP_KEEPCNT),
                      30);
        cr_assert_leq(socket_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
        cr_assert_gt(socket_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

Test(db, rollback_takes_back_what_was_queued_only)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();

        ok(ev_db_script(db, "TRUNCATE test_db.item", NULL, NULL));
        ok(ev_db_queue_begin(db));
        queue_items(db, 1, 1);
        ok(ev_db_rollback(db));
        cr_assert(ev_db_is_open(db));
        cr_assert_eq(count_items(db), 0);
        ok(ev_db_queue_begin(db));
        queue_items(db, 1, 1);
        ok(ev_db_queue_commit(db));
        ok(ev_db_rollback(db));
        cr_assert_not(ev_db_is_open(db), "what may be on its way cannot be called back");
        cr_assert(ev_db_commit_is_unknown(db), "libpq sends what is queued when it closes");
}

/* A batch that finds itself fenced reads no further; its statements may have been new to the
 * session, and those that were prepared must not be prepared again (42P05). */
Test(db, a_statement_prepared_before_a_rollback_stays_prepared)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        struct ev_result *result = NULL;

        for (int turn = 0; turn < 2; ++turn) {
                ok(ev_db_queue_begin(db));
                queue_items(db, 1, 1);
                ok(ev_db_sync(db));
                ok(ev_db_next(db, &result)); /* of BEGIN; the others are left unread */
                ev_result_free(result);
                ok(ev_db_rollback(db));
                cr_assert(ev_db_is_open(db));
        }
        ok(ev_db_queue_begin(db));
        queue_items(db, 1, 1);
        ok(ev_db_sync(db));
        ok(ev_db_finish(db));
        ok(ev_db_rollback(db));
}

/* More than the sockets' buffers hold in both directions: each side must read while it writes. */
Test(db, large_statements_and_results_do_not_block_each_other)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        static char text[200 * 1024];

        memset(text, 'x', sizeof(text));
        for (int i = 0; i < 100; ++i)
                queue_text(db, &test_sql_echo_text, (struct ev_str){ text, sizeof(text) });
        ok(ev_db_sync(db));
        for (int i = 0; i < 100; ++i) {
                _cleanup_result_ struct ev_result *result = NULL;

                ok(ev_db_next(db, &result));
                cr_assert_eq(ev_result_text(result, 0, 0).size, sizeof(text));
        }
        ok(ev_db_finish(db));
        cr_assert_eq(ev_db_counts(db)->syncs, 1);
}

static void add_scalars(struct ev_params *params)
{
        static const struct ev_uuid uuid = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                               255 } };
        static const uint8_t bytes[] = { 0, 0xff, '\\', '\'' };

        ev_params_bool(params, true);
        ev_params_int2(params, INT16_MIN);
        ev_params_int4(params, INT32_MIN);
        ev_params_int8(params, INT64_MIN);
        ev_params_text(params, EV_STR("größe"));
        ev_params_text(params, EV_STR(""));
        ev_params_bytea(params, (struct ev_bytes){ bytes, sizeof(bytes) });
        ev_params_uuid(params, &uuid);
        ev_params_timestamptz(params, -1);
        ev_params_numeric(params, -1234567890123456789, 4);
        ev_params_date(params, -1);
        ev_params_text(params, EV_STR("{\"a\": 1}"));
        ev_params_text(params, EV_STR("{\"b\":[2]}"));
}

Test(db, scalars_come_back_as_they_went)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_uuid uuid;
        int64_t number;

        ok(ev_db_script(db, "SET timezone = 'UTC'", NULL, NULL));
        ev_params_begin(&params, &test_sql_scalars);
        add_scalars(&params);
        ok(ev_db_run(db, &test_sql_scalars, &params, &result));
        cr_assert_eq(ev_result_rows(result), 1);
        cr_assert(ev_result_bool(result, 0, 0));
        cr_assert_eq(ev_result_int2(result, 0, 1), INT16_MIN);
        cr_assert_eq(ev_result_int4(result, 0, 2), INT32_MIN);
        cr_assert_eq(ev_result_int8(result, 0, 3), INT64_MIN);
        cr_assert_str_eq(ev_result_text(result, 0, 4).data, "größe");
        cr_assert(ev_str_equal(ev_result_text(result, 0, 5), EV_STR("")));
        cr_assert_eq(ev_result_bytea(result, 0, 6).size, 4);
        cr_assert_eq(memcmp(ev_result_bytea(result, 0, 6).data, "\0\xff\\'", 4), 0);
        uuid = ev_result_uuid(result, 0, 7);
        cr_assert_eq(uuid.bytes[0], 1);
        cr_assert_eq(uuid.bytes[15], 255);
        cr_assert_eq(ev_result_timestamptz(result, 0, 8), -1);
        ok(ev_result_numeric(result, 0, 9, 4, &number));
        cr_assert_eq(number, -1234567890123456789);
        cr_assert_eq(ev_result_date(result, 0, 10), -1);
        cr_assert_str_eq(ev_result_text(result, 0, 11).data, "{\"a\": 1}");
        cr_assert_str_eq(ev_result_text(result, 0, 12).data, "{\"b\": [2]}");
        cr_assert_str_eq(ev_result_text(result, 0, 13).data,
                         "t|-32768|-2147483648|-9223372036854775808|größe||\\x00ff5c27|"
                         "01020304-0506-0708-090a-0b0c0d0e0fff|"
                         "1969-12-31 23:59:59.999999+00|-123456789012345.6789|1969-12-31|"
                         "{\"a\": 1}|{\"b\": [2]}",
                         "%s", ev_result_text(result, 0, 13).data);
        cr_assert_eq(ev_result_numeric(result, 0, 9, 3, &number), EV_FAILED);
}

Test(db, nulls_come_back_as_nulls)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        _cleanup_result_ struct ev_result *result = NULL;

        ev_params_begin(&params, &test_sql_scalars);
        for (size_t i = 0; i < test_sql_scalars.params_count; ++i)
                ev_params_null(&params);
        ok(ev_db_run(db, &test_sql_scalars, &params, &result));
        for (size_t i = 0; i < test_sql_scalars.params_count; ++i)
                cr_assert(ev_result_is_null(result, 0, i), "column %zu", i);
        cr_assert(ev_str_is_null(ev_result_text(result, 0, 4)));
        cr_assert_str_eq(ev_result_text(result, 0, 13).data, "");
}

static void add_arrays(struct ev_params *params)
{
        static const struct ev_uuid uuid = { { 0xab } };
        static const int64_t numerics[] = { 0, 1, -1, 1990, INT64_MAX, INT64_MIN, 10000 };

#define ARRAY(values)            \
        ev_params_array(params); \
        values;                  \
        ev_params_null(params);  \
        ev_params_array_end(params)

        ARRAY(ev_params_bool(params, true); ev_params_bool(params, false));
        ARRAY(ev_params_int2(params, -2));
        ARRAY(ev_params_int4(params, -4); ev_params_int4(params, 4));
        ARRAY(ev_params_int8(params, INT64_MAX));
        ARRAY(ev_params_text(params, EV_STR("")); ev_params_text(params, EV_STR("a,\"b")));
        ARRAY(ev_params_bytea(params, (struct ev_bytes){ (const uint8_t *)"\1\2", 2 }));
        ARRAY(ev_params_uuid(params, &uuid));
        ARRAY(ev_params_timestamptz(params, EV_INSTANT_MIN);
              ev_params_timestamptz(params, EV_INSTANT_MAX));
        ARRAY(for (size_t i = 0; i < EV_ARRAY_SIZE(numerics); ++i)
                      ev_params_numeric(params, numerics[i], 2));
        ARRAY(ev_params_date(params, 0); ev_params_date(params, 20000));
#undef ARRAY
}

Test(db, arrays_are_the_bytes_that_the_server_makes)
{
        static const char *const expected[] = {
                "{t,f,NULL}",
                "{-2,NULL}",
                "{-4,4,NULL}",
                "{9223372036854775807,NULL}",
                "{\"\",\"a,\\\"b\",NULL}",
                "{\"\\\\x0102\",NULL}",
                "{ab000000-0000-0000-0000-000000000000,NULL}",
                "{\"0001-01-01 00:00:00+00\",\"9999-12-31 23:59:59.999999+00\",NULL}",
                "{0.00,0.01,-0.01,19.90,92233720368547758.07,-92233720368547758.08,100.00,NULL}",
                "{1970-01-01,2024-10-04,NULL}",
        };
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        _cleanup_result_ struct ev_result *result = NULL;

        ok(ev_db_script(db, "SET timezone = 'UTC'", NULL, NULL));
        ev_params_begin(&params, &test_sql_arrays);
        add_arrays(&params);
        ok(ev_db_run(db, &test_sql_arrays, &params, &result));
        cr_assert_eq(ev_result_rows(result), EV_ARRAY_SIZE(expected));
        for (size_t i = 0; i < EV_ARRAY_SIZE(expected); ++i) {
                struct ev_bytes binary = ev_result_bytea(result, i, 2);

                cr_assert_str_eq(ev_result_text(result, i, 1).data, expected[i], "%s",
                                 ev_result_text(result, i, 1).data);
                cr_assert_eq(binary.size, (size_t)params.sizes[i], "array %zu", i);
                cr_assert_eq(memcmp(binary.data, params.values[i], binary.size), 0, "array %zu", i);
        }
}

Test(db, empty_and_null_arrays_are_the_servers_too)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        for (int null = 0; null < 2; ++null) {
                _cleanup_result_ struct ev_result *result = NULL;

                ev_params_begin(&params, &test_sql_arrays);
                for (size_t i = 0; i < test_sql_arrays.params_count; ++i) {
                        if (null && i > 0) {
                                ev_params_null(&params);
                                continue;
                        }
                        ev_params_array(&params);
                        ev_params_array_end(&params);
                }
                if (null) { /* the statement does not allow a NULL result */
                        failed(ev_db_run(db, &test_sql_arrays, &params, &result), EV_VERDICT_STOP,
                               "");
                        cr_assert(says("column as_text is NULL"), "%s", ev_error_last()->text);
                        continue;
                }
                ok(ev_db_run(db, &test_sql_arrays, &params, &result));
                for (size_t i = 0; i < test_sql_arrays.params_count; ++i) {
                        struct ev_bytes binary = ev_result_bytea(result, i, 2);

                        cr_assert_str_eq(ev_result_text(result, i, 1).data, "{}");
                        cr_assert_eq(binary.size, (size_t)params.sizes[i]);
                        cr_assert_eq(memcmp(binary.data, params.values[i], binary.size), 0);
                }
        }
        works(db);
}

Test(db, arrays_of_the_server_are_read_element_by_element)
{
        static const char *const expected[] = { "one", NULL, "", "vier" };
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_bytes element;
        struct ev_array array;

        ok(ev_db_run(db, &test_sql_text_array, NULL, &result));
        ok(ev_array_open(&array, ev_result_array(result, 0, 0), 25));
        for (size_t i = 0; i < EV_ARRAY_SIZE(expected); ++i) {
                ok(ev_array_next(&array, &element));
                cr_assert_eq(element.data != NULL, expected[i] != NULL);
                if (expected[i])
                        cr_assert(ev_str_equal(ev_str_of(expected[i]),
                                               (struct ev_str){ (const char *)element.data,
                                                                element.size }));
        }
        cr_assert_eq(ev_array_next(&array, &element), EV_ARRAY_END);
        cr_assert(ev_result_is_null(result, 0, 1));
        cr_assert_eq(ev_array_open(&array, ev_result_array(result, 0, 1), 23), EV_FAILED);
}

Test(db, results_that_are_not_as_declared_are_refused)
{
        static const struct {
                const struct ev_statement *statement;
                const char *text;
        } cases[] = {
                { &test_sql_null_where_none_may_be, "column number is NULL" },
                { &test_sql_other_type, "column number has another type" },
                { &test_sql_infinity, "outside the years" },
        };
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_result_ struct ev_result *result = NULL;
        int64_t number;

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                failed(ev_db_run(db, cases[i].statement, NULL, NULL), EV_VERDICT_STOP, "");
                cr_assert(says(cases[i].text), "%s", ev_error_last()->text);
                works(db);
        }
        ok(ev_db_run(db, &test_sql_big_numeric, NULL, &result));
        failed(ev_result_numeric(result, 0, 0, 2, &number), EV_VERDICT_STOP, "");
}

Test(db, declarations_are_compared_with_the_server)
{
        static const uint32_t int4_param[] = { 23 };
        static const char *const names[] = { "number" };
        static const struct ev_statement one_too_many = { .name = "one_too_many",
                                                          .text = "SELECT",
                                                          .params = int4_param,
                                                          .param_names = names,
                                                          .params_count = 1 };
        static const struct ev_statement one_too_few = { .name = "one_too_few",
                                                         .text = "SELECT WHERE $1 = 1" };
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();

        ok(ev_db_check_statement(db, &test_sql_scalars));
        ok(ev_db_check_statement(db, &test_sql_scalars));
        ok(ev_db_check_statement(db, &test_sql_insert_item));
        failed(ev_db_check_statement(db, &test_sql_other_type), EV_VERDICT_STOP, "");
        failed(ev_db_check_statement(db, &test_sql_other_name), EV_VERDICT_STOP, "");
        failed(ev_db_check_statement(db, &one_too_few), EV_VERDICT_STOP, "");
        cr_assert(says("1 parameters, 0 are declared"), "%s", ev_error_last()->text);
        cr_assert_eq(ev_db_check_statement(db, &one_too_many), 0,
                     "PostgreSQL takes more types than it needs");
        works(db);
}

static int join(void *context, const struct ev_str *values, size_t count)
{
        char *text = context;

        for (size_t i = 0; i < count; ++i)
                snprintf(text + strlen(text), 100, "%.*s,", EV_STR_ARG(values[i]));
        return 0;
}

static int refuse(void *context, const struct ev_str *values, size_t count)
{
        (void)context;
        (void)values;
        (void)count;
        return ev_fail(EV_VERDICT_STOP, "enough");
}

Test(db, scripts_run_as_they_stand)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        char text[400] = "";

        ok(ev_db_script(db, "SELECT 1, NULL; CREATE TEMP TABLE t (a int); SELECT 'b', 'c';", join,
                        text));
        cr_assert_str_eq(text, "1,,b,c,");
        failed(ev_db_script(db, "SELECT 1;\n-- größe ß\n\nSELECT 'ä',\n nothing;\nSELECT 2", NULL,
                            NULL),
               EV_VERDICT_STOP, "42703");
        cr_assert(says("line 5:"), "%s", ev_error_last()->text);
        failed(ev_db_script(db, "SELECT 1;\nSELECT 1 / 0", NULL, NULL), EV_VERDICT_RECORD, "22012");
        cr_assert(says("statement 2:"), "%s", ev_error_last()->text);
        works(db);
        failed(ev_db_script(db, "SELECT 1", refuse, NULL), EV_VERDICT_STOP, "");
        cr_assert(says("enough"));
        works(db);
        failed(ev_db_script(db, "COPY t FROM STDIN", NULL, NULL), EV_VERDICT_STOP, "");
        cr_assert_not(ev_db_is_open(db));
        ok(ev_db_connect(db));
        failed(ev_db_script(db, "SELECT pg_terminate_backend(pg_backend_pid())", NULL, NULL),
               EV_VERDICT_RETRY, "57P01");
        cr_assert_not(ev_db_is_open(db));
        ok(ev_db_connect(db));
        works(db);
}

Test(db, notifications_wake_a_waiting_session)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = open_session();
        _cleanup_(ev_db_free_p) struct ev_db *other = open_session();
        struct ev_str channel, payload;
        int64_t start = ev_clock_monotonic_micros();

        ok(ev_db_run(db, &test_sql_listen, NULL, NULL));
        cr_assert_eq(ev_db_wait(db, 0), EV_DB_TIMEOUT);
        cr_assert_eq(ev_db_wait(db, 50), EV_DB_TIMEOUT);
        cr_assert_geq(ev_clock_monotonic_micros() - start, 50 * EV_MICROS_PER_MS);
        queue_text(other, &test_sql_notify, EV_STR("12"));
        queue_text(other, &test_sql_notify, EV_STR("13"));
        ok(ev_db_sync(other));
        ok(ev_db_finish(other));
        ok(ev_db_wait(db, 10000));
        cr_assert(ev_db_take_notification(db, &channel, &payload));
        cr_assert(ev_str_equal(channel, EV_STR("test_db")));
        cr_assert(ev_str_equal(payload, EV_STR("12")));
        ok(ev_db_wait(db, 0)); /* the second one is here already */
        cr_assert(ev_db_take_notification(db, &channel, &payload));
        cr_assert(ev_str_equal(payload, EV_STR("13")));
        cr_assert_not(ev_db_take_notification(db, &channel, &payload));
        terminate(other, backend_pid(db));
        while (ev_db_wait(db, 10000) == 0)
                continue;
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
        cr_assert_not(ev_db_is_open(db));
}

Test(db, refused_connections_have_their_verdicts_and_keep_the_password)
{
        static const struct {
                const char *conninfo;
                enum ev_verdict verdict;
                const char *sqlstate;
                const char *text;
        } cases[] = {
                { "dbname=no_such_db password=sesame", EV_VERDICT_STOP, "3D000", "no_such_db" },
                { "host=/nowhere dbname=x password=sesame", EV_VERDICT_RETRY, "08001",
                  "x at /nowhere" },
                { "host=127.0.0.1 port=1 password=sesame", EV_VERDICT_RETRY, "08001", "127.0.0.1" },
                { "user=test_locked password=sesame", EV_VERDICT_STOP, "28P01",
                  "password authentication failed" },
                { "user=test_locked", EV_VERDICT_STOP, "28P01", "no password supplied" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                _cleanup_(ev_db_free_p) struct ev_db *db = new_session(cases[i].conninfo, 10000);

                failed(ev_db_connect(db), cases[i].verdict, cases[i].sqlstate);
                cr_assert(says(cases[i].text), "%s", ev_error_last()->text);
                cr_assert_not(says("sesame"), "%s", ev_error_last()->text);
                cr_assert_not(says("LOCATION"), "%s", ev_error_last()->text);
        }
}

static void write_password(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        cr_assert(file);
        cr_assert_eq(fputs(text, file) < 0, 0);
        cr_assert_eq(fclose(file), 0);
        cr_assert_eq(chmod(path, 0600), 0);
}

/* While file and server do not agree, or the file is not there, somebody is changing them. */
Test(db, a_password_can_be_given_apart_and_changed)
{
        char path[] = "/tmp/test-password.XXXXXX";
        struct ev_db_options options = { .conninfo = "user=test_locked password=wrong",
                                         .password_file = path,
                                         .application_name = "test",
                                         .connect_ms = 10000,
                                         .wait_ms = 10000 };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;

        cr_assert_geq(mkstemp(path), 0);
        write_password(path, "wrong too\n");
        ok(ev_db_new(&db, &options));
        failed(ev_db_connect(db), EV_VERDICT_RETRY, "28P01");
        cr_assert_not(says("wrong too"), "%s", ev_error_last()->text);
        unlink(path);
        failed(ev_db_connect(db), EV_VERDICT_RETRY, "");
        cr_assert(says(path), "%s", ev_error_last()->text);
        write_password(path, "open sesame\n");
        ok(ev_db_connect(db));
        works(db);
        unlink(path);
}

Test(db, a_broken_connection_string_is_not_repeated)
{
        static const char *const broken[] = { "host=x password='sesame", "host=x pass word=sesame",
                                              "postgresql://u:sesame@[x/db", "sesame" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(broken); ++i) {
                struct ev_db_options options = { .conninfo = broken[i],
                                                 .application_name = "test",
                                                 .connect_ms = 1,
                                                 .wait_ms = 1 };
                struct ev_db *db = NULL;

                failed(ev_db_new(&db, &options), EV_VERDICT_STOP, "");
                cr_assert_not(says("sesame"), "%s", ev_error_last()->text);
                cr_assert_null(db);
        }
}

Test(db, a_session_that_slept_in_a_transaction_tries_again)
{
        static const struct ev_db_setting settings[] = {
                { "idle_in_transaction_session_timeout", "50" },
        };
        struct ev_db_options options = { .conninfo = "",
                                         .application_name = "test",
                                         .connect_ms = 10000,
                                         .wait_ms = 10000,
                                         .settings = settings,
                                         .settings_count = 1 };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        int r;

        ok(ev_db_new(&db, &options));
        ok(ev_db_connect(db));
        ok(ev_db_queue_begin(db));
        ok(ev_db_sync(db));
        ok(ev_db_finish(db));
        cr_assert_eq(ev_db_wait(db, 10000), 0, "the server speaks up");
        r = ev_db_queue_commit(db);
        if (r == 0)
                r = ev_db_sync(db);
        if (r == 0)
                r = ev_db_finish(db);
        cr_assert_eq(r, EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY, "%s", ev_error_last()->text);
        cr_assert_not(ev_db_is_open(db));
}
