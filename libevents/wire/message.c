/* Batches of records.
 *
 * Nothing is copied: a record's bytes stay librdkafka's, and live as long as the batch. librdkafka
 * itself allocates for each record and for the list of its headers; what is ours (the batch and the
 * arrays of headers) grows to the largest batch and stays. Nothing here outlives the process, and
 * nothing is lost with it: records come again from where their lane was committed. */

#include "wire/message.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "wire/kafka_private.h"

/* Our own events have about ten headers, so that most slots never grow. */
enum { HEADERS_AT_FIRST = 16 };

/* The items are made once, for the largest batch that is ever asked for. */
int ev_messages_init(struct ev_messages *messages, size_t capacity)
{
        struct ev_message *items;

        assert(capacity > 0 && capacity <= EV_MESSAGES_MAX);

        items = calloc(capacity, sizeof(*items));
        if (!items)
                return ev_fail_memory("a batch of messages");
        *messages = (struct ev_messages){ .items = items, .capacity = capacity };
        return 0;
}

/* librdkafka counts its messages: a client with one that was never destroyed cannot be destroyed.
 */
void ev_messages_release(struct ev_messages *messages)
{
        assert(messages->count <= messages->capacity);

        for (size_t i = 0; i < messages->count; ++i) {
                rd_kafka_message_destroy(messages->items[i].handle);
                messages->items[i].handle = NULL;
        }
        messages->count = 0;
        messages->bytes = 0;
}

/* Also for a batch that was never initialised, so that a caller's cleanup needs no condition. */
void ev_messages_done(struct ev_messages *messages)
{
        assert(messages->items || !messages->capacity);

        ev_messages_release(messages);
        for (size_t i = 0; i < messages->capacity; ++i)
                free(messages->items[i].headers);
        free(messages->items);
        *messages = (struct ev_messages){ 0 };
}

/* A null value is told by its pointer; an empty one has a pointer and no bytes. */
static bool read_header(const rd_kafka_headers_t *headers, size_t index,
                        struct ev_header *ret_header)
{
        const char *name;
        const void *value;
        size_t size;

        assert(ret_header);
        assert(headers);

        if (rd_kafka_header_get_all(headers, index, &name, &value, &size))
                return false;
        *ret_header = (struct ev_header){ ev_str_of(name), { value, size } };
        return true;
}

/* By index and from librdkafka's own list, so that also those are reached that found no room in
 * `headers`. Each call walks that list; only records that are put aside need it. */
bool ev_message_header(const struct ev_message *message, size_t index, struct ev_header *ret_header)
{
        rd_kafka_headers_t *headers;

        assert(message->handle);

        if (index >= message->headers_total || rd_kafka_message_headers(message->handle, &headers))
                return false;
        return read_header(headers, index, ret_header);
}

/* From the last one on: where a name stands twice, Kafka's own clients hand out the last. */
struct ev_str ev_message_find(const struct ev_message *message, struct ev_str name)
{
        assert(message && name.size > 0);

        for (size_t i = message->headers_count; i > 0; --i) {
                const struct ev_header *header = &message->headers[i - 1];

                if (ev_str_equal(header->name, name))
                        return (struct ev_str){ (const char *)header->value.data,
                                                header->value.size };
        }
        return EV_STR_NULL;
}

/* The room for headers grows to what messages have, and stays. EV_MESSAGE_HEADERS_MAX bounds it: a
 * stranger's record with a million headers costs us no more than that, and is recognized by
 * headers_total. */
static int reserve_headers(struct ev_message *message, size_t count)
{
        size_t capacity = message->headers_capacity ? message->headers_capacity : HEADERS_AT_FIRST;
        struct ev_header *headers;

        assert(count <= EV_MESSAGE_HEADERS_MAX);

        if (count <= message->headers_capacity)
                return 0;
        while (capacity < count)
                capacity *= 2;
        headers = realloc(message->headers, capacity * sizeof(*headers));
        if (!headers)
                return ev_fail_memory("headers");
        message->headers = headers;
        message->headers_capacity = capacity;
        return 0;
}

/* Up to the limit of the contract only. A record above it is put aside whole by reading the rest
 * one by one, which is slow and rare. */
static int read_headers(struct ev_message *message)
{
        rd_kafka_headers_t *headers;
        int r;

        assert(message->handle);

        message->headers_count = 0;
        message->headers_total = 0;
        if (rd_kafka_message_headers(message->handle, &headers))
                return 0;
        message->headers_total = rd_kafka_header_cnt(headers);
        message->headers_count = message->headers_total < EV_MESSAGE_HEADERS_MAX
                                         ? message->headers_total
                                         : EV_MESSAGE_HEADERS_MAX;
        r = reserve_headers(message, message->headers_count);
        if (r)
                return ev_trace(r);
        for (size_t i = 0; i < message->headers_count; ++i)
                if (!read_header(headers, i, &message->headers[i]))
                        return ev_fail(EV_VERDICT_STOP, "header %zu cannot be read", i);
        return 0;
}

/* The message is counted before its headers are read: whatever fails there, it is released with
 * the batch. */
int ev_messages_add(struct ev_messages *messages, void *polled, struct ev_message **ret_message)
{
        const rd_kafka_message_t *record = polled;
        struct ev_message *message = &messages->items[messages->count];
        rd_kafka_timestamp_type_t kind;

        assert(messages->count < messages->capacity);
        assert(!record->err);

        message->offset = record->offset;
        /* -1 if the record has none (message format 0), which no broker of today writes. */
        message->timestamp_ms = rd_kafka_message_timestamp(record, &kind);
        message->is_appended_at = kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
        message->key = (struct ev_bytes){ record->key, record->key_len };
        message->value = (struct ev_bytes){ record->payload, record->len };
        message->handle = polled;
        ++messages->count;
        messages->bytes += record->key_len + record->len;
        *ret_message = message;
        return ev_trace(read_headers(message));
}
