#ifndef EV_FLOW_CASE_H
#define EV_FLOW_CASE_H

/* One event of a batch, or one key of a timer, on its way through decide: what flow/worker.h
 * promises an author, inside. A batch has one struct ev_cases, and one struct ev_case after the
 * other. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/uuid.h"
#include "flow/worker.h"
#include "wire/envelope.h"

enum { EV_OUTCOMES_MAX = 16 };

/* A route with its contract's outcomes looked up. */
struct ev_routed {
        const struct ev_route *route;
        const struct ev_record *outcomes[EV_OUTCOMES_MAX];
        size_t outcome_count;
        const struct ev_record *refused;  /* NULL: it has none */
        const struct ev_record *repeated; /* NULL: it has none */
};

/* Looks up what a route's contract names. Fails (verdict: stop) for a name that is in no schema. */
int ev_routed_resolve(struct ev_routed *routed, const struct ev_route *route) _must_check_;

/* A fact of the batch, as the outbox wants it. Everything lies in the batch's arena. */
struct ev_announced {
        struct ev_announced *next;
        const struct ev_record *record;
        struct ev_uuid id;
        enum ev_outcome outcome; /* NONE: not the outcome of its cause */
        struct ev_str key, subject;
        struct ev_str correlation_id, causation_id, causation_source; /* null: none */
        struct ev_str traceparent, tracestate;                        /* null: none */
        struct ev_bytes payload;                                      /* unframed */
};

/* An accepted request that this one repeats. */
struct ev_first_request {
        struct ev_str event_id;
        struct ev_str outcome_event_id; /* as text */
        struct ev_str outcome_type;
};

/* What the cases of a batch share. */
struct ev_cases {
        const struct ev_worker *worker;
        struct ev_rows *rows;     /* the working set */
        struct ev_arena *arena;   /* of the batch */
        struct ev_buffer scratch; /* whoever needs one; nothing stays in it over a call */
        int64_t now; /* start of the transaction, µs since 1970: ce_time of its facts */
        struct ev_announced *first, *last; /* facts in the order of announcement */
        size_t count;
};

/* The caller fills in what stands before the outcome. */
struct ev_case {
        struct ev_cases *cases;                       /* borrowed, as are all pointers here */
        const struct ev_routed *routed;               /* NULL: a timer's */
        const struct ev_event *event;                 /* NULL: a timer's */
        const void *value;                            /* the decoded event; NULL: a timer's */
        struct ev_str correlation_id;                 /* of a timer's facts; null: their own ids */
        bool last_try;                                /* it must be decided now */
        const struct ev_first_request *first_request; /* NULL: no accepted one is known */
        const struct ev_announced *outcome;           /* NULL: not announced yet */
        size_t announced;                             /* facts of this case */
        bool is_ignored;                              /* by ev_ignore() */
        const char *reason;                           /* of waiting, parking, ignoring */
};

/* Runs the event's decide. 0, EV_WAITS, EV_PARKS, or EV_FAILED; the latter also when an ingress
 * event was decided without its outcome, which is a bug (verdict: stop). */
int ev_case_decide(struct ev_case *c) _must_check_;

/* Runs a timer's decide for one key. 0 or EV_FAILED. */
int ev_case_decide_due(struct ev_case *c, const struct ev_timer *timer,
                       struct ev_str key) _must_check_;

#endif
