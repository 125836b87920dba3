#ifndef EV_STORE_BINARY_H
#define EV_STORE_BINARY_H

/* PostgreSQL's binary integers: big-endian two's complement. Source: PostgreSQL 15,
 * src/backend/libpq/pqformat.c, pq_sendint*(). Instants and days are in base/clock.h, numeric is in
 * base/decimal.h.
 *
 * The bytes lie anywhere in a buffer or in a message of libpq, at odd addresses too, so they are
 * copied and never read through a pointer of another type: that would be undefined in C, and
 * compilers make one instruction of either. Signed values are cast by the caller; C defines the
 * cast to unsigned, and gcc and clang define the way back as two's complement. */

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"

static inline void ev_binary_put_2(uint8_t *bytes, uint16_t value)
{
        assert(bytes);

        value = htobe16(value);
        memcpy(bytes, &value, sizeof(value));
}

static inline void ev_binary_put_4(uint8_t *bytes, uint32_t value)
{
        assert(bytes);

        value = htobe32(value);
        memcpy(bytes, &value, sizeof(value));
}

static inline void ev_binary_put_8(uint8_t *bytes, uint64_t value)
{
        assert(bytes);

        value = htobe64(value);
        memcpy(bytes, &value, sizeof(value));
}

static inline uint16_t ev_binary_get_2(const uint8_t *bytes)
{
        uint16_t value;

        assert(bytes);

        memcpy(&value, bytes, sizeof(value));
        return be16toh(value);
}

static inline uint32_t ev_binary_get_4(const uint8_t *bytes)
{
        uint32_t value;

        assert(bytes);

        memcpy(&value, bytes, sizeof(value));
        return be32toh(value);
}

static inline uint64_t ev_binary_get_8(const uint8_t *bytes)
{
        uint64_t value;

        assert(bytes);

        memcpy(&value, bytes, sizeof(value));
        return be64toh(value);
}

/* Whether a day lies in the years 0001 to 9999, which is where base/clock.h takes it.
 * PostgreSQL's own range is wider, and its infinities are the ends of the 32 bits, which lie
 * outside as well. */
static inline bool ev_binary_day_is_valid(int64_t day)
{
        return day >= EV_INSTANT_MIN / EV_MICROS_PER_DAY &&
               day <= EV_INSTANT_MAX / EV_MICROS_PER_DAY;
}

#endif
