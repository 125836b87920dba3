#ifndef EVENTCTL_TYPES_H
#define EVENTCTL_TYPES_H

/* The types of events that this program knows, by their names and by the numbers of their schemas.
 */

#include "base/arena.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/avro.h"
#include "wire/record.h"

/* The newest version of a type, by its full name or by the last word of it. NULL, with an error,
 * when there is none, or when a short name stands for several, which the text then lists. */
const struct ev_record *types_find(struct ev_str name);

/* The newest version of exactly this full name; NULL, without an error, if it is unknown. */
const struct ev_record *types_newest(struct ev_str full_name);

/* Knows from here on what the folder schemas.dir has, too; NULL: there is none. Called once at most.
 * Fails (verdict: stop) with what is wrong in it. */
int types_read_folder(const char *folder) _must_check_;

/* The version of the build that has this number; NULL if it is unknown, and the error says so. */
const struct ev_registered *types_by_id(uint32_t id);

/* The version that a frame names; NULL if it is unknown, and the error says why. Borrowed until the
 * next call. */
const struct ev_registered *types_of_frame(const struct ev_frame *frame);

/* How values of that version are laid out: another than the newest has no generated struct, so its
 * layout is made of its schema, once, and kept as long as the process. Such a record has no
 * contract. Fails without memory. */
int types_record(const struct ev_registered *version,
                 const struct ev_record **ret_record) _must_check_;

#endif
