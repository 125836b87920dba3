/* A producer over librdkafka whose acknowledgements are taken in the order of sending.
 *
 * Guarantee: ev_producer_take() hands out a record only after it and every record sent before it
 * are stored by all in-sync replicas. This rests on four fixed settings (wire/kafka.c): idempotence
 * keeps a partition's records in order and single over retries, acks=all makes an acknowledgement
 * final, message.timeout.ms=0 never gives a record up, and the gapless guarantee stops the client
 * at the first record that is refused instead of publishing those behind it.
 *
 * One thing more is ours to do: where a broker has nothing of a producer in a partition, or nothing
 * any more, it takes a batch with *any* sequence number as the first one. If then the first batch is
 * refused for a moment (a partition without a leader) and the second one, sent behind it, is taken,
 * librdkafka concludes that the first one must be there too and reports it as stored: a record that
 * is acknowledged and lost. So the first record of a partition goes alone until it is acknowledged.
 * Source: Kafka, ProducerAppendInfo.checkSequence(); librdkafka 2.0.2, rdkafka_request.c,
 * rd_kafka_handle_idempotent_Produce_success().
 *
 * If the process dies here: of the records in flight, those of each partition that reached the
 * broker are a prefix of those sent to it. Nobody was told that they arrived, so the caller's
 * stored position lies before them and they are found on the topic when it starts again.
 *
 * In flight lies in a ring of fixed size: a slot is taken when a record is sent, marked by its
 * delivery report, and freed from the oldest on. Slots never move, so a report finds its slot by
 * pointer. */

#include "wire/producer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "wire/kafka_private.h"

enum {
        /* What a record costs on the wire beside its bytes: the frame of its batch (61 bytes), its
         * own attributes and varints (36 at most, rounded up), and two for each header. Source:
         * Kafka's protocol guide, record batch v2. */
        RECORD_FRAME_BYTES = 61 + 40,
        HEADER_FRAME_BYTES = 10,
        /* How long after an acknowledgement a broker knows us for sure. It forgets after a day by
         * default (producer.id.expiration.ms). */
        KNOWN_S = 600,
        FATAL_WAIT_MS = 1000, /* for the report of the record that made the client fail */
        CONF_NUMBER_MAX = 24,
};

/* What is on its way to a partition. */
struct lane {
        size_t in_flight;
        int64_t known_until_micros; /* by the broker; 0: nothing was acknowledged yet */
};

/* A place in the ring. A skipped record has one too, of size 0, so that the order of taking is the
 * order of the caller's numbers whatever became of each. */
struct slot {
        int64_t sequence;
        size_t bytes;
        uint32_t tag;
        bool is_acknowledged;
        struct lane *lane; /* NULL: skipped */
};

struct topic {
        /* As large as what an error can name; Kafka's own bound is 249 characters. */
        char name[EV_ERROR_TOPIC_MAX];
        rd_kafka_topic_t *handle;
        struct lane *lanes; /* one a partition */
        int32_t partitions;
        int32_t message_bytes_max;
};

struct ev_producer {
        struct ev_kafka *kafka;
        struct topic topics[EV_KAFKA_TOPICS_MAX];
        size_t topics_count;
        struct slot *slots; /* ring of slots_max */
        size_t slots_max;
        size_t oldest; /* index of the oldest slot in use */
        size_t used;
        size_t bytes; /* of the slots in use */
        size_t bytes_max;
        /* The first failure is the cause; those after it are records that the client gave up
         * because of it. So the first is kept, with all that an error text needs, since its slot
         * may be gone. */
        rd_kafka_resp_err_t failed; /* of the first record that failed; NO_ERROR: none */
        char failed_topic[EV_ERROR_TOPIC_MAX];
        int32_t failed_partition;
        int64_t failed_sequence;
};

