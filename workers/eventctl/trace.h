#ifndef EVENTCTL_TRACE_H
#define EVENTCTL_TRACE_H

/* The story of an order: what `trace` finds, and how it is told. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/macro.h"
#include "base/str.h"
#include "database.h"
#include "event_line.h"

enum {
        TRACE_STEPS_MAX = 4000,
        TRACE_SUBJECT_MAX = 260, /* bytes of "MAN-" and an order number, with the NUL */
};

enum trace_kind {
        TRACE_INGRESS, /* an event of another system, known by what it caused */
        TRACE_FACT,
        TRACE_PARKED, /* a record that lies aside, for a person, for its time, or for ever */
        TRACE_WAITING,
        TRACE_DEAD,
};

/* All texts lie in the arena of the trace; null where there are none. */
struct trace_step {
        enum trace_kind kind;
        const char *database;
        int64_t at;             /* an instant: the transaction's start */
        int64_t seq;            /* of a fact, in the outbox; else 0 */
        bool published;         /* of a fact */
        struct ev_str topic;    /* of an ingress event: its type's, null if that is not known */
        int32_t partition;      /* below 0: not known */
        int64_t offset;         /* of what lies aside or was found on its topic; else below 0 */
        int64_t sent_at;        /* of an ingress event that was found: its record's time; else 0 */
        struct event_line line; /* of a fact; of ingress id, source and, if known, type */
        struct ev_str reason, detail; /* of what lies aside */
};

struct trace {
        struct ev_str order_number;
        char manifest_id[TRACE_SUBJECT_MAX];
        struct ev_arena *arena;
        int32_t partitions; /* of topics of facts */
        size_t count;
        struct trace_step steps[TRACE_STEPS_MAX];
        struct ev_result *order, *manifest; /* of the statements of these names; NULL: not asked */
        bool is_asked[DATABASES];
        char errors[DATABASES][EV_ERROR_TEXT_MAX]; /* of a database that did not answer */
        char kafka_error[EV_ERROR_TEXT_MAX];       /* why places on topics are not known */
};

/* Sorts the steps: by time, cause before effect, then by number. */
void trace_sort(struct trace *trace);

/* Finds the records of events of other systems on their topics, as far as Kafka is configured and
 * answers. */
void trace_find_records(struct trace *trace, const struct ev_config *config);

/* The type of the event of another system whose outcome this fact is; NULL if it is not told. */
const struct ev_record *trace_cause_of(const struct event_line *outcome);

/* Whether a fact that belongs to the story only by its cause is about another order or manifest. */
bool trace_is_of_another(const struct trace *trace, const struct event_line *fact);

int trace_write_json(const struct trace *trace, struct ev_buffer *out) _must_check_;
int trace_write_text(const struct trace *trace, bool is_coloured,
                     struct ev_buffer *out) _must_check_;

#endif
