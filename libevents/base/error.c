/* The one error of a thread.
 *
 * It is thread-local storage and not a parameter: every function can fail, and a parameter that
 * nobody looks at until the top would stand in every signature. Nothing here allocates, so that
 * "out of memory" can be told too.
 *
 * A text is cut where it is too long and cleaned where it holds what a terminal obeys, because
 * parts of it come from records and servers. If the process dies, the log line that was written is
 * what is left of an error. */

#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* All zeros until the first failure, which is a valid error too: a reader may always look. */
static _Thread_local struct ev_error last;

/* A text may hold bytes that came from outside: an error is one line and cannot move a terminal's
 * cursor. Bytes from 0x80 on are UTF-8 and stay. */
static void make_one_line(char *text)
{
        assert(text);

        for (unsigned char *c = (unsigned char *)text; *c; ++c)
                if (*c < 0x20 || *c == 0x7f)
                        *c = '?';
}

bool ev_error_check(const struct ev_error *error)
{
        assert(error);

        return error->trail_count <= EV_ERROR_TRAIL_MAX &&
               memchr(error->text, '\0', sizeof(error->text)) &&
               memchr(error->topic, '\0', sizeof(error->topic)) &&
               memchr(error->sqlstate, '\0', sizeof(error->sqlstate));
}

/* Everything of the error before goes: coordinates of another record beside a new text would send
 * the reader to the wrong place. -1 stands for "no partition" and "no offset", since 0 is one. */
int ev_fail(enum ev_verdict verdict, const char *format, ...)
{
        char text[EV_ERROR_TEXT_MAX]; /* the old text may be among the arguments */
        va_list arguments;

        assert(verdict <= EV_VERDICT_RECORD);
        assert(format);

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        make_one_line(text);

        last = (struct ev_error){ .verdict = verdict, .partition = -1, .offset = -1 };
        memcpy(last.text, text, sizeof(text));
        assert(ev_error_check(&last));
        return EV_FAILED;
}

/* STOP and not RETRY: a machine that has no memory now is helped by a restart, with its memory
 * given back, and not by holding on to all of it and waiting. */
int ev_fail_memory(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_STOP, "out of memory for %s", what);
}

/* Verdict, codes and coordinates stay: the caller knows what was being done, the callee what went
 * wrong. What the two texts pass together is cut from the older one's end. */
int ev_fail_while(const char *format, ...)
{
        char text[EV_ERROR_TEXT_MAX];
        va_list arguments;
        size_t used;

        assert(format);

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        make_one_line(text);

        used = strlen(text);
        snprintf(text + used, sizeof(text) - used, ": %s", last.text);
        memcpy(last.text, text, sizeof(text));
        assert(ev_error_check(&last));
        return EV_FAILED;
}

const struct ev_error *ev_error_last(void)
{
        assert(ev_error_check(&last));

        return &last;
}

/* For whoever has to roll back, close or ask something before it can report: that may fail too and
 * must not become the reason that is told. */
void ev_error_restore(const struct ev_error *error)
{
        assert(error);
        assert(ev_error_check(error));

        last = *error;
}

/* Coordinates are set on the way up, so the first to set them stood nearest to the failure; who
 * comes later may only know which batch it was. */
void ev_error_set_record(const char *topic, int32_t partition, int64_t offset)
{
        assert(topic);

        if (last.topic[0])
                return;
        snprintf(last.topic, sizeof(last.topic), "%s", topic);
        last.partition = partition;
        last.offset = offset;
}

void ev_error_set_sqlstate(const char *sqlstate)
{
        assert(sqlstate);

        if (!last.sqlstate[0])
                snprintf(last.sqlstate, sizeof(last.sqlstate), "%s", sqlstate);
}

void ev_error_set_kafka(int kafka_code)
{
        if (!last.kafka_code)
                last.kafka_code = kafka_code;
}

const char *ev_verdict_name(enum ev_verdict verdict)
{
        static const char *const names[] = {
                [EV_VERDICT_STOP] = "stop",
                [EV_VERDICT_RETRY] = "retry",
                [EV_VERDICT_AGAIN] = "again",
                [EV_VERDICT_RECORD] = "record",
        };

        assert(verdict < EV_ARRAY_SIZE(names));
        return names[verdict];
}

/* Conditions (above 0) leave no trail: they are answers, not failures. */
void ev_trace_note(const char *place)
{
        assert(place);

        if (last.trail_count < EV_ERROR_TRAIL_MAX)
                last.trail[last.trail_count++] = place;
}
