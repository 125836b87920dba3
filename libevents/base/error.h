#ifndef EV_BASE_ERROR_H
#define EV_BASE_ERROR_H

/* How failures travel.
 *
 * A function that can fail returns an int: 0 done; EV_FAILED a failure that is passed up unchanged
 * with `return ev_trace(r);`; above 0 a condition that its header names and its caller handles.
 * What happened, where, and what to do about it lies in the one `struct ev_error` of the thread
 * (a process has one thread of ours), written once by ev_fail() where the failure is seen first.
 * Output parameters (`ret_…`) are untouched on failure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

enum {
        EV_FAILED = -1,
        EV_ERROR_TEXT_MAX = 1024, /* bytes with the terminating NUL; longer texts are cut */
        EV_ERROR_TOPIC_MAX = 250, /* Kafka's own bound is 249 characters */
        EV_ERROR_TRAIL_MAX = 16,  /* places kept; further ones are not recorded */
};

/* What the caller at the top does about a failure. */
enum ev_verdict {
        EV_VERDICT_STOP,   /* a setting or a bug: a person has to act, the process ends */
        EV_VERDICT_RETRY,  /* trouble of a server: again with back-off, for as long as it takes */
        EV_VERDICT_AGAIN,  /* somebody else was first: again once, then as EV_VERDICT_RECORD */
        EV_VERDICT_RECORD, /* the record's own fault: found by bisection, then put aside */
};

struct ev_error {
        enum ev_verdict verdict;
        char sqlstate[6];               /* five characters and NUL; empty: not from SQL */
        int kafka_code;                 /* an rd_kafka_resp_err_t; 0: not from Kafka */
        char topic[EV_ERROR_TOPIC_MAX]; /* empty: no record is concerned */
        int32_t partition;
        int64_t offset;
        char text[EV_ERROR_TEXT_MAX];          /* one line: what, where, what to do; no secrets */
        const char *trail[EV_ERROR_TRAIL_MAX]; /* "file:line" of each ev_trace() on the way up */
        size_t trail_count;
};

/* Starts a new error of this thread (what stood there is gone) and returns EV_FAILED. The text is
 * made one line of printable characters: control characters become '?'. */
int ev_fail(enum ev_verdict verdict, const char *format, ...) _printf_(2, 3);

/* The same for memory that could not be had: `what` names it. */
int ev_fail_memory(const char *what);

/* Puts "<prefix>: " before the present text and returns EV_FAILED: what was being done. */
int ev_fail_while(const char *format, ...) _printf_(1, 2);

/* The present error of this thread; valid until the next ev_fail(). Never NULL. */
const struct ev_error *ev_error_last(void);

/* Puts an error back that was copied before something else could fail. */
void ev_error_restore(const struct ev_error *error);

/* Adds coordinates to the present error. Those already there stay: the deepest place knows best. */
void ev_error_set_record(const char *topic, int32_t partition, int64_t offset);
void ev_error_set_sqlstate(const char *sqlstate);
void ev_error_set_kafka(int kafka_code);

/* "stop", "retry", "again" or "record". */
const char *ev_verdict_name(enum ev_verdict verdict);

/* Passes r on; a failure leaves its place in the trail. */
#define ev_trace(r)                 ev_trace_at((r), __FILE__ ":" EV_LINE_TEXT(__LINE__))
#define EV_LINE_TEXT(line)          EV_LINE_TEXT_EXPANDED(line)
#define EV_LINE_TEXT_EXPANDED(line) #line

/* Notes a place in the trail, if there is room. */
void ev_trace_note(const char *place);

/* Inline, so that a compiler sees that the result is r and that outputs are set where it is 0. */
static inline int ev_trace_at(int r, const char *place)
{
        if (r < 0)
                ev_trace_note(place);
        return r;
}

/* Checks what can be relied on about the present error; for asserts. */
bool ev_error_check(const struct ev_error *error);

#endif
