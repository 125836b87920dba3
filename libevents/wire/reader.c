/* A reader of whole topics over librdkafka's consumer by offset, all partitions in one queue.
 *
 * Nothing is stored and nobody is told, so it makes no difference where the process dies. */

#include "wire/reader.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wire/kafka_private.h"

enum { ALL_PARTITIONS = -1 };

/* A topic that is being read. */
struct topic {
        rd_kafka_topic_t *handle;
        int32_t partitions, started;
        int64_t *ends; /* of each partition; 0: nothing more to read before the end */
};

struct ev_reader {
        struct ev_kafka *kafka;
        rd_kafka_queue_t *queue;
        bool until_end;
        size_t count;
        struct topic topics[EV_READER_TOPICS_MAX];
        int64_t unfinished;   /* partitions that have not come to their end */
        size_t polled;        /* records, since the threads that fetch were woken */
        int64_t silent_since; /* monotonic, µs: when it was asked in vain first; 0: something came */
};

int ev_reader_new(struct ev_reader **ret_reader, struct ev_kafka *kafka, bool until_end)
{
        struct ev_reader *reader = calloc(1, sizeof(*reader));

        assert(kafka && ret_reader);

        if (!reader)
                return ev_fail_memory("a reader");
        reader->kafka = kafka;
        reader->until_end = until_end;
        reader->queue = rd_kafka_queue_new(ev_kafka_handle(kafka));
        assert(reader->queue);
        *ret_reader = reader;
        return 0;
}

/* Consuming is stopped before the queue goes, for until then librdkafka's threads put records into
 * it. */
struct ev_reader *ev_reader_free(struct ev_reader *reader)
{
        if (!reader)
                return NULL;
        for (size_t i = 0; i < reader->count; ++i) {
                struct topic *topic = &reader->topics[i];

                for (int32_t k = 0; k < topic->started; ++k)
                        rd_kafka_consume_stop(topic->handle, k);
        }
        rd_kafka_queue_destroy(reader->queue);
        for (size_t i = 0; i < reader->count; ++i) {
                rd_kafka_topic_destroy(reader->topics[i].handle);
                free(reader->topics[i].ends);
        }
        free(reader);
        return NULL;
}

/* Where each partition begins; for a time that none of its records has reached, at its end. */
static int load_begins(struct ev_reader *reader, const char *name, const struct topic *topic,
                       int64_t from_ms, int64_t *begins)
{
        int r = ev_ends_load(reader->kafka, name, topic->partitions, from_ms, begins);

        assert(begins && topic->ends);

        for (int32_t i = 0; r == 0 && i < topic->partitions; ++i)
                if (begins[i] < 0)
                        begins[i] = topic->ends[i];
        return ev_trace(r);
}

/* A partition with nothing before its end is not started where only that is wanted. */
static int start(struct ev_reader *reader, const char *name, struct topic *topic,
                 const int64_t *begins, int32_t only)
{
        assert(topic->started == 0);

        for (int32_t i = 0; i < topic->partitions; ++i) {
                bool is_wanted = only == ALL_PARTITIONS || only == i;

                if (!is_wanted || topic->ends[i] <= begins[i])
                        topic->ends[i] = 0;
                else
                        ++reader->unfinished;
                if (!is_wanted || (reader->until_end && topic->ends[i] == 0))
                        continue;
                if (rd_kafka_consume_start_queue(topic->handle, i, begins[i], reader->queue))
                        return ev_kafka_fail(rd_kafka_last_error(), "reading %s [%d]", name, i);
                topic->started = i + 1;
        }
        return 0;
}

/* The topic counts as soon as it has a handle, so that freeing takes it apart whatever fails. */
static int open_topic(struct ev_reader *reader, const char *name, int32_t partitions,
                      struct topic **ret_topic, int64_t **ret_begins)
{
        struct topic *topic = &reader->topics[reader->count];

        assert(reader->count < EV_READER_TOPICS_MAX);
        assert(partitions > 0);

        *topic = (struct topic){ .partitions = partitions };
        topic->handle = rd_kafka_topic_new(ev_kafka_handle(reader->kafka), name, NULL);
        if (!topic->handle)
                return ev_kafka_fail(rd_kafka_last_error(), "topic %s", name);
        ++reader->count;
        topic->ends = calloc((size_t)partitions, sizeof(*topic->ends));
        *ret_begins = calloc((size_t)partitions, sizeof(**ret_begins));
        if (!topic->ends || !*ret_begins)
                return ev_fail_memory("the ends of a topic");
        *ret_topic = topic;
        return 0;
}

