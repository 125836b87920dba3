#ifndef EVENTCTL_EVENT_LINE_H
#define EVENTCTL_EVENT_LINE_H

/* An event as one object of JSON on one line, for `produce` and `tail`:
 *
 *      {"type":"quenty.order.OrderPlaced","key":"C-1","id":"…","source":"/shop","time":"…",
 *       "subject":"ORD-1","correlation":"…","data":{…}}
 *
 * `data` has the JSON form of wire/form.h. A line that `tail` wrote, with its topic, partition,
 * offset and timestamp, which are passed over, gives the bytes and headers again that it was made
 * of. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/macro.h"
#include "wire/envelope.h"
#include "wire/record.h"

struct event_line {
        struct ev_event event;          /* event.type may be null in what cannot be opened */
        const struct ev_record *record; /* of the version that wrote the value */
        uint32_t schema_id;
        const void *value; /* as the record says */
};

/* Where a record lies. */
struct event_place {
        const char *topic;
        int32_t partition;
        int64_t offset;
        int64_t timestamp_ms; /* since 1970; below 0: none */
};

/* What a line is read for. */
struct event_target {
        const char *topic;
        bool takes_its_own;     /* only types whose contract names this topic */
        struct ev_str source;   /* of events that do not say theirs */
        struct ev_arena *arena; /* everything that is made; the caller's to reset */
};

/* Reads a line, fills in what it leaves out (id, source, time; key and subject by the type's
 * contract), and makes the value with its frame in `bytes` (cleared before) and the headers in
 * `envelope`. What readers of the topic would not open is refused. Fails (verdict: the record's
 * fault), naming the member or field. */
int event_line_read(const struct event_target *target, struct ev_str text, struct ev_buffer *bytes,
                    struct ev_envelope *envelope, struct event_line *ret_line) _must_check_;

/* Opens a record: 0, or one of enum ev_refusal with the thread's error, or EV_FAILED. Slices are of
 * the record and of the arena. With a refusal only event.type, key and id are set, as far as the
 * headers had them. */
int event_line_open(const struct ev_header *headers, size_t count, struct ev_bytes key,
                    struct ev_bytes value, struct ev_arena *arena,
                    struct event_line *ret_line) _must_check_;

/* Writes the object of a record that was opened. Failures are those of the writer. */
void event_line_write(const struct event_place *place, const struct event_line *line,
                      struct ev_json_writer *writer);

#endif
