/* Headers as one value and back: for each header the length of its name, the name, the length of
 * its value (-1: null), the value; lengths have four bytes, big-endian. Kafka allows any bytes and
 * any name twice, so no form that people read would keep them.
 *
 * What comes out of the column is not trusted: somebody may have written to it, and a record that
 * was put aside must not be able to end the worker. Nothing here changes anything outside of the
 * arena. */

#include "flow/headers.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/error.h"

enum { LENGTH_BYTES = 4, NULL_LENGTH = -1 };

static size_t packed_size(const struct ev_message *message)
{
        struct ev_header header;
        size_t size = 0;

        assert(message->headers_count <= message->headers_total);

        for (size_t i = 0; ev_message_header(message, i, &header); ++i)
                size += 2 * LENGTH_BYTES + header.name.size + header.value.size;
        return size;
}

static uint8_t *put_length(uint8_t *at, int32_t length)
{
        uint32_t bytes = htobe32((uint32_t)length);

        assert(length >= NULL_LENGTH);

        memcpy(at, &bytes, sizeof(bytes));
        return at + sizeof(bytes);
}

/* Nothing is copied from NULL, which memcpy() may not be given. */
static uint8_t *put_bytes(uint8_t *at, const void *data, size_t size)
{
        assert(data || size == 0);

        if (size > 0)
                memcpy(at, data, size);
        return at + size;
}

/* All headers, also those that were not looked at: whoever looks into it later wants the record
 * whole. `at` has room for packed_size(); a message of Kafka's is below 2 GiB, so lengths fit. */
static void pack(const struct ev_message *message, uint8_t *at)
{
        struct ev_header header;

        assert(at);

        for (size_t i = 0; ev_message_header(message, i, &header); ++i) {
                at = put_length(at, (int32_t)header.name.size);
                at = put_bytes(at, header.name.data, header.name.size);
                at = put_length(at, header.value.data ? (int32_t)header.value.size : NULL_LENGTH);
                at = put_bytes(at, header.value.data, header.value.size);
        }
}

int ev_item_raw(struct ev_arena *arena, const struct ev_item *item, struct ev_raw *ret_raw)
{
        struct ev_raw raw = item->raw;
        size_t size;
        uint8_t *bytes;

        assert(ret_raw);

        /* One that was put aside before is whole already. */
        if (item->message) {
                size = packed_size(item->message);
                if (size > EV_ITEM_BYTES_MAX)
                        size = 0;
                bytes = ev_arena_take(arena, size);
                if (!bytes)
                        return ev_trace(EV_FAILED);
                if (size > 0)
                        pack(item->message, bytes);
                raw.headers = (struct ev_bytes){ bytes, size };
        }
        if (raw.key.size > EV_ITEM_BYTES_MAX)
                raw.key = (struct ev_bytes){ NULL, 0 };
        if (raw.value.size > EV_ITEM_BYTES_MAX)
                raw.value = (struct ev_bytes){ NULL, 0 };
        *ret_raw = raw;
        return 0;
}

/* Reads a length; false at the end, or where the bytes are not ours. */
static bool take_length(struct ev_bytes *bytes, int32_t *ret_length)
{
        uint32_t length;

        assert(bytes->data || bytes->size == 0);

        if (bytes->size < sizeof(length))
                return false;
        memcpy(&length, bytes->data, sizeof(length));
        *ret_length = (int32_t)be32toh(length);
        bytes->data += sizeof(length);
        bytes->size -= sizeof(length);
        return true;
}

/* A length and what stands behind it, both off the front. */
static bool take_slice(struct ev_bytes *bytes, struct ev_bytes *ret_slice)
{
        int32_t length;

        assert(ret_slice);

        if (!take_length(bytes, &length))
                return false;
        if (length == NULL_LENGTH) {
                *ret_slice = (struct ev_bytes){ NULL, 0 };
                return true;
        }
        if (length < 0 || (size_t)length > bytes->size)
                return false;
        *ret_slice = (struct ev_bytes){ bytes->data, (size_t)length };
        bytes->data += length;
        bytes->size -= (size_t)length;
        return true;
}

bool ev_headers_next(struct ev_bytes *headers, struct ev_header *ret_header)
{
        struct ev_bytes name, value;

        assert(ret_header);

        if (!take_slice(headers, &name) || !name.data || !take_slice(headers, &value))
                return false;
        ret_header->name = (struct ev_str){ (const char *)name.data, name.size };
        ret_header->value = value;
        return true;
}

/* Slices of `bytes`; at most as many headers as a record may have. */
static int unpack(struct ev_arena *arena, struct ev_bytes bytes,
                  const struct ev_header **ret_headers, size_t *ret_count)
{
        struct ev_header *headers;
        size_t count = 0;

        assert(ret_headers && ret_count);

        headers = ev_arena_take_array(arena, EV_ENVELOPE_HEADERS_MAX, sizeof(*headers));
        if (!headers)
                return ev_trace(EV_FAILED);
        /* More than the limit were put aside too: with a dead letter, which is not tried again; but
         * a limit may have been lowered since. */
        while (bytes.size > 0) {
                if (count == EV_ENVELOPE_HEADERS_MAX || !ev_headers_next(&bytes, &headers[count])) {
                        (void)ev_fail(EV_VERDICT_RECORD, "headers that were put aside are not in "
                                                         "the form of ev.headers()");
                        return EV_OVER_LIMIT;
                }
                ++count;
        }
        *ret_headers = headers;
        *ret_count = count;
        return 0;
}

int ev_item_headers(struct ev_arena *arena, const struct ev_item *item,
                    const struct ev_header **ret_headers, size_t *ret_count)
{
        const struct ev_message *message = item->message;

        assert(ret_headers && ret_count);

        if (!message)
                return ev_trace(unpack(arena, item->raw.headers, ret_headers, ret_count));
        /* The rest of them is left where it is until somebody wants the record whole. */
        if (message->headers_total > message->headers_count) {
                (void)ev_fail(EV_VERDICT_RECORD, "%zu headers, %d are looked at",
                              message->headers_total, EV_MESSAGE_HEADERS_MAX);
                return EV_OVER_LIMIT;
        }
        *ret_headers = message->headers;
        *ret_count = message->headers_count;
        return 0;
}
