#include "support/mock.h"

#include "support/unit.h"

rd_kafka_t *mock_new(const char *topic, int partitions)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[200];
        rd_kafka_t *host;

        rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", text, sizeof(text));
        host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        cr_assert_not_null(host, "%s", text);
        rd_kafka_mock_topic_create(rd_kafka_handle_mock_cluster(host), topic, partitions, 1);
        return host;
}

struct ev_kafka *mock_reader(const rd_kafka_t *host)
{
        const struct ev_kafka_setting setting = { "bootstrap.servers",
                                                  rd_kafka_mock_cluster_bootstraps(
                                                          rd_kafka_handle_mock_cluster(host)) };
        const struct ev_kafka_options options = {
                .role = EV_KAFKA_READER,
                .settings = &setting,
                .settings_count = 1,
        };
        struct ev_kafka *reader;

        cr_assert_eq(ev_kafka_new(&reader, &options), 0);
        return reader;
}
