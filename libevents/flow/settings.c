/* The tables of shared settings, and sessions and clients made of them. */

#include "flow/settings.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

enum {
        KEY_MAX = 64,
        CONNECT_MS = 5000,
        WAIT_MS = 30000, /* above statement_timeout of the roles: the server speaks first */
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

static const struct ev_option database_options[] = {
        DATABASE_OPTIONS("customer_db"),
        DATABASE_OPTIONS("order_db"),
        DATABASE_OPTIONS("intl_shipping_db"),
};

const struct ev_option_table ev_database_options = { "Databases", database_options,
                                                     EV_ARRAY_SIZE(database_options) };

static const struct ev_option kafka_options[] = {
        { .name = "kafka.",
          .type = EV_OPTION_PREFIX,
          .help = "Settings of librdkafka under their own names, at least "
                  "kafka.bootstrap.servers. Those that a guarantee rests on cannot be changed." },
};

const struct ev_option_table ev_kafka_options = { "Kafka", kafka_options,
                                                  EV_ARRAY_SIZE(kafka_options) };

static const struct ev_option worker_options[] = {
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
};

const struct ev_option_table ev_worker_options = { "Workers", worker_options,
                                                   EV_ARRAY_SIZE(worker_options) };

int ev_settings_db(const struct ev_config *config, const char *database,
                   const char *application_name, struct ev_db **ret_db)
{
        char key[KEY_MAX];
        struct ev_db_options options = {
                .application_name = application_name,
                .connect_ms = CONNECT_MS,
                .wait_ms = WAIT_MS,
        };

        assert(database);

        snprintf(key, sizeof(key), "%s.conninfo", database);
        options.conninfo = ev_config_text(config, key);
        snprintf(key, sizeof(key), "%s.password_file", database);
        options.password = ev_config_secret(config, key).data;
        return ev_trace(ev_db_new(ret_db, &options));
}

size_t ev_settings_kafka(const struct ev_config *config,
                         struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX])
{
        size_t position = 0, count = 0;

        assert(config);

        while (count < EV_CONFIG_FREE_MAX &&
               ev_config_next_free(config, "kafka.", &position, &settings[count].name,
                                   &settings[count].value))
                ++count;
        return count;
}

int ev_settings_stop_fd(int *ret_fd)
{
        sigset_t set;
        int fd;

        assert(ret_fd);

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL))
                return ev_fail(EV_VERDICT_STOP, "signals cannot be blocked");
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return ev_fail(EV_VERDICT_STOP, "signals cannot be waited for");
        *ret_fd = fd;
        return 0;
}
