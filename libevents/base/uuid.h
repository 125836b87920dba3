#ifndef EV_BASE_UUID_H
#define EV_BASE_UUID_H

/* UUIDs of version 7 (RFC 9562 §5.7): ids of facts, which begin with their time, so that they sort
 * by it and an index on them grows at its end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

enum {
        EV_UUID_BYTES = 16,
        EV_UUID_TEXT_SIZE = 36, /* "01970a3e-8f6c-7abc-9def-0123456789ab" */
        EV_UUID_TEXT_MAX = 37,  /* bytes with the NUL */
        EV_UUID_POOL_BYTES = 4096,
};

struct ev_uuid {
        uint8_t bytes[EV_UUID_BYTES]; /* in network order, as PostgreSQL sends uuid */
};

/* Makes ids. Begins as all zeros. Not for several threads; a forked child must begin a new one,
 * because the random bytes drawn ahead would give parent and child the same ids. */
struct ev_uuid_generator {
        int64_t last_ms;  /* the time in the last id */
        unsigned counter; /* its rand_a */
        size_t left;      /* unused bytes at the end of pool */
        uint8_t pool[EV_UUID_POOL_BYTES];
};

/* An id that is greater than all before it of this generator, also when the clock stands still or
 * goes back: then the time of the last id is kept and a counter in rand_a goes on (RFC 9562 §6.2,
 * method 1), and when the counter is full, the time in the id runs ahead by a millisecond.
 * `now_micros` is the wall clock's instant (base/clock.h), from 1970 on. Fails (verdict: stop) only
 * if the kernel gives no random bytes. */
int ev_uuid_generate(struct ev_uuid_generator *generator, int64_t now_micros,
                     struct ev_uuid *ret_uuid) _must_check_;

/* The same with the one generator of the process and the present time. Right after a fork too. */
int ev_uuid_next(struct ev_uuid *ret_uuid) _must_check_;

/* Reads a whole slice of 8-4-4-4-12 hexadecimal digits of either case, of any version. */
bool ev_uuid_parse(struct ev_str text, struct ev_uuid *ret_uuid);

/* Writes lower-case digits, NUL-terminated, into EV_UUID_TEXT_MAX bytes; returns the length. */
size_t ev_uuid_format(const struct ev_uuid *uuid, char *buffer);

/* Order by bytes, which is PostgreSQL's order too: < 0, 0 or > 0. */
int ev_uuid_compare(const struct ev_uuid *a, const struct ev_uuid *b);

#endif
