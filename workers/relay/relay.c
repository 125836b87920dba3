/* quenty-relay DATABASE -c FILE: publishes what one database has announced.
 *
 * Everything that matters is in flow/relay.c; here are the settings, the contexts and the signals.
 * Any number of these may run for a database. If the process dies, another one or its successor
 * goes on where the topics end. */

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/relay.h"

enum {
        HELP_BYTES_MAX = 256 * 1024,
        TOPICS_MAX = 8,
        SETTINGS_MAX = EV_CONFIG_FREE_MAX,
        LOG_WINDOW_MS = 10000,
        STDERR = 2,
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

static const struct ev_option relay_options[] = {
        { .name = "database.conninfo",
          .type = EV_OPTION_TEXT,
          .fallback = "",
          .maximum = 4096,
          .help = "Where PostgreSQL is: a connection string of libpq's, without a password. The "
                  "database in it is DATABASE unless it names another." },
        { .name = "database.password_file",
          .type = EV_OPTION_SECRET,
          .help = "A file with the password, where the server asks for one." },
        { .name = "kafka.",
          .type = EV_OPTION_PREFIX,
          .help = "Settings of librdkafka under their own names, at least "
                  "kafka.bootstrap.servers. Those that a guarantee rests on cannot be changed." },
        { .name = "relay.fact_partitions",
          .type = EV_OPTION_INTEGER,
          .fallback = "12",
          .minimum = 1,
          .maximum = EV_KAFKA_PARTITIONS_MAX,
          .unit = "partitions",
          .help = "How many partitions the topics of facts have. A topic with another number is "
                  "refused. Never to be changed once a fact was published." },
        { .name = "relay.dead_letter_partitions",
          .type = EV_OPTION_INTEGER,
          .fallback = "6",
          .minimum = 1,
          .maximum = EV_KAFKA_PARTITIONS_MAX,
          .unit = "partitions",
          .help = "The same for the topic of dead letters." },
        { .name = "relay.in_flight_records",
          .type = EV_OPTION_INTEGER,
          .fallback = "2048",
          .minimum = 1,
          .maximum = 100000,
          .unit = "records",
          .help = "How many records may be on their way to Kafka at one time." },
        { .name = "relay.in_flight_bytes",
          .type = EV_OPTION_INTEGER,
          .fallback = "4194304",
          .minimum = 1024,
          .maximum = 1073741824,
          .unit = "bytes",
          .help = "How many bytes they may have together." },
        { .name = "relay.page_rows",
          .type = EV_OPTION_INTEGER,
          .fallback = "1000",
          .minimum = 1,
          .maximum = 10000,
          .unit = "rows",
          .help = "How many rows are read at once." },
        { .name = "relay.writer_ms_max",
          .type = EV_OPTION_INTEGER,
          .fallback = "30000",
          .minimum = 100,
          .maximum = 3600000,
          .unit = "ms",
          .help = "A transaction that has inserted into the outbox and is still open after this "
                  "time is ended: everything committed behind it waits for it." },
        { .name = "relay.accept_fork",
          .type = EV_OPTION_TEXT,
          .maximum = 511,
          .help = "After a restore, or when a standby took over that lagged behind: the ce_source "
                  "whose facts on the topics are void from there on. For one start." },
};

static const struct ev_option_table relay_table = {
        .title = "Relay",
        .options = relay_options,
        .options_count = EV_ARRAY_SIZE(relay_options),
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
               "Ends with 0 when told to by SIGTERM or SIGINT, with 78 (EX_CONFIG) when a person\n"
               "has to act: the last line of its log says what to do.\n\n%.*s",
               EV_STR_ARG(ev_buffer_str(&text)));
        return 0;
}

/* The connection string with the database in front, so that one in the string goes before it. */
static int make_conninfo(const struct ev_config *config, const char *database,
                         struct ev_buffer *conninfo)
{
        const char *given = ev_config_text(config, "database.conninfo");
        bool is_uri =
                strncmp(given, "postgresql://", 13) == 0 || strncmp(given, "postgres://", 11) == 0;
        int r;

