/* bench-produce: how fast a plain producer gets messages acknowledged, the denominator of what a
 * relay does with the same ones (P5).
 *
 *      bench-produce --brokers HOST:PORT --from quenty.order.events.v1,quenty.stock.events.v1
 *                    --to copy.order,copy.stock
 *
 * Reads all records of the topics of --from into memory, then sends them, with key, headers and
 * timestamp, to the topics of --to, which must be there with as many partitions: each into the
 * partition of its own number, in the order of ce_sequence, in which a relay sends them. Prints what
 * it took from when the producer was ready until all were acknowledged.
 *
 * The producer is set up as a relay's (wire/kafka.c): idempotent, acks=all, five requests in flight,
 * no compression, batches of 256 KiB. It does nothing else: it keeps no order of acknowledgements,
 * saves no position, and reads no table. librdkafka alone, as anybody would write it. */

#include <assert.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "bench/tool.h"

enum {
        TOPICS_MAX = 16,
        NAME_MAX_BYTES = 250,
        TEXT_MAX = 512,
        ANSWER_MS = 10000,
        SILENCE_MS = 30000,
        FULL_WAIT_MS = 10,
        FLUSH_MS = 600000,
        RECORDS_FIRST = 65536,
};

/* What is sent, as it was read: librdkafka's own message, which holds all of it. */
struct record {
        rd_kafka_message_t *message;
        int64_t sequence; /* by which they are sent; 0: none, which go first */
        size_t topic;
};

struct produce {
        const char *brokers, *from, *to;
        int64_t linger_ms, queue_messages;

        rd_kafka_t *consumer, *producer;
        rd_kafka_topic_t *sources[TOPICS_MAX], *targets[TOPICS_MAX];
        int32_t partitions[TOPICS_MAX];
        size_t topics;

        struct record *records;
        size_t count, capacity;
        int64_t bytes; /* of keys and values */
        int64_t failed;
        bool is_ready; /* the brokers have given the producer its id */
};

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
        char text[TEXT_MAX];

        assert(name && value);

        if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
                tool_die("%s: %s", name, text);
}

/* Of librdkafka's log only what is critical is shown: what fails is told where it is seen. */
static rd_kafka_t *make_client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
        char text[TEXT_MAX];
        rd_kafka_t *client;

        assert(conf);

        set(conf, "log_level", "2");
        client = rd_kafka_new(type, conf, text, sizeof(text));
        if (!client)
                tool_die("librdkafka: %s", text);
        return client;
}

/* Opens the topics of a list; how many there are. */
static size_t open_topics(rd_kafka_t *client, const char *names, rd_kafka_topic_t **topics)
{
        struct ev_str list = ev_str_of(names);
        size_t count = 0;

        assert(client);

        while (list.size > 0) {
                char name[NAME_MAX_BYTES];

                if (count == TOPICS_MAX ||
                    !ev_str_copy(ev_str_take(&list, ','), name, sizeof(name)))
                        tool_die("\"%s\": too many topics, or too long a name", names);
                topics[count] = rd_kafka_topic_new(client, name, NULL);
                if (!topics[count])
                        tool_die("topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
                ++count;
        }
        return count;
}

static int32_t count_partitions(rd_kafka_t *client, rd_kafka_topic_t *topic)
{
        const struct rd_kafka_metadata *metadata;
        rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, topic, &metadata, ANSWER_MS);
        int32_t count;

        assert(topic);

        if (!code && metadata->topics[0].err)
                code = metadata->topics[0].err;
        if (code)
                tool_die("topic %s: %s", rd_kafka_topic_name(topic), rd_kafka_err2str(code));
        count = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
        return count;
}

/* ---- Reading ---- */

static int64_t sequence_of(const rd_kafka_message_t *message)
{
        rd_kafka_headers_t *headers;
        const void *value;
        size_t size;
        int64_t sequence = 0;

        assert(!message->err);

        if (rd_kafka_message_headers(message, &headers) ||
            rd_kafka_header_get_last(headers, "ce_sequence", &value, &size) ||
            !ev_str_to_int64((struct ev_str){ value, size }, &sequence))
                return 0;
        return sequence;
}

