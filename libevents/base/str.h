#ifndef EV_BASE_STR_H
#define EV_BASE_STR_H

/* Slices: a pointer and a length, not NUL-terminated, borrowed from whoever owns the bytes.
 *
 * A slice with data NULL is *null* (an optional value that is absent), which is not the empty
 * string. Slices are passed by value. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ev_str {
        const char *data; /* UTF-8; NULL: null */
        size_t size;      /* bytes */
};

struct ev_bytes {
        const uint8_t *data; /* NULL: null */
        size_t size;
};

/* A slice of a string literal, and of literals in static tables. */
#define EV_STR(literal) ((struct ev_str){ "" literal, sizeof(literal) - 1 })
#define EV_STR_INIT(literal)                    \
        {                                       \
                "" literal, sizeof(literal) - 1 \
        }
#define EV_STR_NULL ((struct ev_str){ NULL, 0 })

/* For printf's "%.*s". A null slice prints nothing. */
#define EV_STR_ARG(str) (int)(str).size, (str).data ? (str).data : ""

/* The bytes of a NUL-terminated string, without the NUL; NULL gives null. Borrows. */
struct ev_str ev_str_of(const char *text);

static inline bool ev_str_is_null(struct ev_str str)
{
        return !str.data;
}

/* Same bytes; null equals null only. */
bool ev_str_equal(struct ev_str a, struct ev_str b);

/* Order by bytes, then by length: < 0, 0 or > 0; null comes before everything. For UTF-8 this is
 * the order of code points, and the order of PostgreSQL's collation "C". */
int ev_str_compare(struct ev_str a, struct ev_str b);

bool ev_str_starts_with(struct ev_str str, struct ev_str prefix);

/* 64-bit FNV-1a (draft-eastlake-fnv, public domain): for hash tables in memory, never for data
 * that an attacker must not predict and never stored. */
uint64_t ev_str_hash(struct ev_str str);

/* Whether the bytes are valid UTF-8 by RFC 3629 (no overlong forms, no surrogates, at most
 * U+10FFFF) without U+0000, which PostgreSQL's text cannot hold. Null and empty are valid. */
bool ev_str_is_text(struct ev_str str);

/* Code points of a text that is valid UTF-8: what PostgreSQL counts for varchar(n). */
size_t ev_str_characters(struct ev_str text);

/* The longest beginning of at most `size` bytes that does not cut a code point in two. */
struct ev_str ev_str_cut(struct ev_str text, size_t size);

/* Reads a whole slice as a decimal number without sign, spaces or leading "+": true and *ret_value
 * set, or false if it is none or passes 2^63-1. */
bool ev_str_to_int64(struct ev_str str, int64_t *ret_value);

/* Takes the next piece off the front of a text, up to a separator, which is dropped; null at the
 * end. */
struct ev_str ev_str_take(struct ev_str *text, char separator);

/* Copies into a buffer of `capacity` bytes, NUL-terminated; false (and an empty string) if it does
 * not fit or is null. */
bool ev_str_copy(struct ev_str str, char *buffer, size_t capacity);

#endif
