#ifndef EV_WIRE_FORM_H
#define EV_WIRE_FORM_H

/* The JSON form of events, one for reading and writing, for people and tools.
 *
 * Decimals are strings with all their places ("19.90"), instants RFC 3339 in UTC with microseconds,
 * enums their symbols, bytes base64 (RFC 4648 §4), optional fields null. Reading also takes an
 * absent field as null or as its default. A secret is written as "***" and cannot be read back. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/record.h"

/* Writes a value as an object, all fields in the order of the schema. The value must be one that
 * could be encoded. Failures are those of the writer. */
void ev_form_write(const struct ev_record *record, const void *value,
                   struct ev_json_writer *writer);

/* The same as a whole text at the end of a buffer. */
int ev_form_print(const struct ev_record *record, const void *value,
                  struct ev_buffer *buffer) _must_check_;

/* Reads an object into a struct in the arena; strings are copied into it. Fails (verdict: the
 * record's fault), naming the field, on a missing or unknown field and on a value of another form.
 * Limits of size are left to ev_avro_encode(). */
int ev_form_read(const struct ev_record *record, const struct ev_json *node, struct ev_arena *arena,
                 void **ret_value) _must_check_;

/* The same from a text. */
int ev_form_parse(const struct ev_record *record, struct ev_str text, struct ev_arena *arena,
                  void **ret_value) _must_check_;

#endif
