/* The tables of shared settings, and sessions and clients made of them.
 *
 * A row is all there is of a setting: help, manual page, sample file and the check of its bounds
 * come from it. Nothing here is changed by running, and nothing is lost if the process dies. */

#include "flow/settings.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "base/log.h"

enum {
        KEY_MAX = 64,
        SHARD_BYTES_MAX = 15,
        CONNECT_MS = 5000, /* so long a stop may have to wait for a server that is not there */
        WAIT_MS =
                35000, /* above statement_timeout: the server speaks first, and the session stays */
};

#define DATABASE_OPTIONS(database)                                                              \
        { .name = database ".conninfo",                                                         \
          .type = EV_OPTION_TEXT,                                                               \
          .fallback = "dbname=" database,                                                       \
          .maximum = EV_CONFIG_VALUE_MAX,                                                       \
          .help = "Where " database " is: a connection string of libpq's, without password." }, \
        {                                                                                       \
                .name = database ".password_file", .type = EV_OPTION_SECRET,                    \
                .help = "A file with the password for " database ", where it asks for one."     \
        }

/* Passwords are in files of their own, which others cannot read; a connection string may be
 * shown. */
static const struct ev_option database_options[] = {
        DATABASE_OPTIONS("customer_db"),
        DATABASE_OPTIONS("order_db"),
        DATABASE_OPTIONS("intl_shipping_db"),
};

const struct ev_option_table ev_database_options = { "Databases", database_options,
                                                     EV_ARRAY_SIZE(database_options) };

/* Which of librdkafka's settings an operator may not change, and why, is in wire/kafka.c. */
static const struct ev_option kafka_options[] = {
        { .name = "kafka.",
          .type = EV_OPTION_PREFIX,
          .help = "Settings of librdkafka under their own names, at least "
                  "kafka.bootstrap.servers. Those that a guarantee rests on cannot be changed." },
};

const struct ev_option_table ev_kafka_options = { "Kafka", kafka_options,
                                                  EV_ARRAY_SIZE(kafka_options) };

/* Bounds are such that no value of a setting breaks a guarantee: the largest batch is
 * EV_BATCH_MAX, and the longest rest is below max.poll.interval.ms. */
static const struct ev_option worker_options[] = {
        { .name = "shard",
          .type = EV_OPTION_TEXT,
          .minimum = 1,
          .maximum = SHARD_BYTES_MAX,
          .help = "Binds an order worker to a part of the companies, as K/N (0/2 and 1/2 are the "
                  "halves): it reads the partitions whose number modulo N is K, in a group of its "
                  "own, into a database of its own. N divides 12. Without it: all companies." },
        { .name = "batch.max",
          .type = EV_OPTION_INTEGER,
          .fallback = "200",
          .minimum = 1,
          .maximum = 1000,
          .unit = "records",
          .help = "How many records a transaction takes at most. 1 helps with finding faults." },
        { .name = "wait.max_s",
          .type = EV_OPTION_INTEGER,
          .fallback = "30",
          .minimum = 1,
          .maximum = 3600,
          .unit = "s",
          .help = "How long an event waits for something it refers to, before it is decided "
                  "without." },
        { .name = "backoff.max_ms",
          .type = EV_OPTION_INTEGER,
          .fallback = "5000",
          .minimum = 10,
          .maximum = 60000,
          .unit = "ms",
          .help = "How long a worker rests at most before it tries a batch again that a server's "
                  "trouble has stopped." },
        { .name = "schemas.dir",
          .type = EV_OPTION_TEXT,
          .minimum = 1,
          .maximum = EV_CONFIG_VALUE_MAX,
          .help = "A folder with schemas that are newer than this build, in the form of the "
                  "source's folder schemas: producers may then be ahead. It is read again when a "
                  "value's schema is not known and its file ids has changed." },
};

const struct ev_option_table ev_worker_options = { "Workers", worker_options,
                                                   EV_ARRAY_SIZE(worker_options) };

/* What the relay does with them is in flow/relay.h. */
static const struct ev_option relay_options[] = {
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
        { .name = "relay.topic_bytes_max",
          .type = EV_OPTION_INTEGER,
          .fallback = "0",
          .minimum = 0,
          .maximum = 1073741824,
          .unit = "bytes",
          .help = "How large a batch the topics take (max.message.bytes), for a broker that does "
                  "not tell: the program has no right to describe configurations, or the broker "
                  "answers no administration. 0 asks the broker." },
        { .name = "relay.accept_fork",
          .type = EV_OPTION_TEXT,
          .maximum = 511,
          .help = "After a restore, or when a standby took over that lagged behind: the ce_source "
                  "whose facts on the topics are void from there on. For one start." },
};

const struct ev_option_table ev_relay_options = { "Relays", relay_options,
                                                  EV_ARRAY_SIZE(relay_options) };

/* Of eventctl only; what it asks for besides is on its command line. */
static const struct ev_option tool_options[] = {
        { .name = "migrations.directory",
          .type = EV_OPTION_TEXT,
          .minimum = 1,
          .maximum = EV_CONFIG_VALUE_MAX,
          .help = "Where the migrations are. Without it they are looked for in "
                  "../share/quenty/migrations beside the program's folder, and then in a folder "
                  "named migrations above it, which is where a source tree has them." },
};

