#ifndef EV_FLOW_HEADERS_H
#define EV_FLOW_HEADERS_H

/* Headers of a record, between Kafka and the column in which it is put aside (ev.headers()). */

#include <stdbool.h>

#include "flow/batch.h"

/* The headers of a record: those of its message, or those it was put aside with; slices of either,
 * in their order. 0; EV_OVER_LIMIT when there are more than are looked at, or when what was put
 * aside is not in the form of ev.headers(); or EV_FAILED without memory. */
int ev_item_headers(struct ev_arena *arena, const struct ev_item *item,
                    const struct ev_header **ret_headers, size_t *ret_count) _must_check_;

/* Of a record's key, headers and value, each: what is larger is not put aside. It is over the limit
 * of what is decided by far, and stands on its topic; a row of it would be more than a database
 * takes. */
enum { EV_ITEM_BYTES_MAX = 4 * 1024 * 1024 };

/* The record whole, as it is put aside: with all its headers, also those beyond the limit. Key and
 * value are borrowed from it, packed headers lie in the arena. Null is what is too large. */
int ev_item_raw(struct ev_arena *arena, const struct ev_item *item,
                struct ev_raw *ret_raw) _must_check_;

/* Takes the first header off headers in the form in which they are put aside; its slices are of
 * them. False at the end, or where they are not of that form. */
bool ev_headers_next(struct ev_bytes *headers, struct ev_header *ret_header);

#endif
