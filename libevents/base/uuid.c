/* UUIDs of version 7.
 *
 * An id is 48 bits of milliseconds, 12 bits of counter and 62 random bits, with version and variant
 * between them. Guarantees that the ids of one generator grow strictly; ids of several processes
 * differ by their random bits. Random bytes are drawn for some 500 ids at once, so that an id costs
 * no system call. If the process dies, the bytes drawn ahead are lost, which is no loss. */

#include "base/uuid.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"

enum {
        COUNTER_MAX = 0xfff,        /* 12 bits: rand_a (RFC 9562 §5.7) */
        COUNTER_START_MASK = 0x7ff, /* the top bit begins as 0: room for 2048 ids at least */
        RANDOM_TAIL_BYTES = 8,      /* rand_b: 62 bits, and two of the variant */
        VERSION_7 = 0x70,           /* the upper half of byte 6 */
        VARIANT = 0x80,             /* the upper two bits of byte 8: 10 (RFC 9562 §4.1) */
};

/* unix_ts_ms has 48 bits, which last until the year 10889. */
#define MILLISECONDS_MAX ((INT64_C(1) << 48) - 1)

static struct ev_uuid_generator process_generator;

/* Runs in a forked child, before it can make an id: the time of the last one is forgotten too,
 * which does no harm, for the child is another process with ids of its own. */
static void forget_random_bytes(void)
{
        process_generator = (struct ev_uuid_generator){ 0 };
}

static void watch_forks(void)
{
        int r = pthread_atfork(NULL, NULL, forget_random_bytes);

        assert(r == 0); /* only memory at the start of a program could be missing */
}

/* Fills the pool. getrandom() may give less than was asked for, or be interrupted, above 256 bytes
 * (getrandom(2)). */
static int draw_pool(struct ev_uuid_generator *generator)
{
        size_t filled = 0;
        ssize_t n;

        assert(generator);

        while (filled < EV_UUID_POOL_BYTES) {
                n = getrandom(generator->pool + filled, EV_UUID_POOL_BYTES - filled, 0);
                if (n < 0 && errno != EINTR)
                        return ev_fail(EV_VERDICT_STOP, "no random bytes from the kernel: %s",
                                       strerror(errno));
                if (n > 0)
                        filled += (size_t)n;
        }
        generator->left = EV_UUID_POOL_BYTES;
        return 0;
}

/* `size` random bytes, each handed out once; a rest that is too short is thrown away. A random part
 * that is used twice would make two ids of two processes alike, so the pool only ever shrinks. */
static int draw(struct ev_uuid_generator *generator, void *to, size_t size)
{
        int r;

        assert(size <= EV_UUID_POOL_BYTES);

        if (generator->left < size) {
                r = draw_pool(generator);
                if (r < 0)
                        return ev_trace(r);
        }
        memcpy(to, generator->pool + (EV_UUID_POOL_BYTES - generator->left), size);
        generator->left -= size;
        return 0;
}

/* Moves time and counter on so that the next id is greater than the last. A clock that goes back by
 * hours costs nothing but ids whose time is late by as much. */
static int advance(struct ev_uuid_generator *generator, int64_t now_ms)
{
        uint16_t start;
        int r;

        assert(generator->counter <= COUNTER_MAX);

        if (now_ms <= generator->last_ms && generator->counter < COUNTER_MAX) {
                ++generator->counter;
                return 0;
        }
        r = draw(generator, &start, sizeof(start));
        if (r < 0)
                return ev_trace(r);
        generator->last_ms = now_ms > generator->last_ms ? now_ms : generator->last_ms + 1;
        generator->counter = start & COUNTER_START_MASK;
        return 0;
}

/* The id is put together aside: a failure leaves *ret_uuid as it was. */
int ev_uuid_generate(struct ev_uuid_generator *generator, int64_t now_micros,
                     struct ev_uuid *ret_uuid)
{
        struct ev_uuid uuid;
        int r;

        assert(generator);
        assert(ret_uuid);
        assert(now_micros >= 0 && now_micros / EV_MICROS_PER_MS < MILLISECONDS_MAX);

        r = advance(generator, now_micros / EV_MICROS_PER_MS);
        if (r < 0)
                return ev_trace(r);
        r = draw(generator, uuid.bytes + EV_UUID_BYTES - RANDOM_TAIL_BYTES, RANDOM_TAIL_BYTES);
        if (r < 0)
                return ev_trace(r);
        for (int i = 0; i < 6; ++i)
                uuid.bytes[i] = (uint8_t)(generator->last_ms >> (40 - 8 * i));
        uuid.bytes[6] = (uint8_t)(VERSION_7 | generator->counter >> 8);
        uuid.bytes[7] = (uint8_t)generator->counter;
        uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | VARIANT);
        *ret_uuid = uuid;
        return 0;
}

/* One generator for the process, so that all its ids are in one order whoever asks. */
int ev_uuid_next(struct ev_uuid *ret_uuid)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        int64_t now = ev_clock_real_micros();

        assert(ret_uuid);

        pthread_once(&once, watch_forks);
        /* A machine whose clock stands before 1970 has other trouble; its ids still grow. */
        return ev_trace(ev_uuid_generate(&process_generator, now > 0 ? now : 0, ret_uuid));
}

/* 0 to 15, or -1. Not isxdigit(), which depends on the locale. */
static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* Whether a dash stands before byte i of an id. */
static bool dash_before(size_t i)
{
        return i == 4 || i == 6 || i == 8 || i == 10;
}

/* No braces, no "urn:uuid:", no missing dashes, which PostgreSQL would read: one id has one form
 * but for the case of its letters. */
bool ev_uuid_parse(struct ev_str text, struct ev_uuid *ret_uuid)
{
        struct ev_uuid uuid;
        const char *at = text.data;
        int high, low;

        assert(ret_uuid);

        if (text.size != EV_UUID_TEXT_SIZE)
                return false;
        for (size_t i = 0; i < EV_UUID_BYTES; ++i) {
                if (dash_before(i) && *at++ != '-')
                        return false;
                high = hex_value(*at++);
                low = hex_value(*at++);
                if (high < 0 || low < 0)
                        return false;
                uuid.bytes[i] = (uint8_t)(high << 4 | low);
        }
        *ret_uuid = uuid;
        return true;
}

size_t ev_uuid_format(const struct ev_uuid *uuid, char *buffer)
{
        static const char digits[] = "0123456789abcdef";
        char *at = buffer;

        assert(uuid);
        assert(buffer);

        for (size_t i = 0; i < EV_UUID_BYTES; ++i) {
                if (dash_before(i))
                        *at++ = '-';
                *at++ = digits[uuid->bytes[i] >> 4];
                *at++ = digits[uuid->bytes[i] & 0xf];
        }
        *at = '\0';
        assert(at - buffer == EV_UUID_TEXT_SIZE);
        return EV_UUID_TEXT_SIZE;
}

int ev_uuid_compare(const struct ev_uuid *a, const struct ev_uuid *b)
{
        assert(a && b);

        return memcmp(a->bytes, b->bytes, EV_UUID_BYTES);
}
