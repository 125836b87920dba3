/* quenty-relay DATABASE -c FILE: publishes what one database has announced.
 *
 * Everything that matters is in flow/relay.c; here are the settings, the contexts and the signals.
 * Any number of these may run for a database. If the process dies, another one or its successor
 * goes on where the topics end. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/relay.h"
#include "flow/settings.h"

enum {
        HELP_BYTES_MAX = 256 * 1024, /* all options with their texts, with room to grow */
        TOPICS_MAX = 8,              /* topics of facts of one database */
        LOG_WINDOW_MS = 10000,       /* over which repeated lines are counted, not written */
        STDERR = 2,                  /* the log's; standard output is for --help and --version */
        EXIT_USAGE = 2,              /* a wrong setting: starting again does not help */
};

/* Which facts a database announces, and where its dead letters go (EVENTS.md, topics). They are in
 * the program and not in the configuration, because they are part of the contract: a relay with one
 * topic too few halts at the first fact for it, and one with another dead-letter topic would hide
 * them. */
static const struct context {
        const char *database;
        const char *topics[3]; /* NULL behind the last */
        const char *dead_letters;
} contexts[] = {
        { "customer_db", { "quenty.customer.events.v1" }, "quenty.customer.dead-letters.v1" },
        { "order_db",
          { "quenty.order.events.v1", "quenty.stock.events.v1" },
          "quenty.order.dead-letters.v1" },
        { "intl_shipping_db", { "quenty.shipping.events.v1" }, "quenty.shipping.dead-letters.v1" },
};

/* By the name of the contract. The database itself may have another one (see the setting
 * DATABASE.conninfo): tests and deployments name theirs as they like. */
static const struct context *find_context(const char *database)
{
        assert(database);

        for (size_t i = 0; i < EV_ARRAY_SIZE(contexts); ++i)
                if (strcmp(contexts[i].database, database) == 0)
                        return &contexts[i];
        return NULL;
}

/* Names all three, because whoever mistypes one wants to see them. */
static int fail_context(const char *database)
{
        assert(database);

        return ev_fail(EV_VERDICT_STOP,
                       "\"%s\" is no database of ours: it is customer_db, order_db or "
                       "intl_shipping_db",
                       database);
}

/* Tells what the program is and what can be set. What can be set comes from the same tables that
 * settings are checked with, so the help cannot be out of date. */
static int print_help(const struct ev_config *config)
{
        struct ev_buffer _cleanup_buffer_ text = EV_BUFFER_INIT(HELP_BYTES_MAX);
        int r = ev_config_write_help(config, &text);

        assert(config);

        if (r)
                return ev_trace(r);
        printf("usage: quenty-relay [--KEY=VALUE]... -c FILE DATABASE\n"
               "       quenty-relay DATABASE -c FILE [--KEY=VALUE]...\n\n"
               "Publishes the facts and dead letters that DATABASE (customer_db, order_db or\n"
               "intl_shipping_db) has announced. Any number may run; one leads, the others wait.\n"
               "Ends with 0 when told to by SIGTERM or SIGINT, with 1 when a person has to act\n"
               "(the last line of its log says what to do), with 2 for a wrong setting.\n\n%.*s",
               EV_STR_ARG(ev_buffer_str(&text)));
        return 0;
}

/* One number for all topics of facts: a company's key then lies in the same partition of each, so
 * that one consumer has them together. */
static size_t take_topics(const struct ev_config *config, const struct context *context,
                          struct ev_relay_topic *topics)
{
        int32_t partitions = (int32_t)ev_config_integer(config, "relay.fact_partitions");
        size_t count = 0;

        assert(partitions > 0);

        for (; count < EV_ARRAY_SIZE(context->topics) && context->topics[count]; ++count)
                topics[count] = (struct ev_relay_topic){ context->topics[count], partitions };
        return count;
}

/* From settings to options. Numbers need no further checks: the tables bound them, and what the
 * tables cannot know (partitions, sizes) the relay asks the servers. The options point into the
 * configuration, which lives until run() ends. */
