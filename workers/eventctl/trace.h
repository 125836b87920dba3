#ifndef EVENTCTL_TRACE_H
#define EVENTCTL_TRACE_H

/* A story: events that belong together, what `trace` finds and how it is told. The facts of an
 * order, which are a part of its story, are what `order show` is made of. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/macro.h"
#include "base/str.h"
#include "command.h"
#include "database.h"
#include "event_line.h"

enum {
        TRACE_STEPS_MAX = 4000,
        TRACE_SUBJECT_MAX = 260, /* bytes of "MAN-" and an order number, with the NUL */
        TRACE_ORDER_DB = 1,      /* in database_names */
        TRACE_SHIPPING_DB = 2,
        TRACE_NONE = -1, /* no step: what has no cause that is known */
};

/* A time between two steps that is not known. */
#define TRACE_NO_TIME INT64_MIN

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
        int64_t sent_at;        /* the time of the record that was found on a topic; else 0 */
        bool is_looked_for;     /* on its topic */
        struct event_line line; /* of a fact; of others id, source, type, subject if known */
        struct ev_str reason, detail; /* of what lies aside */
        /* Its place in the tree, by trace_grow(). What lies aside hangs below the event that it is.
         */
        int32_t cause;               /* a step, or TRACE_NONE */
        int32_t first_effect, after; /* its first effect, and the next one of its cause */
        int32_t depth;               /* 0: it has no cause */
};

/* What a trace was asked for. */
enum trace_about {
        TRACE_ABOUT_ALL,   /* not known yet: nothing is left out */
        TRACE_ABOUT_ORDER, /* an order and its manifest */
        TRACE_ABOUT_EVENT, /* the tree that one event stands in */
};

extern const struct command_option trace_output_option; /* "-o mermaid" too */

struct trace {
        struct ev_str id; /* as it was asked for */
        enum trace_about about;
        struct ev_str order_number;          /* null: none, or not known */
        char manifest_id[TRACE_SUBJECT_MAX]; /* "": none */
        struct ev_arena *arena;
        int32_t partitions; /* of topics of facts */
        size_t count;
        struct trace_step steps[TRACE_STEPS_MAX]; /* in order of time, after trace_grow() */
        int32_t tree[TRACE_STEPS_MAX];            /* all of them, causes before effects */
        struct ev_result *order, *manifest; /* of the statements of these names; NULL: not asked */
        struct ev_db *sessions[DATABASES];  /* NULL: not asked, or it failed */
        char errors[DATABASES][EV_ERROR_TEXT_MAX]; /* of a database that did not answer */
        char kafka_error[EV_ERROR_TEXT_MAX];       /* why places on topics are not known */
};

/* Opens the databases that are configured; one that does not answer is noted in `errors`. Fails
 * without memory. */
int trace_open(struct trace *trace, const struct ev_config *config, const char *id) _must_check_;
void trace_done(struct trace *trace);
EV_DEFINE_CLEANUP(struct trace *, trace_done)

/* "MAN-…", the manifest that shipping makes of an order. False if the number is too long for one.
 */
bool trace_name_order(struct trace *trace, struct ev_str order_number);

/* Finds all that belongs to the story in all databases. */
void trace_find(struct trace *trace);

/* Finds the facts about the order and its manifest alone, in the order of (database, number). */
void trace_find_order(struct trace *trace);

/* Says, by what the first look for the id as an order's number and as an event's id has found,
 * which of them it is, and drops what is no part of that. The id of a manifest stands for its
 * order. */
void trace_classify(struct trace *trace);

/* Finds records on their topics, as far as Kafka is configured and answers. */
void trace_find_records(struct trace *trace, const struct ev_config *config);

/* Whether all databases that were asked have answered. */
bool trace_is_whole(const struct trace *trace);

/* Sorts the steps by time, cause before effect, then by number, and makes a tree of them. */
void trace_grow(struct trace *trace);

/* How long after its cause a step came: of a fact, from when its cause was recorded or taken to
 * when its own transaction began; of an event of another system, from when it was sent to when it
 * was taken. Below 0 where clocks differ; TRACE_NO_TIME: not known. */
int64_t trace_latency(const struct trace *trace, const struct trace_step *step);

/* How long a fact took to its topic, in ms exact; TRACE_NO_TIME where the record has not the time
 * of its log but, as by default, that of its transaction. */
int64_t trace_publishing(const struct trace_step *step);

/* The type of the event of another system whose outcome this fact is; NULL if it is not told. */
const struct ev_record *trace_cause_of(const struct event_line *outcome);

/* Whether a fact that belongs to the story of an order only by its cause is about another order or
 * manifest, and has caused nothing of the story. */
bool trace_is_of_another(const struct trace *trace, const struct event_line *fact);

/* A text field of the value; null if the record has none of that name. */
struct ev_str trace_text_field(const struct event_line *line, struct ev_str name);

/* The name of the kind, as JSON has it. */
const char *trace_kind_name(enum trace_kind kind);

int trace_write_json(const struct trace *trace, struct ev_buffer *out) _must_check_;
int trace_write_text(const struct trace *trace, bool is_coloured,
                     struct ev_buffer *out) _must_check_;
int trace_write_mermaid(const struct trace *trace, struct ev_buffer *out) _must_check_;

#endif