bool ev_producer_check(const struct ev_producer *producer)
{
        assert(producer);

        return producer->kafka && producer->slots && producer->used <= producer->slots_max &&
               producer->oldest < producer->slots_max &&
               producer->topics_count <= EV_KAFKA_TOPICS_MAX &&
               (producer->used || !producer->bytes);
}

/* Runs in our thread, out of ev_producer_poll(). Reports of different partitions come in any order.
 * A slot is not used again before its report has come, because only an acknowledged one is taken:
 * so the pointer is good. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
        struct ev_producer *producer = ev_kafka_owner(opaque);
        struct slot *slot = message->_private;

        assert(rk);
        assert(slot >= producer->slots && slot < producer->slots + producer->slots_max);

        if (!message->err) {
                slot->is_acknowledged = true;
                slot->lane->known_until_micros =
                        ev_clock_monotonic_micros() + KNOWN_S * EV_MICROS_PER_SECOND;
                --slot->lane->in_flight;
                return;
        }
        if (producer->failed)
                return;
        producer->failed = message->err;
        producer->failed_partition = message->partition;
        producer->failed_sequence = slot->sequence;
        snprintf(producer->failed_topic, sizeof(producer->failed_topic), "%s",
                 rd_kafka_topic_name(message->rkt));
}

/* Per message and not per batch (dr_msg_cb): a report must find its slot. */
static void set_callbacks(rd_kafka_conf_t *conf)
{
        assert(conf);

        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
}

/* The queue of librdkafka is one longer than the ring, so that its own "queue full" is never what
 * is met first. The operator may still lower both; then QUEUE_FULL is answered like a full ring. */
static int make_client(struct ev_producer *producer, const struct ev_producer_options *options)
{
        char records[CONF_NUMBER_MAX], batch[CONF_NUMBER_MAX];
        /* Room for all that we let out, so that the ring is what says "full". */
        const struct ev_kafka_setting extra[] = {
                { "queue.buffering.max.messages", records },
                { "batch.size", batch },
        };
        const struct ev_kafka_options client = {
                .role = EV_KAFKA_PRODUCER,
                .settings = options->settings,
                .settings_count = options->settings_count,
                .extra = extra,
                .extra_count = EV_ARRAY_SIZE(extra),
                .log = options->log,
                .log_context = options->log_context,
        };

        assert(options->records_max > 0);

        snprintf(records, sizeof(records), "%zu", options->records_max + 1);
        snprintf(batch, sizeof(batch), "%d", EV_PRODUCER_BATCH_BYTES);
        return ev_trace(ev_kafka_new_owned(&producer->kafka, &client, set_callbacks, producer));
}

/* The memory in flight is allocated here once; sending allocates nothing of ours, and a slot's
 * address is good for the life of the producer, which on_delivery() depends on. */
int ev_producer_new(struct ev_producer **ret_producer, const struct ev_producer_options *options)
{
        _cleanup_(ev_producer_free_p) struct ev_producer *producer = calloc(1, sizeof(*producer));
        int r;

        assert(options->records_max > 0);
        assert(options->bytes_max > 0);

        if (!producer)
                return ev_fail_memory("a producer");
        producer->slots_max = options->records_max;
        producer->bytes_max = options->bytes_max;
        producer->slots = calloc(producer->slots_max, sizeof(*producer->slots));
        if (!producer->slots)
                return ev_fail_memory("a producer's records in flight");
        r = make_client(producer, options);
        if (r)
                return ev_trace(r);
        if (options->wake_fd >= 0)
                ev_kafka_wake(producer->kafka, options->wake_fd);

        assert(ev_producer_check(producer));
        *ret_producer = producer;
        producer = NULL;
        return 0;
}

/* The order matters. The topic handles go before the client. The wake descriptor is switched off
 * before its owner may close it, or a thread of librdkafka would write into whatever has that
 * number next. And the queue is purged before the client is destroyed: with message.timeout.ms=0
 * none of it would ever run out of time. */