static int relay(const struct ev_config *config, const struct context *context, struct ev_log *log)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = NULL;
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        struct ev_relay_topic topics[TOPICS_MAX];
        struct ev_relay_options options = {
                .conninfo = ev_settings_conninfo(config, context->database),
                .password_file = ev_settings_password_file(config, context->database),
                .kafka = settings,
                .kafka_count = ev_settings_kafka(config, settings),
                .topics = topics,
                .topics_count = take_topics(config, context, topics),
                .dead_letters = { context->dead_letters,
                                  (int32_t)ev_config_integer(config,
                                                             "relay.dead_letter_partitions") },
                .records_max = (size_t)ev_config_integer(config, "relay.in_flight_records"),
                .bytes_max = (size_t)ev_config_integer(config, "relay.in_flight_bytes"),
                .page_rows = (int32_t)ev_config_integer(config, "relay.page_rows"),
                .topic_bytes_max = (int32_t)ev_config_integer(config, "relay.topic_bytes_max"),
                .writer_ms_max = (int)ev_config_integer(config, "relay.writer_ms_max"),
                .accept_fork = ev_config_text(config, "relay.accept_fork"),
                .log = log,
        };
        /* Before the first client is made: its threads inherit the blocked signals, so that SIGTERM
         * arrives at the descriptor and nowhere else. */
        int r = ev_settings_stop_fd(&options.stop_fd);

        assert(log && context->topics[0] && context->dead_letters);

        if (!r)
                r = ev_metrics_new(&metrics, ev_relay_metrics, EV_RELAY_METRICS);
        if (r)
                return ev_trace(r);
        options.metrics = metrics;
        return ev_trace(ev_relay_run(&options));
}

/* The log comes after the settings, since they say how it is written. What fails before that goes
 * to standard error as one plain line, in main(). */
static int start_log(const struct ev_config *config, struct ev_log **ret_log)
{
        const struct ev_log_settings settings = {
                .program = "relay",
                .events = ev_relay_log_events,
                .events_count = EV_RELAY_EVENTS,
                .level = (enum ev_log_level)ev_config_choice(config, "log.level"),
                .format = (enum ev_log_format)ev_config_choice(config, "log.format"),
                .fd = STDERR,
                .window_ms = LOG_WINDOW_MS,
        };

        assert(ret_log);
        return ev_trace(ev_log_new(ret_log, &settings));
}

/* Settings may stand before and behind DATABASE: the first word that is none is moved to the end,
 * because ev_config_load() takes what stands behind such a word for operands, settings and all. */
static void move_operand(int argc, char **argv)
{
        char *operand;

        assert(argc >= 0 && argv);

        if (argc < 2 || argv[1][0] == '-')
                return;
        operand = argv[1];
        memmove(&argv[1], &argv[2], (size_t)(argc - 2) * sizeof(*argv));
        argv[argc - 1] = operand;
}

/* Results of configure() and run() beside 0 and EV_FAILED: both end the program before anything is
 * connected. */
enum { RUN_USAGE = 1, RUN_DONE = 2 };

/* 0 and the context to relay; RUN_DONE when help or version was all that was wanted; RUN_USAGE. An
 * error text is set in every case but the first two, for main() to print. */
static int configure(struct ev_config *config, int argc, char **argv,
                     const struct context **ret_context)
{
        int operand = 0, r;

        assert(ret_context && argv);

        move_operand(argc, argv);
        r = ev_config_load(config, argc, argv, environ, &operand);
        if (r == EV_CONFIG_HELP_WANTED)
                return print_help(config) < 0 ? EV_FAILED : RUN_DONE;
        if (r == EV_CONFIG_VERSION_WANTED)
                return puts("quenty-relay " EV_VERSION) == EOF ? EV_FAILED : RUN_DONE;
        if (r < 0)
                return RUN_USAGE;
        if (operand + 1 != argc) {
                (void)ev_fail(EV_VERDICT_STOP, "one DATABASE is wanted: quenty-relay DATABASE "
                                               "-c FILE (see --help)");
                return RUN_USAGE;
        }
        *ret_context = find_context(argv[operand]);
        if (!*ret_context)
                (void)fail_context(argv[operand]);
        return *ret_context ? 0 : RUN_USAGE;
}

/* Whatever is made here goes in the reverse order, so the log is there until the relay has said its
 * last word. The failures behind `configure` are logged by the relay itself and printed once more
 * by main(), for whoever started it by hand. */
static int run(int argc, char **argv)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_(ev_log_free_p) struct ev_log *log = NULL;
        const struct context *context = NULL;
        int r = ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS);

        assert(argc >= 0 && argv);

        if (!r)
                r = configure(config, argc, argv, &context);
        if (!r)
                r = ev_fault_init();
        if (!r)
                r = start_log(config, &log);
        if (!r)
                r = relay(config, context, log);
        return ev_trace(r);
}

/* Three answers for a service manager: 0, told to stop, leave it; 1, a person has to act, starting
 * it again only repeats the message; 2, a wrong setting, likewise. */
int main(int argc, char **argv)
{
        int r = run(argc, argv);

        if (r == 0 || r == RUN_DONE)
                return EXIT_SUCCESS;
        fprintf(stderr, "quenty-relay: %s\n", ev_error_last()->text);
        return r == RUN_USAGE ? EXIT_USAGE : EXIT_FAILURE;
}
