/* The program around a worker: settings, start, stop, exit code.
 *
 * The start has one order, and says of each step in one line what is missing: configuration,
 * database, migrations, Kafka, topics, and whether the database is this shard's. Nothing was read
 * or written before all of them are there. Whatever trouble there is after that is the loop's
 * (flow/runner.c). A stop finishes or rolls back the batch in hand, gives the lanes back cleanly,
 * and only then closes the session that this needs. If the process dies on the way, it was a crash
 * like any other. */

#include "flow/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "flow/runner.h"
#include "flow/settings.h"
#include "flow/worker_log.h"

enum {
        HELP_BYTES_MAX = 256 * 1024,
        LOG_WINDOW_MS = 10000,
        RETRY_BYTES_MAX = 256 * 1024 * 1024, /* a look's records, facts of 900 KiB among them */
        CLOSE_WAIT_MS = 5000,                /* for the group to let us go */
        NAME_MAX_BYTES = 64,
        STDERR = 2,
        EXIT_USAGE = 2,
};

/* ---- Start and stop ---- */

/* A database that must see all companies (a name is given once) cannot be divided. */
static int choose_shard(struct ev_runner *runner)
{
        const char *text = ev_config_text(runner->config, "shard");
        int r = ev_shard_parse(text, &runner->shard);

        if (r < 0)
                return ev_trace(r);
        assert(ev_shard_check(&runner->shard));
        if (runner->shard.count > 1 && !runner->worker->is_divisible)
                return ev_fail(EV_VERDICT_STOP,
                               "configuration: shard is \"%s\", and quenty-%s cannot be bound to "
                               "one: %s has all companies",
                               text, runner->worker->name, runner->worker->database);
        return 0;
}

/* What needs no server. The session is made before the batch that works in it. */
static int make_parts(struct ev_runner *runner)
{
        char name[NAME_MAX_BYTES];
        struct ev_batch_options options = {
                .worker = runner->worker,
                .shard = &runner->shard,
                .wait_max_us =
                        ev_config_integer(runner->config, "wait.max_s") * EV_MICROS_PER_SECOND,
        };
        int r;

        assert(!runner->items);

        runner->items = calloc(EV_BATCH_MAX, sizeof(*runner->items));
        if (!runner->items)
                return ev_fail_memory("a batch");
        snprintf(name, sizeof(name), "quenty-%s", runner->worker->name);
        r = ev_messages_init(&runner->messages, EV_BATCH_MAX);
        if (r == 0)
                r = ev_arena_new(&runner->retry_arena, RETRY_BYTES_MAX);
        if (r == 0)
                r = ev_settings_worker_db(runner->config, runner->worker->database, name,
                                          &runner->db);
        if (r == 0)
                r = ev_schemas_new(&runner->schemas, ev_config_text(runner->config, "schemas.dir"));
        if (r < 0)
                return ev_trace(r);
        options.db = runner->db;
        options.schemas = runner->schemas;
        return ev_trace(ev_batch_new(&runner->batch, &options));
}

/* Trouble at start ends the program, also where a server is merely late: whoever started it knows
 * how often to try, and sees in the exit code that it did not come up. */
static int start(struct ev_runner *runner)
{
        int r = choose_shard(runner);

        assert(!runner->consumer);

        if (r == 0)
                r = make_parts(runner);
        if (r == 0)
                r = ev_runner_connect(runner);
        if (r == 0)
                r = EV_FAULT(database_connected);
        if (r == 0)
                r = ev_runner_join(runner);
        if (r == 0)
                r = EV_FAULT(clients_made);
        return ev_trace(r);
}

/* The lanes are given back in the session, so it goes after the consumer. Of the fault points an
 * injected error has no meaning here: the stop goes on. */
static void stop(struct ev_runner *runner)
{
        assert(runner->messages.count == 0);

        /* The batch in hand is committed or rolled back; nobody polls any more. */
        (void)!EV_FAULT(stop_drained);
        if (runner->consumer)
                (void)!ev_consumer_close(runner->consumer, CLOSE_WAIT_MS);
        runner->consumer = ev_consumer_free(runner->consumer);
        runner->batch = ev_batch_free(runner->batch);
        runner->schemas = ev_schemas_free(runner->schemas);
        runner->db = ev_db_free(runner->db);
        (void)!EV_FAULT(stop_closed);
        ev_messages_done(&runner->messages);
        ev_arena_free(runner->retry_arena);
        free(runner->items);
        free(runner->lanes);
        if (runner->stop_fd >= 0)
                close(runner->stop_fd);
}

/* Signals are blocked before librdkafka makes its threads, so that none of them takes one. */
static int work(struct ev_runner *runner)
{
        int r = ev_settings_stop_fd(&runner->stop_fd);

        assert(runner->worker);

        if (r == 0)
                r = start(runner);
        if (r < 0)
                return ev_trace(r);
        ev_log_line(runner->log, EV_WORKER_STARTED,
                    ev_log_text("database", runner->worker->database));
        r = ev_runner_loop(runner);
        if (r == 0)
                r = EV_FAULT(stop_paused);
        return ev_trace(r);
}

/* The stop may fail in its own ways; what is told is why it came to it. */
static int run(const struct ev_worker *worker, const struct ev_config *config, struct ev_log *log)
{
        struct ev_runner runner = { .worker = worker, .config = config, .log = log, .stop_fd = -1 };
        int r = work(&runner);
        struct ev_error error = *ev_error_last();

        assert(r <= 0);

        stop(&runner);
        ev_error_restore(&error);
        if (r < 0)
                return ev_trace(r);
        ev_log_line(log, EV_WORKER_STOPPED, ev_log_text("database", worker->database));
        return 0;
}

