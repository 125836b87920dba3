/* Log lines.
 *
 * A line is put together in one fixed buffer and handed to the kernel in one write, so that lines
 * of several processes on one descriptor do not mix. Guarantees that a line is one line of valid
 * UTF-8 (and valid JSON, where that is the format) whatever the fields hold, and that what is left
 * out is counted. A line is written before the function returns: a dying process loses none. */

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum {
        TAIL_MAX = 64,   /* room kept for "left_out", the closing brace and the newline */
        ESCAPE_MAX = 6,  /* bytes of the longest escape, \uXXXX */
        HEAD_FIELDS = 4, /* time, level, program, event */
};

/* How often an event was logged in the present window. */
struct window {
        int64_t began_micros; /* monotonic */
        unsigned lines;       /* written; never above the event's per_window_max */
        unsigned suppressed;  /* left out, and not yet told by any line */
};

struct ev_log {
        struct ev_log_settings settings;
        struct window windows[EV_LOG_EVENTS_MAX]; /* by the event's number */
        uint64_t lost_lines;                      /* since the start */
        size_t size;                              /* of the line that is being put together */
        size_t fields;   /* in the line: whether the next one needs a comma */
        size_t left_out; /* fields for which the line had no room */
        char line[EV_LOG_LINE_MAX];
};

static const char *const level_names[] = {
        [EV_LOG_DEBUG] = "debug",
        [EV_LOG_INFO] = "info",
        [EV_LOG_WARNING] = "warning",
        [EV_LOG_ERROR] = "error",
};

static const struct ev_option log_options[] = {
        { .name = "log.level",
          .type = EV_OPTION_CHOICE,
          .fallback = "info",
          .choices = "debug|info|warning|error",
          .help = "The least level that is written." },
        { .name = "log.format",
          .type = EV_OPTION_CHOICE,
          .fallback = "logfmt",
          .choices = "logfmt|json",
          .help = "How a line on standard error is written. Both forms have the same fields." },
};

const struct ev_option_table ev_log_options = { "Logging", log_options,
                                                EV_ARRAY_SIZE(log_options) };

/* What can be relied on between two lines. */
static bool log_check(const struct ev_log *log)
{
        return log->size <= EV_LOG_LINE_MAX && log->settings.events_count <= EV_LOG_EVENTS_MAX &&
               log->settings.window_ms > 0;
}

