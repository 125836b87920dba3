#ifndef EV_BASE_JSON_H
#define EV_BASE_JSON_H

/* JSON in and out (RFC 8259): a bounded reader over jansson and a writer of our own.
 *
 * A parsed text is a tree of nodes that live as long as its root (ev_json_free). Nodes are read,
 * never changed. Members keep the order of the document. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"

enum {
        EV_JSON_DEPTH_MAX = 64,               /* objects and arrays in one another, in and out */
        EV_JSON_BYTES_MAX = 16 * 1024 * 1024, /* of a text that is parsed */
};

enum ev_json_type {
        EV_JSON_NULL,
        EV_JSON_BOOL,
        EV_JSON_INT,  /* a number without fraction and exponent, within int64_t */
        EV_JSON_REAL, /* any other number; its value cannot be asked for: we do no floating point */
        EV_JSON_STRING,
        EV_JSON_ARRAY,
        EV_JSON_OBJECT,
};

struct ev_json;

/* Parses one whole text of at most bytes_max bytes (≤ EV_JSON_BYTES_MAX), any value at the top.
 * Fails (verdict: the record's fault) with line and column on anything that is not JSON, on a
 * member named twice, U+0000, an integer beyond 64 bits, and on too many bytes or levels.
 * The caller owns *ret_root (ev_json_free). */
int ev_json_parse(struct ev_str text, size_t bytes_max, struct ev_json **ret_root) _must_check_;

/* For the root only. Accepts NULL; returns NULL. */
struct ev_json *ev_json_free(struct ev_json *root);
EV_DEFINE_CLEANUP(struct ev_json *, ev_json_free)

/* A node of NULL (a member that is absent) has type EV_JSON_NULL. */
enum ev_json_type ev_json_type(const struct ev_json *node);

/* "null", "bool", "int", "real", "string", "array" or "object": for messages. */
const char *ev_json_type_name(enum ev_json_type type);

/* The string's UTF-8 bytes, valid as long as the root; null if the node is no string. */
struct ev_str ev_json_string(const struct ev_json *node);

/* False, and *ret_value untouched, if the node has another type. */
bool ev_json_int(const struct ev_json *node, int64_t *ret_value);
bool ev_json_bool(const struct ev_json *node, bool *ret_value);

/* Items of an array or members of an object; 0 for everything else. */
size_t ev_json_count(const struct ev_json *node);

/* The item at `index` < ev_json_count() of an array. */
const struct ev_json *ev_json_item(const struct ev_json *array, size_t index);

/* The member of that name; NULL if there is none or the node is no object. */
const struct ev_json *ev_json_get(const struct ev_json *object, struct ev_str name);

/* The members of an object in the order of the document. Starts from all zeros; false at the end
 * and for what is no object. */
struct ev_json_member {
        struct ev_str name;
        const struct ev_json *value;
        void *position; /* of the iteration */
};
bool ev_json_next(const struct ev_json *object, struct ev_json_member *member);

/* Writes one JSON value into a buffer, without blanks. After a failed append all further calls do
 * nothing, and ev_json_writer_end() tells. Begins with EV_JSON_WRITER_INIT. */
struct ev_json_writer {
        struct ev_buffer *buffer; /* borrowed */
        int result;               /* of the first append that failed, else 0 */
        unsigned depth;
        bool wants_comma; /* the next value follows another one */
};

#define EV_JSON_WRITER_INIT(to) ((struct ev_json_writer){ .buffer = (to) })

void ev_json_object_begin(struct ev_json_writer *writer);
void ev_json_object_end(struct ev_json_writer *writer);
void ev_json_array_begin(struct ev_json_writer *writer);
void ev_json_array_end(struct ev_json_writer *writer);

/* Names the next value of an object. */
void ev_json_write_name(struct ev_json_writer *writer, struct ev_str name);

/* A null slice is written as null. Control characters are escaped; bytes that are not UTF-8 become
 * U+FFFD, so that the output is JSON whatever the input was. */
void ev_json_write_string(struct ev_json_writer *writer, struct ev_str value);
/* A string of base64 (RFC 4648 §4, padded); null bytes are written as null. */
void ev_json_write_bytes(struct ev_json_writer *writer, struct ev_bytes bytes);
void ev_json_write_int(struct ev_json_writer *writer, int64_t value);
void ev_json_write_bool(struct ev_json_writer *writer, bool value);
void ev_json_write_null(struct ev_json_writer *writer);

/* Whether everything was written; everything that was begun must have been ended. */
int ev_json_writer_end(struct ev_json_writer *writer) _must_check_;

#endif
