/* eventctl rebuild: a database folded anew from its facts, to be compared with the live one.
 *
 * The database that is filled belongs to nobody else: it is empty and migrated, or was begun by this
 * command before. If the process dies, the next one goes on where it stood (flow/replay.c). */

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"
#include "command.h"
#include "customer/customer.h"
#include "database.h"
#include "eventctl_customer_sql.h"
#include "eventctl_order_sql.h"
#include "eventctl_shipping_sql.h"
#include "eventctl_sql.h"
#include "flow/replay.h"
#include "flow/settings.h"
#include "order/order.h"
#include "output.h"
#include "progress.h"
#include "shipping/shipping.h"

/* What a database is rebuilt by, in the order of database_names. */
static const struct kind {
        const struct ev_worker *worker;
        const struct ev_statement *rows; /* whether there are any that facts make */
        const struct ev_statement
                *sequences; /* set above ids that facts carry; NULL: they carry none */
} kinds[DATABASES] = {
        { &customer_worker, &eventctl_customer_sql_rebuild_rows, NULL },
        { &order_worker, &eventctl_order_sql_rebuild_rows, &eventctl_order_sql_rebuild_sequences },
        { &shipping_worker, &eventctl_shipping_sql_rebuild_rows, NULL },
};

static const struct output_column columns[] = {
        { "database", 16, false }, { "facts", 12, true },         { "repeated", 10, true },
        { "seconds", 10, true },   { "facts_a_second", 0, true },
};

/* The replay is freed before what it borrows. */
struct rebuild {
        const struct command_input *input;
        const struct kind *kind;
        struct output output;
        struct ev_db *db;
        struct ev_kafka *kafka;
        struct ev_schemas *schemas;
        struct ev_replay *replay;
        int stop_fd;
        int64_t started; /* monotonic, µs */
};

static void rebuild_done(struct rebuild *rebuild)
{
        assert(rebuild);

        ev_replay_free(rebuild->replay);
        ev_schemas_free(rebuild->schemas);
        ev_kafka_free(rebuild->kafka);
        ev_db_free(rebuild->db);
}

static enum command_exit complain(void)
{
        command_complain();
        return COMMAND_FAILED;
}

/* ---- The database that is filled ---- */

static int ask(struct rebuild *rebuild, const struct ev_statement *statement, bool *ret_answers,
               size_t count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = ev_db_run(rebuild->db, statement, NULL, &result);

        assert(count > 0);

        for (size_t i = 0; r == 0 && i < count; ++i)
                ret_answers[i] = ev_result_bool(result, 0, i);
        return ev_trace(r);
}

static enum command_exit check_target(struct rebuild *rebuild)
{
        enum { IS_WORKED_ON, IS_BEGUN, TARGET_ANSWERS };
        bool answers[TARGET_ANSWERS], has_rows;
        int r = ask(rebuild, &eventctl_sql_rebuild_target, answers, TARGET_ANSWERS);

        assert(rebuild->db);

        if (r == 0)
                r = ask(rebuild, rebuild->kind->rows, &has_rows, 1);
        if (r < 0)
                return complain();
        if (!answers[IS_WORKED_ON] && (answers[IS_BEGUN] || !has_rows))
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: refused: the database of --into is not empty: %s. Make a new one, and "
                "\"eventctl migrate up %s\" in it\n",
                answers[IS_WORKED_ON] ? "a worker or a relay has used it" : "it has rows",
                rebuild->kind->worker->database);
        return COMMAND_REFUSED;
}

static enum command_exit open_target(struct rebuild *rebuild)
{
        const char *into = command_value(rebuild->input, "into");
        int r;

        if (!into) {
                fputs("eventctl rebuild: --into CONNINFO names the database that is filled\n",
                      stderr);
                return COMMAND_USAGE;
        }
        r = ev_settings_replay_db(into, "eventctl rebuild", &rebuild->db);
        assert(r < 0 || rebuild->db);
        if (r == 0)
                r = ev_db_connect(rebuild->db);
        return r < 0 ? complain() : check_target(rebuild);
}

/* ---- The work ---- */

/* The live database is asked for nothing but how far its relay has come. Who has only the topics gets
 * all that is on them. */