static int add(struct ev_reader *reader, const char *name, int32_t only, int64_t from_ms)
{
        struct ev_kafka_topic found = { .name = name };
        _cleanup_free_ int64_t *begins = NULL;
        struct topic *topic;
        int r = ev_kafka_load_partitions(reader->kafka, &found, 1);

        assert(only == ALL_PARTITIONS || only >= 0);

        if (r < 0)
                return ev_trace(r);
        if (only >= found.partitions)
                return ev_fail(EV_VERDICT_STOP, "topic %s has no partition %d", name, only);
        r = open_topic(reader, name, found.partitions, &topic, &begins);
        if (r == 0)
                r = ev_ends_load(reader->kafka, name, topic->partitions, EV_ENDS_LATEST,
                                 topic->ends);
        if (r == 0)
                r = load_begins(reader, name, topic, from_ms, begins);
        return r < 0 ? ev_trace(r) : ev_trace(start(reader, name, topic, begins, only));
}

int ev_reader_add(struct ev_reader *reader, const char *topic, int64_t from_ms)
{
        assert(reader && topic);

        return ev_trace(add(reader, topic, ALL_PARTITIONS, from_ms));
}

int ev_reader_add_partition(struct ev_reader *reader, const char *topic, int32_t partition,
                            int64_t from_ms)
{
        assert(partition >= 0);

        return ev_trace(add(reader, topic, partition, from_ms));
}

int ev_reader_add_range(struct ev_reader *reader, const char *topic, int32_t partition,
                        int64_t begin, int64_t end)
{
        _cleanup_free_ int64_t *begins = NULL;
        struct topic *added;
        int r = open_topic(reader, topic, partition + 1, &added, &begins);

        assert(partition >= 0 && begin >= 0 && begin <= end);

        if (r < 0)
                return ev_trace(r);
        begins[partition] = begin;
        added->ends[partition] = end;
        return ev_trace(start(reader, topic, added, begins, partition));
}

/* One topic with all of its partitions: librdkafka has one handle for a name, however often it is
 * asked for, and a record is told by its handle. */
int ev_reader_add_ranges(struct ev_reader *reader, const char *topic, int32_t partitions,
                         const int64_t *begins, const int64_t *ends)
{
        _cleanup_free_ int64_t *unused = NULL;
        struct topic *added;
        int r = open_topic(reader, topic, partitions, &added, &unused);

        assert(reader->until_end && begins && ends);

        if (r < 0)
                return ev_trace(r);
        for (int32_t i = 0; i < partitions; ++i)
                added->ends[i] = ends[i];
        return ev_trace(start(reader, topic, added, begins, ALL_PARTITIONS));
}

bool ev_reader_has_ended(const struct ev_reader *reader)
{
        assert(reader->until_end);

        return reader->unfinished == 0;
}

/* librdkafka's name of a topic is looked up by its handle, which every record carries. */
static struct topic *topic_of(struct ev_reader *reader, const rd_kafka_topic_t *handle)
{
        assert(handle);

        for (size_t i = 0; i < reader->count; ++i)
                if (reader->topics[i].handle == handle)
                        return &reader->topics[i];
        assert(false && "a record of a topic that is not read");
        return NULL;
}

/* A partition can come to its end twice, by its last record and by EOF; it is counted once. */
static void finish_partition(struct ev_reader *reader, struct topic *topic, int32_t partition)
{
        assert(partition >= 0 && partition < topic->partitions);

        if (topic->ends[partition] == 0)
                return;
        topic->ends[partition] = 0;
        --reader->unfinished;
}

/* The last offset before an end need not exist as a record (compaction, markers of transactions),
 * so EOF ends a partition too. What lies behind the end is passed over where only that is wanted.
 * EV_READER_IDLE: nothing to hand out. */
static int take(struct ev_reader *reader, rd_kafka_message_t *polled, struct ev_messages *messages)
{
        struct topic *topic = topic_of(reader, polled->rkt);
        int64_t end = topic->ends[polled->partition];
        struct ev_message *message;
        int r;

        assert(!polled->err);

        if (polled->offset >= end - 1)
                finish_partition(reader, topic, polled->partition);
        if (reader->until_end && polled->offset >= end) {
                rd_kafka_message_destroy(polled);
                return EV_READER_IDLE;
        }
        r = ev_messages_add(messages, polled, &message);
        message->topic = rd_kafka_topic_name(topic->handle);
        message->partition = polled->partition;
        return ev_trace(r);
}

