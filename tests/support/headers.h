#ifndef TESTS_SUPPORT_HEADERS_H
#define TESTS_SUPPORT_HEADERS_H

/* Headers in the form of ev.headers(), written by hand: what a record from ev.parked comes with. */

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

enum { HEADERS_BYTES_MAX = 64 * 1024 };

struct headers {
        uint8_t bytes[HEADERS_BYTES_MAX];
        size_t size;
};

static inline void headers_put(struct headers *headers, const void *data, size_t size)
{
        uint32_t length = htobe32(data ? (uint32_t)size : UINT32_MAX);

        memcpy(headers->bytes + headers->size, &length, sizeof(length));
        headers->size += sizeof(length);
        if (data)
                memcpy(headers->bytes + headers->size, data, size);
        headers->size += data ? size : 0;
}

/* `value` NULL: a null value. */
static inline void headers_add(struct headers *headers, const char *name, const char *value)
{
        headers_put(headers, name, strlen(name));
        headers_put(headers, value, value ? strlen(value) : 0);
}

/* Those that every ingress record needs. */
static inline void headers_begin(struct headers *headers, const char *id, const char *type)
{
        headers->size = 0;
        headers_add(headers, "ce_specversion", "1.0");
        headers_add(headers, "ce_id", id);
        headers_add(headers, "ce_source", "/test/shop");
        headers_add(headers, "ce_type", type);
        headers_add(headers, "content-type", "application/avro");
}

static inline struct ev_bytes headers_bytes(const struct headers *headers)
{
        return (struct ev_bytes){ headers->bytes, headers->size };
}

#endif