struct ev_producer *ev_producer_free(struct ev_producer *producer)
{
        if (!producer)
                return NULL;
        for (size_t i = 0; i < producer->topics_count; ++i) {
                rd_kafka_topic_destroy(producer->topics[i].handle);
                free(producer->topics[i].lanes);
        }
        /* Topics before their client, and the wake-up before the file that it writes to is closed.
         * What is purged is not waited for: nobody needs its reports any more. */
        if (producer->kafka) {
                ev_kafka_wake(producer->kafka, -1);
                rd_kafka_purge(ev_kafka_handle(producer->kafka),
                               RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                       RD_KAFKA_PURGE_F_NON_BLOCKING);
        }
        ev_kafka_free(producer->kafka);
        free(producer->slots);
        free(producer);
        return NULL;
}

/* A batch may be as large as batch.size, whatever its records are: a topic that takes less refuses
 * batches whose records are all small enough. librdkafka fills a batch by batch.size and knows
 * nothing of the topic's limit; the broker compares that limit with the whole batch
 * (MESSAGE_TOO_LARGE), and the client is then fatal over records that are all innocent. */
static int check_batch_size(struct ev_producer *producer, const struct ev_kafka_topic *topic)
{
        char text[CONF_NUMBER_MAX] = "";
        size_t size = sizeof(text);
        int64_t batch = EV_PRODUCER_BATCH_BYTES;

        assert(producer->kafka && topic->name);

        rd_kafka_conf_get(rd_kafka_conf(ev_kafka_handle(producer->kafka)), "batch.size", text,
                          &size);
        if (!ev_str_to_int64(ev_str_of(text), &batch))
                return ev_fail(EV_VERDICT_STOP, "librdkafka does not say its batch.size");
        if (topic->message_bytes_max >= batch)
                return 0;
        return ev_fail(EV_VERDICT_STOP,
                       "topic %s takes no more than %d bytes (max.message.bytes) and our batches "
                       "have up to %lld: raise it, or set kafka.batch.size below it",
                       topic->name, topic->message_bytes_max, (long long)batch);
}

/* The count grows last: a topic whose handle could not be made is none, and its place is taken by
 * the next. A handle asks the broker nothing, so a record may be sent before librdkafka knows the
 * partitions; it holds it back until then. */
static int remember(struct ev_producer *producer, const struct ev_kafka_topic *found)
{
        struct topic *topic = &producer->topics[producer->topics_count];

        assert(found->name);

        if (producer->topics_count == EV_KAFKA_TOPICS_MAX)
                return ev_fail(EV_VERDICT_STOP, "topic %s is one more than the %d of one producer",
                               found->name, EV_KAFKA_TOPICS_MAX);
        if (!ev_str_copy(ev_str_of(found->name), topic->name, sizeof(topic->name)))
                return ev_fail(EV_VERDICT_STOP, "topic %s has a longer name than Kafka allows",
                               found->name);
        topic->lanes = calloc((size_t)found->partitions, sizeof(*topic->lanes));
        if (!topic->lanes)
                return ev_fail_memory("a topic's partitions");
        topic->handle = rd_kafka_topic_new(ev_kafka_handle(producer->kafka), found->name, NULL);
        if (!topic->handle) {
                free(topic->lanes);
                return ev_kafka_fail(rd_kafka_last_error(), "topic %s", found->name);
        }
        topic->partitions = found->partitions;
        topic->message_bytes_max = found->message_bytes_max;
        ++producer->topics_count;
        return 0;
}

int ev_producer_add_topic(struct ev_producer *producer, const struct ev_kafka_topic *topic,
                          size_t *ret_topic)
{
        int r;

        assert(topic->name && topic->partitions > 0);

        for (size_t i = 0; i < producer->topics_count; ++i) {
                if (strcmp(producer->topics[i].name, topic->name) != 0)
                        continue;
                *ret_topic = i;
                return 0;
        }
        r = check_batch_size(producer, topic);
        if (r)
                return ev_trace(r);
        r = remember(producer, topic);
        if (r)
                return ev_trace(r);

        *ret_topic = producer->topics_count - 1;
        assert(ev_producer_check(producer));
        return 0;
}