static void keep(struct produce *produce, size_t topic, rd_kafka_message_t *message)
{
        assert(produce->count <= produce->capacity);

        if (produce->count == produce->capacity) {
                produce->capacity = produce->capacity ? 2 * produce->capacity : RECORDS_FIRST;
                produce->records =
                        realloc(produce->records, produce->capacity * sizeof(*produce->records));
                if (!produce->records)
                        tool_die("no memory for %zu records", produce->capacity);
        }
        produce->records[produce->count++] =
                (struct record){ message, sequence_of(message), topic };
        produce->bytes += (int64_t)(message->len + message->key_len);
}

/* One partition from its first record to where it ends now. */
static void read_partition(struct produce *produce, size_t topic, int32_t partition)
{
        rd_kafka_topic_t *source = produce->sources[topic];
        int64_t low, high;
        rd_kafka_resp_err_t code =
                rd_kafka_query_watermark_offsets(produce->consumer, rd_kafka_topic_name(source),
                                                 partition, &low, &high, ANSWER_MS);

        assert(partition >= 0);

        if (!code && rd_kafka_consume_start(source, partition, low))
                code = rd_kafka_last_error();
        if (code)
                tool_die("reading %s [%d]: %s", rd_kafka_topic_name(source), partition,
                         rd_kafka_err2str(code));
        while (low < high) {
                rd_kafka_message_t *message = rd_kafka_consume(source, partition, SILENCE_MS);

                if (!message || message->err)
                        tool_die("reading %s [%d] at %" PRId64 ": %s", rd_kafka_topic_name(source),
                                 partition, low,
                                 message ? rd_kafka_message_errstr(message) : "nothing comes");
                low = message->offset + 1;
                keep(produce, topic, message);
        }
        rd_kafka_consume_stop(source, partition);
}

/* By sequence, and by offset where there is none: records of one partition keep their order. */
static int compare(const void *a, const void *b)
{
        const struct record *left = a, *right = b;

        assert(left->message && right->message);

        if (left->sequence != right->sequence)
                return left->sequence < right->sequence ? -1 : 1;
        return (left->message->offset > right->message->offset) -
               (left->message->offset < right->message->offset);
}

/* The client of reading stays, for the messages are its own; it stands still meanwhile. */
static void read_all(struct produce *produce)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();

        set(conf, "bootstrap.servers", produce->brokers);
        set(conf, "queued.max.messages.kbytes", "1048576");
        produce->consumer = make_client(RD_KAFKA_CONSUMER, conf);
        produce->topics = open_topics(produce->consumer, produce->from, produce->sources);
        for (size_t i = 0; i < produce->topics; ++i) {
                produce->partitions[i] = count_partitions(produce->consumer, produce->sources[i]);
                for (int32_t k = 0; k < produce->partitions[i]; ++k)
                        read_partition(produce, i, k);
        }
        if (!produce->count)
                tool_die("there is nothing on %s", produce->from);
        qsort(produce->records, produce->count, sizeof(*produce->records), compare);
        assert(produce->bytes > 0);
}

/* ---- Sending ---- */

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
        struct produce *produce = opaque;

        assert(client == produce->producer);

        produce->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* What an idempotent producer waits for before its first batch, seconds long where a broker has just
 * been started; librdkafka tells of it in its statistics only. */
static int on_statistics(rd_kafka_t *client, char *json, _unused_ size_t size, void *opaque)
{
        struct produce *produce = opaque;

        assert(client);

        if (strstr(json, "\"idemp_state\": \"Assigned\""))
                produce->is_ready = true;
        return 0; /* librdkafka frees the text */
}

static void wait_until_ready(struct produce *produce)
{
        int64_t end = ev_clock_monotonic_micros() + SILENCE_MS * EV_MICROS_PER_MS;

        assert(produce->producer);

        while (!produce->is_ready) {
                if (ev_clock_monotonic_micros() > end)
                        tool_die("the brokers give the producer no id");
                rd_kafka_poll(produce->producer, FULL_WAIT_MS);
        }
}

