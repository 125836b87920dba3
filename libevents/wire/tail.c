/* Reading the end of a topic by offsets, without a group: nothing is committed, joined or left
 * behind, so it makes no difference where the process dies.
 *
 * Guarantee: a record that was acknowledged with acks=all before the call lies below the high
 * watermark that is asked for first, so it is read if it is among the last ones. */

#include "wire/tail.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wire/ends.h"
#include "wire/kafka_private.h"

struct tail {
        rd_kafka_topic_t *handle;
        rd_kafka_queue_t *queue;
        int64_t *ends; /* of each partition; 0: nothing (more) to read */
        int32_t partitions;
        /* Partitions that are being read and have not come to their end. Reading is done at 0. */
        int32_t unfinished;
        int32_t started; /* partitions below this one have been asked to consume */
};

/* Consuming is stopped before the queue goes, for until then librdkafka's threads put records into
 * it. */
static void tail_done(struct tail *tail)
{
        assert(tail->started <= tail->partitions);

        for (int32_t i = 0; i < tail->started; ++i)
                rd_kafka_consume_stop(tail->handle, i);
        if (tail->queue)
                rd_kafka_queue_destroy(tail->queue);
        if (tail->handle)
                rd_kafka_topic_destroy(tail->handle);
        free(tail->ends);
}

/* All partitions go into one queue, so that the time is that of the slowest and not the sum. An
 * empty partition is not started: it would have nothing to say but its end. */
static int start(struct tail *tail, const char *topic, int64_t records_max)
{
        assert(records_max > 0);

        for (int32_t i = 0; i < tail->partitions; ++i) {
                int64_t from = tail->ends[i] > records_max ? tail->ends[i] - records_max : 0;

                if (tail->ends[i] <= 0)
                        continue;
                if (rd_kafka_consume_start_queue(tail->handle, i, from, tail->queue))
                        return ev_kafka_fail(rd_kafka_last_error(), "reading %s [%d]", topic, i);
                tail->started = i + 1;
                ++tail->unfinished;
        }
        return 0;
}

/* A partition can come to its end twice, by its last record and by EOF; it is counted once. */
static void finish_partition(struct tail *tail, int32_t partition)
{
        assert(partition >= 0 && partition < tail->partitions);

        if (tail->ends[partition] > 0) {
                tail->ends[partition] = 0;
                --tail->unfinished;
        }
}

/* The last offset need not exist as a record: compaction and the markers of transactions leave
 * holes. So a partition ends with its last record or with EOF, whichever is seen first, and a
 * record behind the end is no longer ours to look at. */
static int take_one(struct tail *tail, const rd_kafka_message_t *message,
                    const struct ev_tail_reader *reader)
{
        const struct ev_tail_record record = {
                .partition = message->partition,
                .offset = message->offset,
                .message = message,
        };
        int64_t end = message->partition >= 0 && message->partition < tail->partitions
                              ? tail->ends[message->partition]
                              : 0;
        int r;

        assert(reader->take);

        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                finish_partition(tail, message->partition);
                return 0;
        }
        if (message->err)
                return ev_kafka_fail(message->err, "reading %s [%d]",
                                     rd_kafka_topic_name(tail->handle), message->partition);
        if (message->offset < end) {
                r = reader->take(reader->context, &record);
                if (r)
                        return ev_trace(r);
        }
        if (message->offset >= end - 1)
                finish_partition(tail, message->partition);
        return 0;
}

/* The bound is for silence and not for the whole: a long tail may take longer than that, as long as
 * records come. Why a broker is silent is told by the main queue; ev_kafka_fail() finds it there
 * only if somebody has served it. */
static int read_all(struct ev_kafka *kafka, struct tail *tail, const struct ev_tail_reader *reader)
{
        int64_t heard_micros = ev_clock_monotonic_micros();
        int r = 0;

        assert(tail->queue && tail->handle);

        while (!r && tail->unfinished) {
                rd_kafka_message_t *message = rd_kafka_consume_queue(tail->queue, EV_TAIL_REST_MS);
                int64_t now_micros = ev_clock_monotonic_micros();

                ev_kafka_serve(kafka, 0);
                if (message) {
                        heard_micros = now_micros;
                        r = take_one(tail, message, reader);
                        rd_kafka_message_destroy(message);
                } else if (now_micros - heard_micros >
                           EV_KAFKA_ANSWER_MS_MAX * (int64_t)EV_MICROS_PER_MS) {
                        return ev_kafka_fail(RD_KAFKA_RESP_ERR__TIMED_OUT,
                                             "reading the end of topic %s",
                                             rd_kafka_topic_name(tail->handle));
                }
                if (!r)
                        r = reader->rest(reader->context);
        }
        return ev_trace(r);
}

/* Memory is taken before anything is started, so that tail_done() always has a whole to take apart,
 * whichever step fails. */
int ev_tail_read(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t records_max,
                 const struct ev_tail_reader *reader)
{
        _cleanup_(tail_done) struct tail tail = { .partitions = partitions };
        int r;

        assert(partitions > 0 && partitions <= EV_KAFKA_PARTITIONS_MAX);
        assert(topic && reader->take && reader->rest && records_max > 0);

        tail.ends = calloc((size_t)partitions, sizeof(*tail.ends));
        tail.queue = rd_kafka_queue_new(ev_kafka_handle(kafka));
        tail.handle = rd_kafka_topic_new(ev_kafka_handle(kafka), topic, NULL);
        if (!tail.ends || !tail.queue || !tail.handle)
                return ev_fail_memory("reading the end of a topic");
        /* The moment that the guarantee speaks of: what comes later on the topic is not looked at,
         * so a reader ends even while somebody writes. */
        r = ev_ends_load(kafka, topic, partitions, EV_ENDS_LATEST, tail.ends);
        if (r)
                return ev_trace(r);
        r = start(&tail, topic, records_max);
        if (r)
                return ev_trace(r);
        return ev_trace(read_all(kafka, &tail, reader));
}

struct ev_str ev_tail_header(const struct ev_tail_record *record, const char *name)
{
        rd_kafka_headers_t *headers;
        const void *value;
        size_t size;

        assert(record->message && name);

        if (rd_kafka_message_headers(record->message, &headers) ||
            rd_kafka_header_get_last(headers, name, &value, &size) || !value)
                return EV_STR_NULL;
        return (struct ev_str){ value, size };
}