static int ask_position(const struct rebuild *rebuild, int64_t *ret_seq)
{
        const char *database = rebuild->kind->worker->database;
        _cleanup_result_ struct ev_result *result = NULL;
        _cleanup_(ev_db_free_p) struct ev_db *live = NULL;
        int r;

        assert(ret_seq);

        *ret_seq = INT64_MAX;
        if (!database_is_given(rebuild->input->config, database)) {
                fprintf(stderr,
                        "eventctl: %s.conninfo is not given, so the topics are read to their ends: "
                        "the relay must have published all\n",
                        database);
                return 0;
        }
        r = database_open(rebuild->input->config, database, &live);
        if (r == 0)
                r = ev_db_run(live, &eventctl_sql_rebuild_position, NULL, &result);
        if (r == 0)
                *ret_seq = ev_result_rows(result) == 1 ? ev_result_int8(result, 0, 0) : 0;
        return ev_trace(r);
}

static enum command_exit begin(struct rebuild *rebuild)
{
        struct ev_shard shard;
        struct ev_replay_options options = { .worker = rebuild->kind->worker,
                                             .db = rebuild->db,
                                             .shard = rebuild->kind->worker->is_divisible ? &shard
                                                                                          : NULL };
        enum command_exit exit = cluster_open(rebuild->input->config, &rebuild->kafka);

        assert(rebuild->kind);

        if (exit != COMMAND_DONE)
                return exit;
        if (ev_schemas_new(&rebuild->schemas,
                           ev_config_text(rebuild->input->config, "schemas.dir")) < 0 ||
            ev_shard_parse(ev_config_text(rebuild->input->config, "shard"), &shard) < 0 ||
            ask_position(rebuild, &options.last_sequence) < 0)
                return complain();
        options.kafka = rebuild->kafka;
        options.schemas = rebuild->schemas;
        return ev_replay_new(&rebuild->replay, &options) < 0 ? complain() : COMMAND_DONE;
}

static enum command_exit work(struct rebuild *rebuild)
{
        struct progress_bar bar;
        int r = 0;

        assert(rebuild->replay);

        progress_begin(&bar, "facts", -1);
        bar.total = ev_replay_counts(rebuild->replay).to_come;
        while (r == 0 && !command_is_stopped(rebuild->stop_fd)) {
                uint64_t facts = ev_replay_counts(rebuild->replay).facts;

                progress_show(&bar, facts, facts);
                r = ev_replay_step(rebuild->replay);
        }
        progress_end(&bar);
        if (r < 0)
                return complain();
        if (r == EV_REPLAY_END)
                return COMMAND_DONE;
        fputs("eventctl: stopped; the same command goes on from here\n", stderr);
        return COMMAND_FAILED;
}

static enum command_exit finish(struct rebuild *rebuild)
{
        _cleanup_result_ struct ev_result *result = NULL;
        const struct ev_statement *statement = rebuild->kind->sequences;

        assert(rebuild->db);

        if (statement && ev_db_run(rebuild->db, statement, NULL, &result) < 0)
                return complain();
        return COMMAND_DONE;
}

static enum command_exit show(struct rebuild *rebuild)
{
        struct ev_replay_counts counts = ev_replay_counts(rebuild->replay);
        uint64_t ms = (uint64_t)(ev_clock_monotonic_micros() - rebuild->started) / EV_MICROS_PER_MS;
        char texts[4][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                ev_str_of(rebuild->kind->worker->database),
                output_number((int64_t)(counts.facts), texts[0]),
                output_number((int64_t)(counts.repeated), texts[1]),
                output_number((int64_t)((ms + 999) / 1000), texts[2]),
                output_number((int64_t)(counts.facts * 1000 / (ms > 0 ? ms : 1)), texts[3]),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(ms < INT64_MAX);

        output_begin(&rebuild->output, NULL, 0, NULL);
        output_row(&rebuild->output, values, false);
        return output_end(&rebuild->output) ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_exit rebuild(const struct command_input *input)
{
        _cleanup_(rebuild_done) struct rebuild rebuild = {
                .input = input,
                .output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) },
                .started = ev_clock_monotonic_micros(),
        };
        enum command_exit exit;
        int at;

        assert(input->operand);

        if (!output_format_of(input, &rebuild.output.format))
                return COMMAND_USAGE;
        at = database_find(input->operand);
        if (at < 0)
                return COMMAND_USAGE;
        rebuild.kind = &kinds[at];
        if (ev_settings_stop_fd(&rebuild.stop_fd) < 0)
                return complain();
        exit = open_target(&rebuild);
        if (exit == COMMAND_DONE)
                exit = begin(&rebuild);
        if (exit == COMMAND_DONE)
                exit = work(&rebuild);
        if (exit == COMMAND_DONE)
                exit = finish(&rebuild);
        return exit == COMMAND_DONE ? show(&rebuild) : exit;
}