const struct ev_option_table ev_tool_options = { "Tools", tool_options,
                                                 EV_ARRAY_SIZE(tool_options) };

/* The order is that of help and sample file. */
const struct ev_option_table *const ev_program_options[EV_PROGRAM_OPTIONS] = {
        &ev_database_options, &ev_kafka_options, &ev_worker_options,
        &ev_relay_options,    &ev_log_options,   &ev_tool_options,
};

/* Has a default in the table, so it is never NULL. */
const char *ev_settings_conninfo(const struct ev_config *config, const char *database)
{
        char key[KEY_MAX];

        assert(database);

        snprintf(key, sizeof(key), "%s.conninfo", database);
        return ev_config_text(config, key);
}

/* The session reads it at each connect: a password may change while programs run. */
const char *ev_settings_password_file(const struct ev_config *config, const char *database)
{
        char key[KEY_MAX];

        assert(database);

        snprintf(key, sizeof(key), "%s.password_file", database);
        return ev_config_secret_file(config, key);
}

/* The same that the migrations give to the workers' roles. Durability is what a fact on the topic
 * rests on: with synchronous_commit off a crash takes back a row whose fact is published. A worker
 * that is stopped inside a transaction loses its session before it stops everybody who wants its
 * rows: the idle timeout is the shortest, lock_timeout is longer, so that who waits for such rows
 * gets them. Each statement sees what was committed before it: a lane is locked and then read, in
 * the place where its last owner left it, which another level of isolation would make a failure. A
 * batch's statements are prepared once, perhaps on empty tables: the plan must be the
 * one that is right for full ones, by index and in loops. */
static const struct ev_db_setting worker_session[] = {
        { "synchronous_commit", "on" },
        { "default_transaction_isolation", "read committed" },
        { "idle_in_transaction_session_timeout", "3s" },
        { "lock_timeout", "5s" },
        { "statement_timeout", "30s" },
        { "search_path", "public" },
        { "timezone", "UTC" },
        { "jit", "off" },
        { "enable_seqscan", "off" },
        { "enable_hashjoin", "off" },
        { "enable_mergejoin", "off" },
        { "plan_cache_mode", "force_generic_plan" },
};

/* Not connected yet: what the settings mean to the server is seen at the first ev_db_connect(). */
int ev_settings_worker_db(const struct ev_config *config, const char *database,
                          const char *application_name, struct ev_db **ret_db)
{
        struct ev_db_options options = {
                .conninfo = ev_settings_conninfo(config, database),
                .password_file = ev_settings_password_file(config, database),
                .application_name = application_name,
                .connect_ms = CONNECT_MS,
                .wait_ms = WAIT_MS,
                .settings = worker_session,
                .settings_count = EV_ARRAY_SIZE(worker_session),
        };

        assert(application_name && ret_db);

        return ev_trace(ev_db_new(ret_db, &options));
}

/* What is folded again has to be planned and written as by the worker. */
int ev_settings_replay_db(const char *conninfo, const char *application_name, struct ev_db **ret_db)
{
        const struct ev_db_options options = {
                .conninfo = conninfo,
                .application_name = application_name,
                .connect_ms = CONNECT_MS,
                .wait_ms = WAIT_MS,
                .settings = worker_session,
                .settings_count = EV_ARRAY_SIZE(worker_session),
        };

        assert(conninfo && application_name && ret_db);

        return ev_trace(ev_db_new(ret_db, &options));
}

/* Names without the prefix, as librdkafka knows them. */
size_t ev_settings_kafka(const struct ev_config *config,
                         struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX])
{
        struct ev_config_setting setting;
        size_t position = 0, count = 0;

        assert(config && settings);

        while (count < EV_CONFIG_FREE_MAX &&
               ev_config_next_free(config, "kafka.", &position, &setting))
                settings[count++] = (struct ev_kafka_setting){ setting.name, setting.value };
        return count;
}

/* SIGTERM of a service manager, and SIGINT of a person. */
static int change_stop_signals(int how, sigset_t *ret_set)
{
        sigemptyset(ret_set);
        sigaddset(ret_set, SIGTERM);
        sigaddset(ret_set, SIGINT);
        assert(sigismember(ret_set, SIGTERM) == 1);
        if (sigprocmask(how, ret_set, NULL))
                return ev_fail(EV_VERDICT_STOP, "signals cannot be %s",
                               how == SIG_BLOCK ? "blocked" : "let through");
        return 0;
}

/* Blocked signals wait in the kernel until they are read, which nobody does: the file stays
 * readable, so that every later look sees the stop too. A second SIGTERM changes nothing; SIGKILL
 * is for who cannot wait. */
int ev_settings_stop_fd(int *ret_fd)
{
        sigset_t set;
        int fd, r = change_stop_signals(SIG_BLOCK, &set);

        assert(ret_fd);

        if (r < 0)
                return ev_trace(r);
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return ev_fail(EV_VERDICT_STOP, "signals cannot be waited for");
        *ret_fd = fd;
        return 0;
}

/* One that waits is delivered within the call. */
int ev_settings_end_at_once(void)
{
        sigset_t set;

        return ev_trace(change_stop_signals(SIG_UNBLOCK, &set));
}