/* What the client says in place of a record: an end, or a complaint. */
static int take_report(struct ev_reader *reader, rd_kafka_message_t *polled)
{
        rd_kafka_resp_err_t code = polled->err;
        int32_t partition = polled->partition;
        struct topic *topic = polled->rkt ? topic_of(reader, polled->rkt) : NULL;

        assert(code);

        rd_kafka_message_destroy(polled);
        if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF && topic) {
                finish_partition(reader, topic, partition);
                return EV_READER_IDLE;
        }
        if (ev_kafka_verdict(code) == EV_VERDICT_RETRY)
                return EV_READER_IDLE;
        return ev_kafka_fail(code, "reading %s [%d]",
                             topic ? rd_kafka_topic_name(topic->handle) : "a topic", partition);
}

/* Who follows a topic waits as long as it takes; who wants an end is told that it does not come. Time in
 * which nobody asked is no silence. */
static int check_silence(struct ev_reader *reader)
{
        int64_t now = ev_clock_monotonic_micros();

        assert(reader->unfinished >= 0);

        if (reader->silent_since == 0)
                reader->silent_since = now;
        if (!reader->until_end ||
            now - reader->silent_since < EV_READER_SILENCE_MS_MAX * EV_MICROS_PER_MS)
                return EV_READER_IDLE;
        return ev_kafka_fail_unanswered(reader->kafka, RD_KAFKA_RESP_ERR__TIMED_OUT,
                                        "the records of its topics");
}

/* Whoever reads to an end wants all of it now. A queue that was full when it was half of this size is not
 * being filled, and one that ran empty may not be; to wake who fetches for it in vain costs little. The
 * same threads fetch for other readers of the client too, so one that asks asks for all. */
static void keep_fetching(struct ev_reader *reader)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = NULL;

        assert(reader->count > 0);

        if (!reader->until_end || reader->unfinished == 0 || reader->polled == 0 ||
            rd_kafka_queue_length(reader->queue) > reader->polled)
                return;
        reader->polled = 0;
        list = rd_kafka_topic_partition_list_new((int)reader->unfinished);
        for (size_t i = 0; i < reader->count; ++i) {
                const struct topic *topic = &reader->topics[i];

                for (int32_t k = 0; k < topic->started; ++k)
                        if (topic->ends[k] > 0)
                                rd_kafka_topic_partition_list_add(
                                        list, rd_kafka_topic_name(topic->handle), k);
        }
        ev_kafka_wake_fetchers(reader->kafka, list);
}

/* One more record, or what there is in its place. */
static int poll_one(struct ev_reader *reader, int wait_ms, struct ev_messages *messages)
{
        rd_kafka_message_t *polled;

        assert(reader->count > 0 && wait_ms >= 0);

        if (reader->until_end && ev_reader_has_ended(reader))
                return EV_READER_END;
        polled = rd_kafka_consume_queue(reader->queue, wait_ms);
        ev_kafka_serve(reader->kafka, 0);
        if (ev_kafka_check_alive(reader->kafka) < 0) {
                if (polled)
                        rd_kafka_message_destroy(polled);
                return ev_trace(EV_FAILED);
        }
        if (!polled)
                return ev_trace(check_silence(reader));
        reader->silent_since = 0;
        return ev_trace(polled->err ? take_report(reader, polled) : take(reader, polled, messages));
}

int ev_reader_collect(struct ev_reader *reader, int wait_ms, size_t max,
                      struct ev_messages *messages)
{
        int r = 0;

        assert(max > 0 && max <= messages->capacity);

        ev_messages_release(messages);
        while (r == 0 && messages->count < max)
                r = poll_one(reader, messages->count > 0 ? 0 : wait_ms, messages);
        reader->polled += messages->count;
        keep_fetching(reader);
        return r > 0 && messages->count > 0 ? 0 : ev_trace(r);
}

int ev_reader_next(struct ev_reader *reader, int wait_ms, struct ev_messages *messages)
{
        return ev_trace(ev_reader_collect(reader, wait_ms, 1, messages));
}
