/* The ends of logs, asked of their leaders. Nothing is stored, so nothing is lost if the process
 * dies here.
 *
 * librdkafka 2.0.2 passes an offset of the list on as the timestamp that is asked for, so the
 * protocol's special values work as well. */

#include "wire/ends.h"

#include <assert.h>

#include "wire/kafka_private.h"

/* All or nothing: an answer without one of its partitions would look like an empty log. */
int ev_ends_load(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t time_ms,
                 int64_t *ret_offsets)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list =
                rd_kafka_topic_partition_list_new(partitions);
        rd_kafka_resp_err_t code;

        assert(topic && ret_offsets);
        assert(partitions > 0 && partitions <= EV_KAFKA_PARTITIONS_MAX);

        for (int32_t i = 0; i < partitions; ++i)
                rd_kafka_topic_partition_list_add(list, topic, i)->offset = time_ms;
        code = rd_kafka_offsets_for_times(ev_kafka_handle(kafka), list, EV_KAFKA_ANSWER_MS_MAX);
        if (code)
                return ev_kafka_fail(code, "asking for the ends of topic %s", topic);
        for (int i = 0; i < list->cnt; ++i)
                if (list->elems[i].err)
                        return ev_kafka_fail(list->elems[i].err, "asking for the end of %s [%d]",
                                             topic, list->elems[i].partition);
        for (int i = 0; i < list->cnt; ++i)
                ret_offsets[list->elems[i].partition] = list->elems[i].offset;
        return 0;
}