/* What the record costs in a batch of its own, the worst case. librdkafka and the broker may count
 * a few bytes fewer, so what passes here is not refused there. */
static size_t size_of(const struct ev_outgoing *record)
{
        size_t bytes = RECORD_FRAME_BYTES + record->key.size + record->value.size;

        assert(record->headers || !record->headers_count);

        for (size_t i = 0; i < record->headers_count; ++i)
                bytes += HEADER_FRAME_BYTES + record->headers[i].name.size +
                         record->headers[i].value.size;
        return bytes;
}

/* The headers in librdkafka's form; whoever hands them over with success has given them away. */
static rd_kafka_headers_t *make_headers(const struct ev_outgoing *record)
{
        rd_kafka_headers_t *headers = rd_kafka_headers_new(record->headers_count);

        assert(headers);

        for (size_t i = 0; i < record->headers_count; ++i) {
                const struct ev_header *header = &record->headers[i];

                rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size,
                                    header->value.data,
                                    header->value.data ? (ssize_t)header->value.size : 0);
        }
        return headers;
}

/* With an error librdkafka has taken nothing, and the headers are still ours; everything else was
 * only lent. */
static rd_kafka_resp_err_t hand_over(struct ev_producer *producer, const struct ev_outgoing *record,
                                     struct slot *slot)
{
        const struct topic *topic = &producer->topics[record->topic];
        rd_kafka_headers_t *headers = make_headers(record);
        rd_kafka_resp_err_t code;

        assert(slot->sequence == record->sequence);

        /* The casts drop const from bytes that are copied (F_COPY) and never written to. */
        code = rd_kafka_producev(
                ev_kafka_handle(producer->kafka), RD_KAFKA_V_RKT(topic->handle),
                RD_KAFKA_V_PARTITION(record->partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_KEY((void *)(uintptr_t)record->key.data, record->key.size),
                RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.data, record->value.size),
                RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
                RD_KAFKA_V_OPAQUE(slot), RD_KAFKA_V_END);
        /* Given away with success only. */
        if (code)
                rd_kafka_headers_destroy(headers);
        return code;
}

/* The same words at every call, because the caller may ask again before he gives up, and only the
 * first failure is the cause. */
static int fail_poisoned(const struct ev_producer *producer)
{
        assert(producer->failed);

        ev_kafka_fail(producer->failed, "record %lld was not taken by %s [%d]",
                      (long long)producer->failed_sequence, producer->failed_topic,
                      producer->failed_partition);
        ev_error_set_record(producer->failed_topic, producer->failed_partition, -1);
        return EV_FAILED;
}

/* Refuses what the broker would refuse, while it can still be said which record it is. The broker's
 * answer would name a batch; after it the client is fatal and the text is about a sequence number
 * of Kafka's. */
static int check_size(const struct ev_producer *producer, const struct ev_outgoing *record,
                      size_t bytes)
{
        const struct topic *topic = &producer->topics[record->topic];

        assert(topic->message_bytes_max > 0);

        if (bytes <= (size_t)topic->message_bytes_max)
                return 0;
        return ev_fail(EV_VERDICT_STOP,
                       "record %lld has %zu bytes and topic %s takes %d: nothing behind it is "
                       "published; raise the topic's max.message.bytes and kafka.message.max.bytes "
                       "above it",
                       (long long)record->sequence, bytes, topic->name, topic->message_bytes_max);
}

/* A single record may pass the bound of bytes: else it could never be sent. */
static bool has_room(const struct ev_producer *producer, size_t bytes)
{
        assert(producer->used <= producer->slots_max);

        return producer->used < producer->slots_max &&
               (!producer->used || producer->bytes + bytes <= producer->bytes_max);
}

/* Whether the broker may take a record for the first one while another is on its way. */
static bool must_wait(const struct lane *lane)
{
        assert(lane);

        return lane->in_flight && ev_clock_monotonic_micros() > lane->known_until_micros;
}