        assert(given);

        r = is_uri ? ev_buffer_printf(conninfo, "%s", given)
                   : ev_buffer_printf(conninfo, "dbname=%s %s", database, given);
        /* The terminating NUL, which a buffer does not keep by itself. */
        return ev_trace(r ? r : ev_buffer_append(conninfo, "", 1));
}

static size_t take_kafka(const struct ev_config *config, struct ev_kafka_setting *settings)
{
        size_t position = 0, count = 0;

        while (count < SETTINGS_MAX &&
               ev_config_next_free(config, "kafka.", &position, &settings[count].name,
                                   &settings[count].value))
                ++count;
        return count;
}

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

/* SIGTERM and SIGINT as a file that becomes readable. */
static int open_stop(int *ret_fd)
{
        sigset_t set;
        int fd;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        /* Before any thread of librdkafka's is made, so that none of them takes the signal. */
        if (sigprocmask(SIG_BLOCK, &set, NULL))
                return ev_fail(EV_VERDICT_STOP, "signals cannot be blocked");
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return ev_fail(EV_VERDICT_STOP, "signals cannot be waited for");
        *ret_fd = fd;
        return 0;
}

static int relay(const struct ev_config *config, const struct context *context, struct ev_log *log)
{
        struct ev_buffer _cleanup_buffer_ conninfo = EV_BUFFER_INIT(HELP_BYTES_MAX);
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = NULL;
        struct ev_kafka_setting settings[SETTINGS_MAX];
        struct ev_relay_topic topics[TOPICS_MAX];
        struct ev_str password = ev_config_secret(config, "database.password_file");
        struct ev_relay_options options = {
                .password = password.data,
                .kafka = settings,
                .kafka_count = take_kafka(config, settings),
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
        int r = make_conninfo(config, context->database, &conninfo);

        if (!r)
                r = open_stop(&options.stop_fd);
        if (!r)
                r = ev_metrics_new(&metrics, ev_relay_metrics, EV_RELAY_METRICS);
        if (r)
                return ev_trace(r);
        options.conninfo = (const char *)conninfo.data;
        options.metrics = metrics;
        return ev_trace(ev_relay_run(&options));
}

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

        if (argc < 2 || argv[1][0] == '-')
                return;
        operand = argv[1];
        memmove(&argv[1], &argv[2], (size_t)(argc - 2) * sizeof(*argv));
        argv[argc - 1] = operand;
}

static int run(int argc, char **argv)
{
        static const struct ev_option_table *const tables[] = { &relay_table, &ev_log_options };
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_(ev_log_free_p) struct ev_log *log = NULL;
        const struct context *context;
        int operand = 0, r;

        move_operand(argc, argv);
        r = ev_config_new(&config, tables, EV_ARRAY_SIZE(tables));
        if (!r)
                r = ev_config_load(config, argc, argv, environ, &operand);
        if (r == EV_CONFIG_HELP_WANTED)
                return print_help(config);
        if (r == EV_CONFIG_VERSION_WANTED)
                return puts("quenty-relay " EV_VERSION) == EOF ? EV_FAILED : 0;
        if (r)
                return ev_trace(r);
        if (operand + 1 != argc)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "one DATABASE is wanted: quenty-relay DATABASE -c FILE (see --help)");
        context = find_context(argv[operand]);
        if (!context)
                return fail_context(argv[operand]);
        r = start_log(config, &log);
        if (!r)
                r = relay(config, context, log);
        return ev_trace(r);
}

int main(int argc, char **argv)
{
        if (run(argc, argv) == 0)
                return EXIT_SUCCESS;
        fprintf(stderr, "quenty-relay: %s\n", ev_error_last()->text);
        return EX_CONFIG;
}
