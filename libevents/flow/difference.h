#ifndef EV_FLOW_DIFFERENCE_H
#define EV_FLOW_DIFFERENCE_H

/* What differs between a record that was read and the one that it should be. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macro.h"
#include "wire/message.h"
#include "wire/producer.h"

/* Compares key, value, headers in their order and timestamp, byte by byte. 0: they are the same;
 * EV_DIFFERENCE_FOUND, and `text` (cleared before) names what differs: "key, header ce_subject, value
 * (total_amount)". Fields are named where both values can be decoded by a schema of the build; no
 * value is shown. `arena` is for the decoding and the caller's to reset. Fails without memory. */
enum { EV_DIFFERENCE_FOUND = 1 };
int ev_difference_find(const struct ev_message *found, const struct ev_outgoing *expected,
                       struct ev_arena *arena, struct ev_buffer *text) _must_check_;

#endif