/* The slot is not counted yet: it is the caller's to fill in, and stays free if librdkafka does not
 * take the record. */
static struct slot *next_slot(struct ev_producer *producer)
{
        assert(producer->used < producer->slots_max);

        return &producer->slots[(producer->oldest + producer->used) % producer->slots_max];
}

int ev_producer_send(struct ev_producer *producer, const struct ev_outgoing *record)
{
        struct lane *lane = &producer->topics[record->topic].lanes[record->partition];
        size_t bytes = size_of(record);
        rd_kafka_resp_err_t code;
        struct slot *slot;
        int r;

        assert(ev_producer_check(producer));
        assert(record->topic < producer->topics_count);
        assert(record->partition >= 0 &&
               record->partition < producer->topics[record->topic].partitions);
        assert(record->headers_count <= EV_PRODUCER_HEADERS_MAX);

        if (producer->failed)
                return fail_poisoned(producer);
        r = check_size(producer, record, bytes);
        if (r)
                return ev_trace(r);
        if (!has_room(producer, bytes) || must_wait(lane))
                return EV_PRODUCER_FULL;

        /* The slot is written before the record is handed over: its report may be made by a thread
         * of librdkafka at once, though it is served by ours, and later. */
        slot = next_slot(producer);
        *slot = (struct slot){ record->sequence, bytes, record->tag, false, lane };
        code = hand_over(producer, record, slot);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                return EV_PRODUCER_FULL;
        if (code)
                return ev_kafka_fail(code, "record %lld for topic %s", (long long)record->sequence,
                                     producer->topics[record->topic].name);
        ++producer->used;
        ++lane->in_flight;
        producer->bytes += bytes;
        return 0;
}

/* A skip needs a place too, and no librdkafka: so a long stretch of rows that are published already
 * goes through the same bound and the same order. */
int ev_producer_skip(struct ev_producer *producer, int64_t sequence, uint32_t tag)
{
        assert(ev_producer_check(producer));

        if (!has_room(producer, 0))
                return EV_PRODUCER_FULL;
        *next_slot(producer) = (struct slot){ sequence, 0, tag, true, NULL };
        ++producer->used;
        return 0;
}

int ev_producer_poll(struct ev_producer *producer, int timeout_ms)
{
        assert(ev_producer_check(producer));

        ev_kafka_serve(producer->kafka, timeout_ms);
        if (!producer->failed && !ev_kafka_state(producer->kafka)->is_fatal)
                return 0;

        /* The client's fatal error comes before the report of the record that it is about, and only
         * that report says what was wrong with it. */
        while (!producer->failed && ev_kafka_serve(producer->kafka, FATAL_WAIT_MS))
                ;
        if (EV_FAULT(producer_fatal) < 0)
                return ev_trace(EV_FAILED);
        if (producer->failed)
                return fail_poisoned(producer);
        return ev_trace(ev_kafka_check_alive(producer->kafka));
}

/* Only ever the oldest: a younger one that is acknowledged already waits, or the caller's position
 * would pass a record that may still be lost. */
bool ev_producer_take(struct ev_producer *producer, struct ev_sent *ret_sent)
{
        const struct slot *slot = &producer->slots[producer->oldest];

        assert(ev_producer_check(producer));

        if (!producer->used || !slot->is_acknowledged)
                return false;
        *ret_sent = (struct ev_sent){ slot->sequence, slot->tag };
        producer->oldest = (producer->oldest + 1) % producer->slots_max;
        --producer->used;
        producer->bytes -= slot->bytes;
        return true;
}

size_t ev_producer_in_flight(const struct ev_producer *producer)
{
        assert(ev_producer_check(producer));

        return producer->used;
}

struct ev_kafka *ev_producer_kafka(const struct ev_producer *producer)
{
        assert(producer->kafka);

        return producer->kafka;
}
