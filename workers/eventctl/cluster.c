/* Clients of Kafka for a tool: by the same keys of the configuration as the workers', so that what
 * an operator tries by hand meets the same cluster with the same rights.
 *
 * What librdkafka logs is dropped: a person reads the error of the call, which names the servers
 * and what their connections complained of. Nothing is stored here. */

#include "cluster.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "flow/settings.h"

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

int cluster_make(const struct ev_config *config, struct ev_kafka **ret_kafka)
{
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        const struct ev_kafka_options options = {
                .role = EV_KAFKA_READER,
                .settings = settings,
                .settings_count = ev_settings_kafka(config, settings),
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
