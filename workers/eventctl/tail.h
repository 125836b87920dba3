#ifndef EVENTCTL_TAIL_H
#define EVENTCTL_TAIL_H

/* Records as `tail` shows them. */

#include <stdbool.h>

#include "base/buffer.h"
#include "event_line.h"
#include "topic_list.h"
#include "wire/message.h"

/* A record, and what could be read of it. */
struct tail_record {
        const struct ev_message *message;
        struct event_line line;
        int refusal;        /* enum ev_refusal; 0: it was opened */
        const char *detail; /* of a refusal */
        bool shows_bytes;   /* of a refusal */
};

/* Opens a record; slices are of it and of the arena, which is emptied first. `detail` is valid
 * until the next failure. 0, also with a refusal, or EV_FAILED. */
int tail_open(const struct topic_list *list, const struct ev_message *message, bool shows_bytes,
              struct ev_arena *arena, struct tail_record *ret_record) _must_check_;

/* Whether a record that cannot be read may hold a secret, going by its topic and ce_type (null: it
 * has none): then its bytes are shown only to who asks for them. */
bool tail_may_hold_secret(const struct topic_list *list, const char *topic, struct ev_str type);

/* Appends one line without its end: JSON that `produce` takes, or the object of a record that could
 * not be read. */
int tail_write_json(const struct tail_record *record, struct ev_buffer *out) _must_check_;

/* Appends one line for people, in colours or without. Values of events cannot move the cursor. */
int tail_write_text(const struct tail_record *record, bool is_coloured,
                    struct ev_buffer *out) _must_check_;

/* Parts of such a line. "order.events" of quenty.order.events.v1, and the last word of a type;
 * others whole. Borrow. */
struct ev_str tail_short_topic(struct ev_str topic);
struct ev_str tail_short_type(struct ev_str type);

/* A stranger's text, made harmless; and the fields of a value as " name=value …". */
int tail_write_clean(struct ev_str text, struct ev_buffer *out) _must_check_;
int tail_write_fields(const struct event_line *line, struct ev_buffer *out) _must_check_;

#endif
