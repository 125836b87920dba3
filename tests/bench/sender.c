/* The producer of a shop. Not libevents' own producer, which is a relay's: that one waits for the
 * first answer of each partition, and a load that waits hides what it should show. */

#include "bench/sender.h"

#include <assert.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tool.h"
#include "schemas/order.h"
#include "schemas/stock.h"

enum {
        TEXT_MAX = 512,
        METADATA_MS = 10000,
        FULL_WAIT_MS = 10,
};

/* Both ingress topics, each known by a type that belongs on it. */
static const struct ev_record *const topic_types[] = { &order_placed_record,
                                                       &goods_received_record };

struct sender {
        rd_kafka_t *kafka;
        rd_kafka_topic_t *topics[EV_ARRAY_SIZE(topic_types)];
        int64_t failed;
        char reason[TEXT_MAX]; /* of the first that failed */
};

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
        struct sender *sender = opaque;

        assert(kafka == sender->kafka);

        if (message->err && !sender->failed++)
                snprintf(sender->reason, sizeof(sender->reason), "%s",
                         rd_kafka_err2str(message->err));
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
        char text[TEXT_MAX];

        assert(name && value);

        if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
                tool_die("%s: %s", name, text);
}

/* Of librdkafka's log only what is critical is shown: what fails is told where it is seen. The queue
 * holds a million: a load that is late may not wait for room, too. */
static rd_kafka_conf_t *make_conf(const char *brokers, int64_t linger_ms)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char linger[TEXT_MAX];

        assert(linger_ms >= 0);

        snprintf(linger, sizeof(linger), "%" PRId64, linger_ms);
        set(conf, "log_level", "2");
        set(conf, "bootstrap.servers", brokers);
        set(conf, "linger.ms", linger);
        set(conf, "enable.idempotence", "true");
        set(conf, "partitioner", "murmur2_random");
        set(conf, "socket.nagle.disable", "true");
        set(conf, "queue.buffering.max.messages", "1000000");
        set(conf, "queue.buffering.max.kbytes", "1048576");
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        return conf;
}

/* Asking for each topic connects, too: the first event finds everything there. */
static void open_topic(struct sender *sender, size_t index)
{
        struct ev_str name = topic_types[index]->contract->topic;
        const struct rd_kafka_metadata *metadata;
        rd_kafka_resp_err_t code;

        assert(name.data[name.size] == '\0'); /* a literal of the generated code */

        sender->topics[index] = rd_kafka_topic_new(sender->kafka, name.data, NULL);
        if (!sender->topics[index])
                tool_die("topic %s: %s", name.data, rd_kafka_err2str(rd_kafka_last_error()));
        code = rd_kafka_metadata(sender->kafka, 0, sender->topics[index], &metadata, METADATA_MS);
        if (code)
                tool_die("topic %s: %s", name.data, rd_kafka_err2str(code));
        code = metadata->topics[0].err;
        rd_kafka_metadata_destroy(metadata);
        if (code)
                tool_die("topic %s: %s", name.data, rd_kafka_err2str(code));
}

struct sender *sender_new(const char *brokers, int64_t linger_ms)
{
        struct sender *sender = calloc(1, sizeof(*sender));
        rd_kafka_conf_t *conf = make_conf(brokers, linger_ms);
        char text[TEXT_MAX];

        if (!sender)
                tool_die("no memory for a producer");
        rd_kafka_conf_set_opaque(conf, sender);
        sender->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        if (!sender->kafka)
                tool_die("a producer: %s", text);
        for (size_t i = 0; i < EV_ARRAY_SIZE(topic_types); ++i)
                open_topic(sender, i);
        assert(!sender->failed);
        return sender;
}

struct sender *sender_free(struct sender *sender)
{
        if (!sender)
                return NULL;
        for (size_t i = 0; i < EV_ARRAY_SIZE(topic_types); ++i)
                rd_kafka_topic_destroy(sender->topics[i]);
        rd_kafka_destroy(sender->kafka);
        free(sender);
        return NULL;
}

static rd_kafka_topic_t *topic_of(const struct sender *sender, const struct ev_record *record)
{
        size_t i = 0;

        assert(record->contract);

        while (!ev_str_equal(topic_types[i]->contract->topic, record->contract->topic)) {
                ++i;
                assert(i < EV_ARRAY_SIZE(topic_types));
        }
        return sender->topics[i];
}

/* The casts drop const from bytes that are copied and never written to. */
static rd_kafka_resp_err_t produce(struct sender *sender, const struct traffic_event *event)
{
        struct ev_str type = event->record->name;

        assert(event->id.size > 0);

        return rd_kafka_producev(
                sender->kafka, RD_KAFKA_V_RKT(topic_of(sender, event->record)),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_KEY((void *)(uintptr_t)event->key.data, event->key.size),
                RD_KAFKA_V_VALUE((void *)(uintptr_t)event->value.data, event->value.size),
                RD_KAFKA_V_HEADER("ce_specversion", "1.0", -1),
                RD_KAFKA_V_HEADER("ce_id", event->id.data, (ssize_t)event->id.size),
                RD_KAFKA_V_HEADER("ce_source", TRAFFIC_SOURCE, -1),
                RD_KAFKA_V_HEADER("ce_type", type.data, (ssize_t)type.size),
                RD_KAFKA_V_HEADER("content-type", "application/avro", -1), RD_KAFKA_V_END);
}

void sender_send(struct sender *sender, const struct traffic_event *event)
{
        rd_kafka_resp_err_t code;

        assert(event->value.size > 0);

        rd_kafka_poll(sender->kafka, 0);
        while ((code = produce(sender, event)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                rd_kafka_poll(sender->kafka, FULL_WAIT_MS);
        if (code)
                tool_die("an event was not taken: %s", rd_kafka_err2str(code));
}

void sender_finish(struct sender *sender, int wait_ms)
{
        assert(wait_ms >= 0);

        if (rd_kafka_flush(sender->kafka, wait_ms))
                tool_die("%d events were not acknowledged", rd_kafka_outq_len(sender->kafka));
        if (sender->failed)
                tool_die("%" PRId64 " events were not stored: %s", sender->failed, sender->reason);
}
