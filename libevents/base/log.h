#ifndef EV_BASE_LOG_H
#define EV_BASE_LOG_H

/* The log: one line for each outcome, told where it is decided.
 *
 * A program has one table of the events it logs, from which its documentation comes too. A line is
 * logfmt or JSON; its first fields are always time, level, program and event:
 *
 *      time=2025-01-31T23:59:59.000000Z level=info program=order event=lane_taken partition=3
 *
 * Fields are typed and escaped: whatever bytes a value holds, a line stays one line and cannot move
 * a terminal's cursor or turn its writing direction. No secret comes here: a
 * struct ev_secret is no field's value. Not for several threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "base/macro.h"
#include "base/str.h"

enum {
        EV_LOG_EVENTS_MAX = 256,
        EV_LOG_LINE_MAX = 8192,  /* bytes; fields that do not fit are left out and counted */
        EV_LOG_VALUE_MAX = 1024, /* bytes of a value before escaping; the rest is cut off */
};

enum ev_log_level { EV_LOG_DEBUG, EV_LOG_INFO, EV_LOG_WARNING, EV_LOG_ERROR };

enum ev_log_format { EV_LOG_LOGFMT, EV_LOG_JSON };

/* A row of the program's table; its index is the event's number. */
struct ev_log_event {
        const char *name; /* snake_case */
        enum ev_log_level level;
        unsigned per_window_max; /* lines within window_ms; more are counted; 0: no limit */
        const char *help;        /* what happened and what a person may do about it */
};

/* log.level and log.format; the choices are in the order of the enums above. */
extern const struct ev_option_table ev_log_options;

struct ev_log_settings {
        const char *program; /* "order" */
        const struct ev_log_event *events;
        size_t events_count;
        enum ev_log_level level; /* what is below it is not written */
        enum ev_log_format format;
        int fd;            /* usually 2; not closed */
        int64_t window_ms; /* over which per_window_max counts; above 0 */
};

/* A named value of a line. Names are snake_case words in the source, never input. */
struct ev_log_field {
        const char *key;
        enum { EV_LOG_FIELD_TEXT, EV_LOG_FIELD_INTEGER, EV_LOG_FIELD_BOOLEAN } type;
        struct ev_str text; /* null: the field is left out */
        int64_t integer;
};

static inline struct ev_log_field ev_log_str(const char *key, struct ev_str text)
{
        return (struct ev_log_field){ key, EV_LOG_FIELD_TEXT, text, 0 };
}

static inline struct ev_log_field ev_log_text(const char *key, const char *text)
{
        return ev_log_str(key, ev_str_of(text));
}

static inline struct ev_log_field ev_log_int(const char *key, int64_t integer)
{
        return (struct ev_log_field){ key, EV_LOG_FIELD_INTEGER, EV_STR_NULL, integer };
}

static inline struct ev_log_field ev_log_bool(const char *key, bool is_true)
{
        return (struct ev_log_field){ key, EV_LOG_FIELD_BOOLEAN, EV_STR_NULL, is_true };
}

struct ev_log;

/* Borrows table and program name. Fails (verdict: stop) without memory; a line allocates nothing.
 * The caller owns *ret_log (ev_log_free). */
int ev_log_new(struct ev_log **ret_log, const struct ev_log_settings *settings) _must_check_;

/* Writes the counts of lines left out first. Accepts NULL; returns NULL. */
struct ev_log *ev_log_free(struct ev_log *log);
EV_DEFINE_CLEANUP(struct ev_log *, ev_log_free)

/* Writes a line with one field or more:
 * ev_log_line(log, LOG_LANE_TAKEN, ev_log_int("partition", 3)). */
#define ev_log_line(log, event, ...)                                               \
        ev_log_write((log), (event), (const struct ev_log_field[]){ __VA_ARGS__ }, \
                     EV_LOG_COUNT(__VA_ARGS__))
#define EV_LOG_COUNT(...) EV_ARRAY_SIZE(((const struct ev_log_field[]){ __VA_ARGS__ }))
void ev_log_write(struct ev_log *log, size_t event, const struct ev_log_field *fields,
                  size_t fields_count);

/* The same with the thread's error behind the fields: error, verdict, sqlstate, kafka_code, topic,
 * partition, offset (as far as they are set) and the trail. */
void ev_log_write_error(struct ev_log *log, size_t event, const struct ev_log_field *fields,
                        size_t fields_count);
#define ev_log_error(log, event, ...)                                                    \
        ev_log_write_error((log), (event), (const struct ev_log_field[]){ __VA_ARGS__ }, \
                           EV_LOG_COUNT(__VA_ARGS__))

/* Writes how many lines of an event were left out in a window that has ended. For the main loop,
 * now and then; a later line of the same event tells it too. */
void ev_log_flush(struct ev_log *log);

/* Lines that could not be written (a closed pipe, a full disk), for a metric. */
uint64_t ev_log_lost_lines(const struct ev_log *log);

/* The table as text for people: name, level, help. */
int ev_log_write_manual(const struct ev_log_event *events, size_t events_count,
                        struct ev_buffer *buffer) _must_check_;

#endif