/* Keys and event names need no escapes in either format. */
static bool is_name(const char *name)
{
        size_t size;

        assert(name);

        size = strlen(name);

        return size > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

/* All memory of the log is taken here, the line's too: what has to be told about a process that has
 * no memory left can still be told. */
int ev_log_new(struct ev_log **ret_log, const struct ev_log_settings *settings)
{
        struct ev_log *log;

        assert(ret_log);
        assert(settings && settings->program);
        for (size_t i = 0; i < settings->events_count; ++i)
                assert(is_name(settings->events[i].name) && settings->events[i].help);

        log = calloc(1, sizeof(*log));
        if (!log)
                return ev_fail_memory("the log");
        log->settings = *settings;
        assert(log_check(log));
        *ret_log = log;
        return 0;
}

uint64_t ev_log_lost_lines(const struct ev_log *log)
{
        assert(log);

        return log->lost_lines;
}

/* Appends bytes; false, and nothing appended, if only the tail's room is left. The tail has to fit
 * always: a JSON line without its brace would be no JSON. */
static bool put(struct ev_log *log, const char *data, size_t size)
{
        assert(log->size <= EV_LOG_LINE_MAX - TAIL_MAX);

        if (log->size + size > EV_LOG_LINE_MAX - TAIL_MAX)
                return false;
        memcpy(log->line + log->size, data, size);
        log->size += size;
        return true;
}

/* For keys, numbers and escapes: texts of ours, whose length nobody carries. */
static bool put_text(struct ev_log *log, const char *text)
{
        assert(text);

        return put(log, text, strlen(text));
}

/* Takes the next code point of a text and tells its value; a byte that begins none is U+FFFD. The
 * first byte only suggests a length: whether those bytes are one code point is for the one judge of
 * UTF-8 that we have, but for NUL, which is UTF-8 and which it refuses for PostgreSQL's sake. A
 * byte that is thrown out is one byte, never more: the start of the next code point must not go
 * with it. */
static uint32_t take_code_point(struct ev_str *text, size_t *ret_size)
{
        const unsigned char *c = (const unsigned char *)text->data;
        size_t size = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
        uint32_t code_point = size == 1 ? c[0] : c[0] & (0x7fu >> size);

        assert(text->size > 0);

        if (size > text->size || (c[0] && !ev_str_is_text((struct ev_str){ text->data, size }))) {
                size = 1;
                code_point = 0xfffd;
        }
        for (size_t i = 1; i < size; ++i)
                code_point = code_point << 6 | (c[i] & 0x3f);
        *text = (struct ev_str){ text->data + size, text->size - size };
        *ret_size = size;
        return code_point;
}

/* Controls of both sets, line separators, and what turns the direction of writing (Unicode's
 * Bidi_Control), with which a value could show a line that is not there. U+FFFD is among them so
 * that a reader sees the escape and not a sign that some terminals lack. */
static bool is_dangerous(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
               (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfffd;
}

/* Writes a text in double quotes; false if it does not fit, with a part of it written, which the
 * caller takes back. Uses the escapes of JSON (RFC 8259 §7), which logfmt's readers know too. */
static bool put_quoted(struct ev_log *log, struct ev_str text)
{
        const char *start;
        char escape[ESCAPE_MAX + 1];
        size_t size;
        uint32_t c;
        bool fits = put(log, "\"", 1);

        assert(text.data || text.size == 0);

        while (text.size > 0 && fits) {
                start = text.data;
                c = take_code_point(&text, &size);
                if (c == '"' || c == '\\')
                        snprintf(escape, sizeof(escape), "\\%c", (char)c);
                else if (c == '\n')
                        snprintf(escape, sizeof(escape), "\\n");
                else if (is_dangerous(c))
                        snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c & 0xffff);
                else
                        escape[0] = '\0';
                fits = escape[0] ? put_text(log, escape) : put(log, start, size);
        }
        return fits && put(log, "\"", 1);
}

/* Whether logfmt can show the text without quotes. */
static bool is_plain(struct ev_str text)
{
        assert(text.data || text.size == 0);

        for (size_t i = 0; i < text.size; ++i) {
                unsigned char c = (unsigned char)text.data[i];

                if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
                        return false;
        }
        return text.size > 0;
}

/* The text without what passes EV_LOG_VALUE_MAX, and without half a code point at the end. */
static struct ev_str cut(struct ev_str text)
{
        assert(text.data || text.size == 0);

        if (text.size <= EV_LOG_VALUE_MAX)
                return text;
        text.size = EV_LOG_VALUE_MAX;
        while (text.size > EV_LOG_VALUE_MAX - 3 &&
               ((unsigned char)text.data[text.size] & 0xc0) == 0x80)
                --text.size;
        return text;
}

/* Writes a value in the form of the format: JSON quotes every text, logfmt where it must. */
static bool put_value(struct ev_log *log, const struct ev_log_field *field)
{
        bool is_json = log->settings.format == EV_LOG_JSON;
        struct ev_str text = cut(field->text);
        char number[24];

        switch (field->type) {
        case EV_LOG_FIELD_INTEGER:
                snprintf(number, sizeof(number), "%lld", (long long)field->integer);
                return put_text(log, number);
        case EV_LOG_FIELD_BOOLEAN: return put_text(log, field->integer ? "true" : "false");
        case EV_LOG_FIELD_TEXT: break;
        default: assert(false);
        }
        return !is_json && is_plain(text) ? put(log, text.data, text.size) : put_quoted(log, text);
}

/* Appends one field, whole or not at all. Half a value could say the opposite of the whole one, so
 * a field that does not fit is taken back and counted; a shorter one behind it may still fit. */
static void put_field(struct ev_log *log, const struct ev_log_field *field)
{
        bool is_json = log->settings.format == EV_LOG_JSON;
        size_t size_before = log->size;
        bool fits = true;

        assert(is_name(field->key));

        if (field->type == EV_LOG_FIELD_TEXT && ev_str_is_null(field->text))
                return;
        if (log->fields > 0)
                fits = put_text(log, is_json ? "," : " ");
        if (is_json)
                fits = fits && put_text(log, "\"") && put_text(log, field->key) &&
                       put_text(log, "\":");
        else
                fits = fits && put_text(log, field->key) && put_text(log, "=");
        if (fits && put_value(log, field)) {
                ++log->fields;
                return;
        }
        log->size = size_before;
        ++log->left_out;
}

/* Empties the line and writes the fields that every line has. They come first and always fit, for
 * nothing else is in the line yet. */
static void begin_line(struct ev_log *log, const char *event, enum ev_log_level level)
{
        char now[EV_INSTANT_TEXT_MAX];
        struct ev_log_field head[HEAD_FIELDS];

        assert(level < EV_ARRAY_SIZE(level_names));

        ev_instant_format(ev_clock_real_micros(), now);
        head[0] = ev_log_text("time", now);
        head[1] = ev_log_text("level", level_names[level]);
        head[2] = ev_log_text("program", log->settings.program);
        head[3] = ev_log_text("event", event);

        log->size = log->fields = log->left_out = 0;
        if (log->settings.format == EV_LOG_JSON)
                (void)put_text(log, "{");
        for (size_t i = 0; i < HEAD_FIELDS; ++i)
                put_field(log, &head[i]);
}

/* Hands the line to the kernel. There is nobody to tell a failure but a counter; a part of a line
 * that was written is completed, so that the next line begins where it should. */
static void send_line(struct ev_log *log)
{
        size_t sent = 0;
        ssize_t n;

        assert(log_check(log));

        while (sent < log->size) {
                n = write(log->settings.fd, log->line + sent, log->size - sent);
                if (n > 0) {
                        sent += (size_t)n;
                } else if (n < 0 && errno != EINTR) {
                        ++log->lost_lines;
                        return;
                }
        }
}

/* Says how many fields were left out, closes the line and sends it. The tail's room was kept. */
static void end_line(struct ev_log *log)
{
        bool is_json = log->settings.format == EV_LOG_JSON;
        int size;

        assert(log->size + TAIL_MAX <= EV_LOG_LINE_MAX);

        if (log->left_out > 0) {
                size = snprintf(log->line + log->size, TAIL_MAX / 2,
                                is_json ? ",\"left_out\":%zu" : " left_out=%zu", log->left_out);
                log->size += (size_t)size;
        }
        if (is_json)
                log->line[log->size++] = '}';
        log->line[log->size++] = '\n';
        send_line(log);
}

/* Counts a line of the event. False if it is one too many; else the number left out before it in
 * windows that have ended, which the line tells. Each event has its own window: a flood of one must
 * not hide the first of another. Monotonic time, since a clock that is set back would keep a window
 * open. */
static bool pass_window(struct ev_log *log, size_t event, unsigned *ret_suppressed)
{
        struct window *window = &log->windows[event];
        int64_t now = ev_clock_monotonic_micros();
        unsigned max = log->settings.events[event].per_window_max;

        assert(event < log->settings.events_count);

        *ret_suppressed = 0;
        if (max == 0)
                return true;
        if (now - window->began_micros >= log->settings.window_ms * EV_MICROS_PER_MS) {
                *ret_suppressed = window->suppressed;
                *window = (struct window){ .began_micros = now };
        }
        if (window->lines == max) {
                ++window->suppressed;
                return false;
        }
        ++window->lines;
        return true;
}

/* The parts of an error that are set, in the order in which a reader needs them. */
static void put_error(struct ev_log *log, const struct ev_error *error)
{
        const struct {
                struct ev_log_field field;
                bool is_set;
        } parts[] = {
                { ev_log_text("error", error->text), true },
                { ev_log_text("verdict", ev_verdict_name(error->verdict)), true },
                { ev_log_text("sqlstate", error->sqlstate), error->sqlstate[0] != '\0' },
                { ev_log_int("kafka_code", error->kafka_code), error->kafka_code != 0 },
                { ev_log_text("topic", error->topic), error->topic[0] != '\0' },
                { ev_log_int("partition", error->partition), error->topic[0] != '\0' },
                { ev_log_int("offset", error->offset), error->topic[0] != '\0' },
        };
        char trail[EV_LOG_VALUE_MAX] = "";
        size_t used = 0;
        struct ev_log_field field;

        assert(ev_error_check(error));

        for (size_t i = 0; i < EV_ARRAY_SIZE(parts); ++i)
                if (parts[i].is_set)
                        put_field(log, &parts[i].field);
        for (size_t i = 0; i < error->trail_count && used < sizeof(trail); ++i)
                used += (size_t)snprintf(trail + used, sizeof(trail) - used, "%s%s",
                                         i > 0 ? " " : "", error->trail[i]);
        field = ev_log_text("trail", trail);
        if (used > 0)
                put_field(log, &field);
}

/* The way of every line: is it wanted, is it one too many, what is in it. */
static void write_line(struct ev_log *log, size_t event, const struct ev_log_field *fields,
                       size_t fields_count, const struct ev_error *error)
{
        const struct ev_log_event *row;
        struct ev_log_field suppressed_field;
        unsigned suppressed;

        assert(log && log_check(log));
        assert(event < log->settings.events_count);

        row = &log->settings.events[event];
        if (row->level < log->settings.level || !pass_window(log, event, &suppressed))
                return;
        begin_line(log, row->name, row->level);
        for (size_t i = 0; i < fields_count; ++i)
                put_field(log, &fields[i]);
        if (error)
                put_error(log, error);
        suppressed_field = ev_log_int("suppressed", suppressed);
        if (suppressed > 0)
                put_field(log, &suppressed_field);
        end_line(log);
}

void ev_log_write(struct ev_log *log, size_t event, const struct ev_log_field *fields,
                  size_t fields_count)
{
        assert(fields || fields_count == 0);

        write_line(log, event, fields, fields_count, NULL);
}

void ev_log_write_error(struct ev_log *log, size_t event, const struct ev_log_field *fields,
                        size_t fields_count)
{
        assert(fields || fields_count == 0);

        write_line(log, event, fields, fields_count, ev_error_last());
}

/* Tells what was left out of windows that began `age_micros` ago or earlier. */
static void flush_older(struct ev_log *log, int64_t age_micros)
{
        int64_t now = ev_clock_monotonic_micros();
        struct ev_log_field field;

        assert(log_check(log));

        for (size_t i = 0; i < log->settings.events_count; ++i) {
                struct window *window = &log->windows[i];

                if (window->suppressed == 0 || now - window->began_micros < age_micros)
                        continue;
                begin_line(log, log->settings.events[i].name, log->settings.events[i].level);
                field = ev_log_int("suppressed", window->suppressed);
                put_field(log, &field);
                end_line(log);
                *window = (struct window){ .began_micros = now };
        }
}

void ev_log_flush(struct ev_log *log)
{
        assert(log);

        flush_older(log, log->settings.window_ms * EV_MICROS_PER_MS);
}

struct ev_log *ev_log_free(struct ev_log *log)
{
        if (!log)
                return NULL;
        flush_older(log, 0);
        free(log);
        return NULL;
}

int ev_log_write_manual(const struct ev_log_event *events, size_t events_count,
                        struct ev_buffer *buffer)
{
        int r;

        assert(events || events_count == 0);
        assert(buffer);

        for (size_t i = 0; i < events_count; ++i) {
                r = ev_buffer_printf(buffer, "%s (%s)\n        %s\n", events[i].name,
                                     level_names[events[i].level], events[i].help);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}
