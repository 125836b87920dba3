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
        HELP_BYTES_MAX = 256 * 1024,
        TOPICS_MAX = 8,
        LOG_WINDOW_MS = 10000,
        STDERR = 2,
        EXIT_USAGE = 2,
};

/* Which facts a database announces, and where its dead letters go (EVENTS.md, topics). */
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

static const struct context *find_context(const char *database)
{
        assert(database);

        for (size_t i = 0; i < EV_ARRAY_SIZE(contexts); ++i)
                if (strcmp(contexts[i].database, database) == 0)
                        return &contexts[i];
        return NULL;
}

static int fail_context(const char *database)
{
        return ev_fail(EV_VERDICT_STOP,
                       "\"%s\" is no database of ours: it is customer_db, order_db or "
                       "intl_shipping_db",
                       database);
}

/* Tells what the program is and what can be set. */
static int print_help(const struct ev_config *config)
{
        struct ev_buffer _cleanup_buffer_ text = EV_BUFFER_INIT(HELP_BYTES_MAX);
        int r = ev_config_write_help(config, &text);

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

/* All topics of facts have one number of partitions: lanes of one company then lie at one number,
 * and a worker that reads two topics owns both (EVENTS.md, keys). */
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

static int relay(const struct ev_config *config, const struct context *context, struct ev_log *log)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = NULL;
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        struct ev_relay_topic topics[TOPICS_MAX];
        struct ev_relay_options options = {
                .conninfo = ev_settings_conninfo(config, context->database),
                .password = ev_settings_password(config, context->database),
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
                .writer_ms_max = (int)ev_config_integer(config, "relay.writer_ms_max"),
                .accept_fork = ev_config_text(config, "relay.accept_fork"),
                .log = log,
        };
        int r = ev_settings_stop_fd(&options.stop_fd);

        if (!r)
                r = ev_metrics_new(&metrics, ev_relay_metrics, EV_RELAY_METRICS);
        if (r)
                return ev_trace(r);
        options.metrics = metrics;
        return ev_trace(ev_relay_run(&options));
}

/* To stderr: whoever started us decides where lines go and how long they are kept. */
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

/* Settings may stand before and behind DATABASE: the first word that is none is moved to the end.
 */
static void move_operand(int argc, char **argv)
{
        char *operand;

        assert(argc >= 1);

        if (argc < 2 || argv[1][0] == '-')
                return;
        operand = argv[1];
        memmove(&argv[1], &argv[2], (size_t)(argc - 2) * sizeof(*argv));
        argv[argc - 1] = operand;
}

enum { RUN_USAGE = 1, RUN_DONE = 2 };

/* 0 and the context to relay; RUN_DONE when help or version was all that was wanted; RUN_USAGE. */
static int configure(struct ev_config *config, int argc, char **argv,
                     const struct context **ret_context)
{
        int operand = 0, r;

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

static int run(int argc, char **argv)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_(ev_log_free_p) struct ev_log *log = NULL;
        const struct context *context = NULL;
        int r = ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS);

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

int main(int argc, char **argv)
{
        int r = run(argc, argv);

        if (r == 0 || r == RUN_DONE)
                return EXIT_SUCCESS;
        fprintf(stderr, "quenty-relay: %s\n", ev_error_last()->text);
        return r == RUN_USAGE ? EXIT_USAGE : EXIT_FAILURE;
}
