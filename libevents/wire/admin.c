/* Kafka's admin API as far as tools need it.
 *
 * If the process dies here, each topic is made whole or not at all: making one is a single entry of
 * the cluster's own log. */

#include "wire/admin.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "wire/ends.h"
#include "wire/kafka_private.h"

enum { LEADER_LOOK_MS = 100 }; /* between two questions to leaders that do not know their topic */

/* Asked without topics, a cluster names its brokers: those that are up, not those it ever had. */
int ev_admin_count_brokers(struct ev_kafka *kafka, int *ret_count)
{
        _cleanup_(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code;

        assert(ret_count);

        code = rd_kafka_metadata(ev_kafka_handle(kafka), 0, NULL, &metadata,
                                 EV_KAFKA_ANSWER_MS_MAX);
        if (code)
                return ev_kafka_fail_unanswered(kafka, code, "what its brokers are");
        assert(metadata->broker_cnt >= 0);
        *ret_count = metadata->broker_cnt;
        return 0;
}

/* The fewest replicas, because a topic is as durable as its worst partition. */
static void count_replicas(const struct rd_kafka_metadata_topic *topic,
                           struct ev_admin_found *found)
{
        assert(topic->partition_cnt > 0);

        found->exists = true;
        found->partitions = topic->partition_cnt;
        found->replicas = topic->partitions[0].replica_cnt;
        for (int i = 1; i < topic->partition_cnt; ++i)
                if (topic->partitions[i].replica_cnt < found->replicas)
                        found->replicas = topic->partitions[i].replica_cnt;
}

/* A topic of which a broker has not heard yet counts as missing, as one that never was: who makes
 * it then is told that it exists. */
static int describe_partitions(struct ev_kafka *kafka, const char *name,
                               struct ev_admin_found *found)
{
        _cleanup_(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        int r = ev_kafka_ask_topic(kafka, name, &metadata);

        assert(found);

        if (r < 0)
                return ev_trace(r);
        *found = (struct ev_admin_found){ 0 };
        if (r == 0)
                count_replicas(&metadata->topics[0], found);
        return 0;
}

/* Values are text, as all of Kafka's settings are; the broker's defaults are among them. */
static void read_settings(const rd_kafka_ConfigResource_t *resource,
                          const struct ev_admin_topic *topic, struct ev_admin_found *found)
{
        size_t entries_count;
        const rd_kafka_ConfigEntry_t **entries =
                rd_kafka_ConfigResource_configs(resource, &entries_count);

        assert(topic->settings_count <= EV_ADMIN_SETTINGS_MAX);

        for (size_t i = 0; i < topic->settings_count; ++i)
                for (size_t k = 0; k < entries_count; ++k) {
                        const char *value = rd_kafka_ConfigEntry_value(entries[k]);

                        if (value && strcmp(rd_kafka_ConfigEntry_name(entries[k]),
                                            topic->settings[i].name) == 0)
                                snprintf(found->values[i], sizeof(found->values[i]), "%s", value);
                }
}

/* One question a topic: there are a dozen, and a person is waiting, not a batch. */
static int describe_settings(struct ev_kafka *kafka, const struct ev_admin_topic *topic,
                             struct ev_admin_found *found)
{
        _cleanup_(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const struct ev_kafka_topic asked = { .name = topic->name };
        const rd_kafka_ConfigResource_t **answers;
        int r = ev_kafka_ask_settings(kafka, &asked, 1, &event, &answers);

        assert(found);

        if (r < 0)
                return ev_trace(r);
        read_settings(answers[0], topic, found);
        return 0;
}

int ev_admin_describe(struct ev_kafka *kafka, const struct ev_admin_topic *topics, size_t count,
                      struct ev_admin_found *ret_found)
{
        assert(topics && ret_found);
        assert(count <= EV_KAFKA_TOPICS_MAX);

        for (size_t i = 0; i < count; ++i) {
                int r = describe_partitions(kafka, topics[i].name, &ret_found[i]);

                if (r == 0 && ret_found[i].exists)
                        r = describe_settings(kafka, &topics[i], &ret_found[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* NULL, with an error, for a name or a number that librdkafka itself refuses. */
static rd_kafka_NewTopic_t *make_request(const struct ev_admin_topic *topic)
{
        char text[EV_KAFKA_REASON_MAX];
        rd_kafka_NewTopic_t *request = rd_kafka_NewTopic_new(topic->name, topic->partitions,
                                                             topic->replicas, text, sizeof(text));

        assert(topic->partitions > 0 && topic->replicas > 0);
        assert(topic->settings_count <= EV_ADMIN_SETTINGS_MAX);

        if (!request)
                (void)ev_fail(EV_VERDICT_STOP, "topic %s: %s", topic->name, text);
        for (size_t i = 0; request && i < topic->settings_count; ++i)
                rd_kafka_NewTopic_set_config(request, topic->settings[i].name,
                                             topic->settings[i].value);
        return request;
}

/* The broker's own words say why: "replication factor: 3 larger than available brokers: 1". */
static int check_made(rd_kafka_event_t *event, size_t expected)
{
        size_t count;
        const rd_kafka_topic_result_t **results =
                rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event),
                                                    &count);

        assert(expected > 0);

        if (count != expected)
                return ev_fail(EV_VERDICT_RETRY, "the broker answered about %zu of %zu topics",
                               count, expected);
        for (size_t i = 0; i < count; ++i) {
                rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
                const char *reason = rd_kafka_topic_result_error_string(results[i]);

                if (code)
                        return ev_kafka_fail(code, "topic %s was not made%s%s",
                                             rd_kafka_topic_result_name(results[i]),
                                             reason ? ": " : "", reason ? reason : "");
        }
        return 0;
}

/* A topic is made before its leaders know of it: until then they refuse what is asked of them, and
 * the next program of a script would fail. Each look waits for the brokers' answer. */
static int wait_for_leaders(struct ev_kafka *kafka, const struct ev_admin_topic *topic,
                            int64_t deadline)
{
        int64_t ends[EV_KAFKA_PARTITIONS_MAX];
        int r;

        assert(topic->partitions <= EV_KAFKA_PARTITIONS_MAX);

        do {
                r = ev_ends_load(kafka, topic->name, topic->partitions, EV_ENDS_LATEST, ends);
                if (r < 0)
                        ev_kafka_serve(kafka, LEADER_LOOK_MS);
        } while (r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY &&
                 ev_clock_monotonic_micros() < deadline);
        return ev_trace(r);
}

/* Asks for all of them, and takes the answer. */
static int request(struct ev_kafka *kafka, rd_kafka_NewTopic_t **requests, size_t count)
{
        rd_kafka_t *rk = ev_kafka_handle(kafka);
        _cleanup_(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        _cleanup_(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        rd_kafka_AdminOptions_t *options =
                ev_kafka_admin_options(kafka, RD_KAFKA_ADMIN_OP_CREATETOPICS,
                                       EV_ADMIN_CREATE_MS_MAX);
        int r;

        assert(queue && count > 0);

        rd_kafka_CreateTopics(rk, requests, count, options, queue);
        rd_kafka_AdminOptions_destroy(options);
        r = ev_kafka_take_answer(kafka, queue, EV_ADMIN_CREATE_MS_MAX, "whether topics were made",
                                 &event);
        return r < 0 ? ev_trace(r) : ev_trace(check_made(event, count));
}

int ev_admin_create(struct ev_kafka *kafka, const struct ev_admin_topic *const *topics,
                    size_t count)
{
        int64_t deadline = ev_clock_monotonic_micros() + EV_ADMIN_CREATE_MS_MAX * EV_MICROS_PER_MS;
        rd_kafka_NewTopic_t *requests[EV_KAFKA_TOPICS_MAX];
        size_t made = 0;
        int r = 0;

        assert(count > 0 && count <= EV_KAFKA_TOPICS_MAX);

        while (made < count && (requests[made] = make_request(topics[made])))
                ++made;
        r = made == count ? request(kafka, requests, count) : EV_FAILED;
        rd_kafka_NewTopic_destroy_array(requests, made);
        for (size_t i = 0; r == 0 && i < count; ++i)
                r = wait_for_leaders(kafka, topics[i], deadline);
        return ev_trace(r);
}
