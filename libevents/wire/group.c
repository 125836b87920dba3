/* Consumer groups by Kafka's admin API.
 *
 * Guarantee: offsets are written by one request, outside of the group's protocol. The coordinator
 * refuses it for a group that has members, so one that comes to life between the question and the
 * answer keeps what it has. If the process dies here, all offsets are committed or none. */

#include "wire/group.h"

#include <assert.h>
#include <stdio.h>

#include "wire/kafka_private.h"

/* A group that nobody has heard of is "Dead", and so is one whose last offset has expired. */
static int read_description(rd_kafka_event_t *event, const char *name, struct ev_group *ret_group)
{
        size_t count;
        const rd_kafka_ConsumerGroupDescription_t **groups =
                rd_kafka_DescribeConsumerGroups_result_groups(
                        rd_kafka_event_DescribeConsumerGroups_result(event), &count);
        const rd_kafka_error_t *error;
        rd_kafka_consumer_group_state_t state;

        assert(name && ret_group);

        if (count != 1)
                return ev_fail(EV_VERDICT_RETRY, "the broker answered about %zu groups", count);
        error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
        if (error)
                return ev_kafka_fail(rd_kafka_error_code(error), "group %s", name);
        state = rd_kafka_ConsumerGroupDescription_state(groups[0]);
        ret_group->exists = state != RD_KAFKA_CONSUMER_GROUP_STATE_DEAD;
        ret_group->members = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
        snprintf(ret_group->state, sizeof(ret_group->state), "%s",
                 rd_kafka_consumer_group_state_name(state));
        return 0;
}

/* The coordinator is found by librdkafka, which asks for it again when it has moved. */
int ev_group_describe(struct ev_kafka *kafka, const char *name, struct ev_group *ret_group)
{
        rd_kafka_t *rk = ev_kafka_handle(kafka);
        _cleanup_(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        _cleanup_(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        rd_kafka_AdminOptions_t *options =
                ev_kafka_admin_options(kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
                                       EV_KAFKA_ANSWER_MS_MAX);
        int r;

        assert(queue && name && *name);

        rd_kafka_DescribeConsumerGroups(rk, &name, 1, options, queue);
        rd_kafka_AdminOptions_destroy(options);
        r = ev_kafka_take_answer(kafka, queue, EV_KAFKA_ANSWER_MS_MAX, "a consumer group", &event);
        return r < 0 ? ev_trace(r) : ev_trace(read_description(event, name, ret_group));
}

/* Without metadata: Kafka Streams keeps its own there, and older versions of it end at
 * another's. */
static void list_offsets(const char *topic, int32_t partitions, const int64_t *offsets,
                         rd_kafka_topic_partition_list_t *list)
{
        assert(partitions > 0 && partitions <= EV_KAFKA_PARTITIONS_MAX);

        for (int32_t i = 0; i < partitions; ++i) {
                assert(offsets[i] >= 0);
                rd_kafka_topic_partition_list_add(list, topic, i)->offset = offsets[i];
        }
}

/* Each partition has an answer of its own, beside that about the whole. */
static int check_taken(rd_kafka_event_t *event, const char *name)
{
        size_t count;
        const rd_kafka_group_result_t **groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
                rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
        const rd_kafka_topic_partition_list_t *list;

        assert(name);

        if (count != 1)
                return ev_fail(EV_VERDICT_RETRY, "the broker answered about %zu groups", count);
        if (rd_kafka_group_result_error(groups[0]))
                return ev_kafka_fail(rd_kafka_error_code(rd_kafka_group_result_error(groups[0])),
                                     "group %s", name);
        list = rd_kafka_group_result_partitions(groups[0]);
        for (int i = 0; list && i < list->cnt; ++i)
                if (list->elems[i].err)
                        return ev_kafka_fail(list->elems[i].err, "group %s, %s [%d]", name,
                                             list->elems[i].topic, list->elems[i].partition);
        return 0;
}

/* As an offset commit of no member and no generation, which is how Kafka's own tool for offsets
 * does it: a coordinator takes that only while nobody is in the group. */
int ev_group_begin_at(struct ev_kafka *kafka, const char *name, const char *topic,
                      int32_t partitions, const int64_t *offsets)
{
        rd_kafka_t *rk = ev_kafka_handle(kafka);
        _cleanup_(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        _cleanup_(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        _cleanup_list_ rd_kafka_topic_partition_list_t *list =
                rd_kafka_topic_partition_list_new(partitions);
        rd_kafka_AlterConsumerGroupOffsets_t *request;
        rd_kafka_AdminOptions_t *options;
        int r;

        assert(queue && name && *name);

        list_offsets(topic, partitions, offsets, list);
        options = ev_kafka_admin_options(kafka, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
                                         EV_KAFKA_ANSWER_MS_MAX);
        request = rd_kafka_AlterConsumerGroupOffsets_new(name, list);
        rd_kafka_AlterConsumerGroupOffsets(rk, &request, 1, options, queue);
        rd_kafka_AlterConsumerGroupOffsets_destroy(request);
        rd_kafka_AdminOptions_destroy(options);
        r = ev_kafka_take_answer(kafka, queue, EV_KAFKA_ANSWER_MS_MAX, "where a group begins",
                                 &event);
        return r < 0 ? ev_trace(r) : ev_trace(check_taken(event, name));
}