/* ---- The command line ---- */

/* Lines go to stderr: where they are kept is the supervisor's business. */
static int start_log(const struct ev_worker *worker, const struct ev_config *config,
                     struct ev_log **ret_log)
{
        const struct ev_log_settings settings = {
                .program = worker->name,
                .events = ev_worker_log_events,
                .events_count = EV_WORKER_EVENTS,
                .level = (enum ev_log_level)ev_config_choice(config, "log.level"),
                .format = (enum ev_log_format)ev_config_choice(config, "log.format"),
                .fd = STDERR,
                .window_ms = LOG_WINDOW_MS,
        };

        assert(worker->name && ret_log);

        return ev_trace(ev_log_new(ret_log, &settings));
}

/* The settings of all programs: one file serves them all. */
static int print_help(const struct ev_worker *worker, const struct ev_config *config)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(HELP_BYTES_MAX);
        int r = ev_config_write_help(config, &text);

        assert(worker->database);

        if (r < 0)
                return ev_trace(r);
        printf("usage: quenty-%s -c FILE [--KEY=VALUE]...\n\n"
               "Applies events to %s and announces facts, until it is told to end by SIGTERM\n"
               "or SIGINT. Any number may run: Kafka deals the partitions out.\n\n%.*s",
               worker->name, worker->database, EV_STR_ARG(ev_buffer_str(&text)));
        return 0;
}

/* 0 or EV_FAILED; *ret_done when there is nothing to run. */
static int configure(const struct ev_worker *worker, struct ev_config *config, int argc,
                     char **argv, bool *ret_done)
{
        int operand = 0;
        int r = ev_config_load(config, argc, argv, environ, &operand);

        assert(ret_done);

        *ret_done = r > 0;
        if (r == EV_CONFIG_HELP_WANTED)
                return ev_trace(print_help(worker, config));
        if (r == EV_CONFIG_VERSION_WANTED) {
                printf("quenty-%s " EV_VERSION "\n", worker->name);
                return 0;
        }
        if (r == 0 && operand < argc)
                return ev_fail(EV_VERDICT_STOP,
                               "\"%s\" is not wanted: there are only settings "
                               "(see --help)",
                               argv[operand]);
        return ev_trace(r);
}

/* One line for a person, and the exit code for the program that started us. */
static int fail(const struct ev_worker *worker, int exit_code)
{
        assert(exit_code != EXIT_SUCCESS);

        fprintf(stderr, "quenty-%s: %s\n", worker->name, ev_error_last()->text);
        return exit_code;
}

/* Nothing is opened before the command line is understood, so that --help works anywhere. */
int ev_worker_main(const struct ev_worker *worker, int argc, char **argv)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_(ev_log_free_p) struct ev_log *log = NULL;
        bool is_done = false;
        int r = ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS);

        assert(ev_worker_check(worker));

        if (r < 0)
                return fail(worker, EXIT_FAILURE);
        if (configure(worker, config, argc, argv, &is_done) < 0)
                return fail(worker, EXIT_USAGE);
        if (is_done)
                return EXIT_SUCCESS;
        r = ev_fault_init();
        if (r == 0)
                r = EV_FAULT(config_loaded);
        if (r == 0)
                r = start_log(worker, config, &log);
        if (r == 0)
                r = run(worker, config, log);
        return r == 0 ? EXIT_SUCCESS : fail(worker, EXIT_FAILURE);
}

/* ---- The tables of a worker ---- */

/* A route without decide is for a fact of others, and only with a fold for it. */
static bool is_route(const struct ev_worker *worker, const struct ev_route *route)
{
        const struct ev_contract *contract = route->record->contract;

        if (!contract || !route->want)
                return false;
        if (route->decide)
                return true;
        for (size_t i = 0; i < worker->fold_count; ++i)
                if (worker->folds[i].record == route->record)
                        return contract->kind == EV_KIND_FACT;
        return false;
}

static bool is_timer(const struct ev_timer *timer)
{
        assert(timer);

        return timer->name && timer->interval_ms > 0 && timer->want && timer->decide &&
               timer->due && ev_due_check(timer->due);
}

/* What does not depend on the database is looked at here; whether loads fit their tables is checked
 * by ev_load_check(), and whether they fit the database by preparing them. */
bool ev_worker_check(const struct ev_worker *worker)
{
        if (!worker->name || !worker->database || !worker->facts_topics || worker->migration < 1 ||
            worker->route_count == 0 || worker->load_count > EV_LOADS_MAX ||
            worker->table_count > EV_TABLES_MAX || worker->list_count > EV_LISTS_MAX ||
            worker->timer_count > EV_TIMERS_MAX)
                return false;
        for (size_t i = 0; i < worker->load_count; ++i)
                for (size_t k = 0; k < worker->loads[i].list_count; ++k)
                        if (worker->loads[i].lists[k] >= worker->list_count)
                                return false;
        for (size_t i = 0; i < worker->route_count; ++i)
                if (!is_route(worker, &worker->routes[i]))
                        return false;
        for (size_t i = 0; i < worker->timer_count; ++i)
                if (!is_timer(&worker->timers[i]))
                        return false;
        for (size_t i = 0; i < worker->fold_count; ++i)
                if (!worker->folds[i].record->contract || !worker->folds[i].want ||
                    !worker->folds[i].fold)
                        return false;
        return true;
}
