#ifndef EV_WIRE_CONTENT_H
#define EV_WIRE_CONTENT_H

/* What a request asks for, apart from its id: by it a repeat under a new id is recognised. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macro.h"
#include "wire/record.h"

enum { EV_NATURAL_KEY_MAX = 1024 }; /* bytes; a longer one is replaced by its hash */

/* Appends the content of a value in one form for all versions of its schema: for each field whose
 * value differs from its default, in the order of names, the name and the value, recursively. A
 * field that is added later with its default changes nothing. Names and texts stand behind their
 * length, numbers have eight bytes, so no two contents have the same form. */
int ev_content_write(const struct ev_record *record, const void *value,
                     struct ev_buffer *buffer) _must_check_;

/* Appends the natural key that the record's contract names, readable: its parts joined by '|', with
 * '\' before '|' and '\' in a part, and "\N" for a null one. Parts are strings or integers. */
int ev_natural_key_write(const struct ev_record *record, const void *value,
                         struct ev_buffer *buffer) _must_check_;

/* The first field of the contract's `subject` that is present, as text in the arena (a string as it
 * is, borrowed); null if none is. */
int ev_subject_of(const struct ev_record *record, const void *value, struct ev_arena *arena,
                  struct ev_str *ret_subject) _must_check_;

/* The contract's `key` field; null if it has none or the field is null. Borrows from the value. */
struct ev_str ev_key_of(const struct ev_record *record, const void *value);

#endif
