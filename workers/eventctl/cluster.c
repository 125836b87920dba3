/* Clients of Kafka for a tool: by the same keys of the configuration as the workers', so that what
 * an operator tries by hand meets the same cluster with the same rights.
 *
 * What librdkafka logs is dropped: a person reads the error of the call, which names the servers
 * and what their connections complained of. Nothing is stored here. */

#include "cluster.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "flow/settings.h"

enum { SILENCE_MS = 10000 }; /* after which the wait for an acknowledgement is explained */

/* Under both names that librdkafka knows. */
bool cluster_is_configured(const struct ev_config *config)
{
        struct ev_config_setting setting;
        size_t position = 0;

        assert(config);

        while (ev_config_next_free(config, "kafka.", &position, &setting))
                if (strcmp(setting.name, "bootstrap.servers") == 0 ||
                    strcmp(setting.name, "metadata.broker.list") == 0)
                        return true;
        return false;
}

void cluster_complain_unconfigured(void)
{
        fputs("eventctl: configuration: kafka.bootstrap.servers is missing\n", stderr);
}

/* Commands read dozens of partitions side by side, some to their ends long before others. Bounds of what
 * lies in the client for each: with the defaults of librdkafka (100000 records, 64 MB) memory would be what
 * the topics have. And where everything that is at hand has been fetched, a broker keeps the next fetch,
 * and with it all partitions, waiting for records that never come: half a second by default. Measured over
 * 24 partitions of 300,000 facts in all, 12 that have ended beside them: 300 MB with the default bounds; and
 * 17,000 facts a second with the default wait. The operator may set others. */
static const struct ev_kafka_setting bounds[] = {
        { "queued.min.messages", "2000" },
        { "queued.max.messages.kbytes", "1024" },
        { "fetch.wait.max.ms", "10" },
};

int cluster_make(const struct ev_config *config, struct ev_kafka **ret_kafka)
{
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        const struct ev_kafka_options options = {
                .role = EV_KAFKA_READER,
                .settings = settings,
                .settings_count = ev_settings_kafka(config, settings),
                .extra = bounds,
                .extra_count = EV_ARRAY_SIZE(bounds),
        };

        assert(ret_kafka);

        return ev_trace(ev_kafka_new(ret_kafka, &options));
}

enum command_exit cluster_open(const struct ev_config *config, struct ev_kafka **ret_kafka)
{
        assert(config);

        if (!cluster_is_configured(config)) {
                cluster_complain_unconfigured();
                return COMMAND_USAGE;
        }
        if (cluster_make(config, ret_kafka) == 0)
                return COMMAND_DONE;
        command_complain();
        return COMMAND_USAGE;
}

/* The operator's settings are the relays' too, so that what a tool sends has their guarantees. */
int cluster_make_producer(const struct ev_config *config, size_t records_max, size_t bytes_max,
                          struct ev_producer **ret_producer)
{
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        const struct ev_producer_options options = {
                .settings = settings,
                .settings_count = ev_settings_kafka(config, settings),
                .records_max = records_max,
                .bytes_max = bytes_max,
                .wake_fd = -1,
        };

        assert(ret_producer);

        return ev_trace(ev_producer_new(ret_producer, &options));
}

/* The configured limit stands for brokers that do not tell theirs (it needs a right of its own). */
int cluster_add_topic(const struct ev_config *config, struct ev_producer *producer,
                      const char *name, int32_t *ret_partitions, size_t *ret_index)
{
        struct ev_kafka *kafka = ev_producer_kafka(producer);
        int32_t bytes_max = (int32_t)ev_config_integer(config, "relay.topic_bytes_max");
        struct ev_kafka_topic topic = { .name = name, .message_bytes_max = bytes_max };
        int r = ev_kafka_load_partitions(kafka, &topic, 1);

        assert(ret_partitions && ret_index);

        if (r == 0 && !bytes_max)
                r = ev_kafka_load_limits(kafka, &topic, 1);
        if (r == 0)
                r = ev_producer_add_topic(producer, &topic, ret_index);
        if (r < 0)
                return ev_trace(r);
        *ret_partitions = topic.partitions;
        return 0;
}

/* Said once in SILENCE_MS, and only where somebody waits: what is acknowledged resets it. */
void cluster_explain_silence(const struct ev_producer *producer, struct progress_bar *bar,
                             int64_t *last_news)
{
        int64_t now = ev_clock_monotonic_micros();
        const struct ev_kafka_state *state;

        assert(last_news);

        if (now - *last_news < SILENCE_MS * EV_MICROS_PER_MS)
                return;
        state = ev_kafka_state(ev_producer_kafka(producer));
        progress_end(bar);
        fprintf(stderr, "eventctl: waiting for Kafka to acknowledge %zu events%s%s\n",
                ev_producer_in_flight(producer), state->reason[0] ? ": " : "", state->reason);
        *last_news = now;
}