static void connect_producer(struct produce *produce)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char linger[TEXT_MAX], queue[TEXT_MAX];

        assert(produce->topics > 0);

        snprintf(linger, sizeof(linger), "%" PRId64, produce->linger_ms);
        snprintf(queue, sizeof(queue), "%" PRId64, produce->queue_messages);
        set(conf, "bootstrap.servers", produce->brokers);
        set(conf, "enable.idempotence", "true");
        set(conf, "acks", "all");
        set(conf, "max.in.flight.requests.per.connection", "5");
        set(conf, "message.timeout.ms", "0");
        set(conf, "compression.type", "none");
        set(conf, "batch.size", "262144");
        set(conf, "socket.nagle.disable", "true");
        set(conf, "linger.ms", linger);
        set(conf, "queue.buffering.max.messages", queue);
        set(conf, "statistics.interval.ms", "1000");
        rd_kafka_conf_set_stats_cb(conf, on_statistics);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        rd_kafka_conf_set_opaque(conf, produce);
        produce->producer = make_client(RD_KAFKA_PRODUCER, conf);
        if (open_topics(produce->producer, produce->to, produce->targets) != produce->topics)
                tool_die("--to names other topics than --from, one for each");
        for (size_t i = 0; i < produce->topics; ++i)
                if (count_partitions(produce->producer, produce->targets[i]) !=
                    produce->partitions[i])
                        tool_die("topic %s has another number of partitions than its source",
                                 rd_kafka_topic_name(produce->targets[i]));
        wait_until_ready(produce);
}

/* Headers are made anew for each message, as every producer has to. */
static void send_record(struct produce *produce, const struct record *record)
{
        const rd_kafka_message_t *message = record->message;
        rd_kafka_headers_t *headers = NULL;
        rd_kafka_resp_err_t code;

        assert(record->topic < produce->topics);

        if (rd_kafka_message_headers(message, &headers))
                headers = rd_kafka_headers_new(0);
        else
                headers = rd_kafka_headers_copy(headers);
        do {
                code = rd_kafka_producev(produce->producer,
                                         RD_KAFKA_V_RKT(produce->targets[record->topic]),
                                         RD_KAFKA_V_PARTITION(message->partition),
                                         RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                         RD_KAFKA_V_KEY(message->key, message->key_len),
                                         RD_KAFKA_V_VALUE(message->payload, message->len),
                                         RD_KAFKA_V_TIMESTAMP(
                                                 rd_kafka_message_timestamp(message, NULL)),
                                         RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
                rd_kafka_poll(produce->producer,
                              code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? FULL_WAIT_MS : 0);
        } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
        if (code)
                tool_die("a message was not taken: %s", rd_kafka_err2str(code));
}

static void send_all(struct produce *produce)
{
        int64_t begun = ev_clock_monotonic_micros(), cpu = tool_cpu_micros(), took;

        assert(produce->count > 0);

        for (size_t i = 0; i < produce->count; ++i)
                send_record(produce, &produce->records[i]);
        if (rd_kafka_flush(produce->producer, FLUSH_MS) || produce->failed)
                tool_die("%d messages were not acknowledged, %" PRId64 " were refused",
                         rd_kafka_outq_len(produce->producer), produce->failed);
        took = ev_clock_monotonic_micros() - begun;
        tool_print("messages", (int64_t)produce->count);
        tool_print("bytes", produce->bytes);
        tool_print("took_us", took);
        tool_print("messages_per_s", (int64_t)produce->count * EV_MICROS_PER_SECOND / took);
        tool_print("cpu_us", tool_cpu_micros() - cpu);
}

static void close_all(struct produce *produce)
{
        assert(produce->producer && produce->consumer);

        for (size_t i = 0; i < produce->count; ++i)
                rd_kafka_message_destroy(produce->records[i].message);
        free(produce->records);
        for (size_t i = 0; i < produce->topics; ++i) {
                rd_kafka_topic_destroy(produce->sources[i]);
                rd_kafka_topic_destroy(produce->targets[i]);
        }
        rd_kafka_destroy(produce->producer);
        rd_kafka_destroy(produce->consumer);
}

int main(int argc, char **argv)
{
        static struct produce produce = { .queue_messages = 100000 };
        const struct tool_option table[] = {
                { "--brokers", "LIST", "where Kafka is", .text = &produce.brokers },
                { "--from", "TOPICS", "whose records are sent", .text = &produce.from },
                { "--to", "TOPICS", "where to, one for each", .text = &produce.to },
                { "--linger", "MS", "as a relay's", .number = &produce.linger_ms, 0, 1000 },
                { "--queue", "N", "messages under way", .number = &produce.queue_messages, 1,
                  10000000 },
        };
        const struct tool tool = { "bench-produce", "A plain producer, as fast as it can.", table,
                                   EV_ARRAY_SIZE(table) };

        tool_options(&tool, argc, argv);
        if (!produce.brokers || !produce.from || !produce.to)
                tool_die("--brokers, --from and --to are needed");
        read_all(&produce);
        connect_producer(&produce);
        send_all(&produce);
        close_all(&produce);
        return EXIT_SUCCESS;
}
