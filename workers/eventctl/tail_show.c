/* How records look. Everything but our own words is a stranger's text, so what could move a cursor,
 * change the order of reading or end a line becomes '?'.
 *
 * Pure: a record in, a line out. */

#include "tail.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "schemas/registry.h"
#include "types.h"
#include "wire/form.h"
#include "wire/refusal.h"

enum {
        FIELDS_MAX = 12, /* of the data, in text */
        VALUE_MAX = 48,  /* bytes of one of them */
        BYTES_MAX = 48,  /* of a value that cannot be read, in text */
        FORM_BYTES_MAX = 16 * 1024 * 1024,
        MS_TEXT_SIZE = 23, /* "2025-01-31T23:59:59.000" */
};

bool tail_may_hold_secret(const struct topic_list *list, const char *topic, struct ev_str type)
{
        const struct topic *found = topic_list_find(list, topic);
        const struct ev_record *record = ev_str_is_null(type) ? NULL : types_newest(type);

        assert(topic);

        if (!found)
                return !record || record->has_secret;
        /* Facts have none, and a relay leaves out of dead letters what may. */
        if (found->kind != TOPIC_INGRESS)
                return false;
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                record = schemas_registry[i].record;
                if (record && record->has_secret &&
                    ev_str_equal(record->contract->topic, ev_str_of(topic)))
                        return true;
        }
        return false;
}

/* A record with more headers than are looked at is over the limit, as it is for a worker. */
int tail_open(const struct topic_list *list, const struct ev_message *message, bool shows_bytes,
              struct ev_arena *arena, struct tail_record *ret_record)
{
        struct tail_record record = { .message = message };

        assert(message->value.data || message->value.size == 0);

        ev_arena_reset(arena);
        record.refusal = event_line_open(message->headers, message->headers_count, message->key,
                                         message->value, arena, &record.line);
        if (record.refusal == 0 && message->headers_total > message->headers_count) {
                (void)ev_fail(EV_VERDICT_RECORD, "%zu headers", message->headers_total);
                record.refusal = EV_OVER_LIMIT;
        }
        if (record.refusal < 0)
                return ev_trace(record.refusal);
        record.detail = ev_error_last()->text;
        record.shows_bytes =
                shows_bytes || !tail_may_hold_secret(list, message->topic, record.line.event.type);
        *ret_record = record;
        return 0;
}

/* All headers as bytes: which of them are text is not known. */
static void write_headers(const struct ev_message *message, struct ev_json_writer *writer)
{
        struct ev_header header;

        assert(message->headers_total >= message->headers_count);

        ev_json_write_name(writer, EV_STR("headers"));
        ev_json_array_begin(writer);
        for (size_t i = 0; ev_message_header(message, i, &header); ++i) {
                ev_json_object_begin(writer);
                ev_json_write_name(writer, EV_STR("name"));
                ev_json_write_string(writer, header.name);
                ev_json_write_name(writer, EV_STR("value"));
                ev_json_write_bytes(writer, header.value);
                ev_json_object_end(writer);
        }
        ev_json_array_end(writer);
}

/* The object of a record that could not be read. It has no member `data`, so `produce` does not
 * take it for an event. */
static void write_refused(const struct tail_record *record, struct ev_json_writer *writer)
{
        const struct ev_message *message = record->message;

        assert(record->refusal > 0);

        ev_json_object_begin(writer);
        ev_json_write_name(writer, EV_STR("topic"));
        ev_json_write_string(writer, ev_str_of(message->topic));
        ev_json_write_name(writer, EV_STR("partition"));
        ev_json_write_int(writer, message->partition);
        ev_json_write_name(writer, EV_STR("offset"));
        ev_json_write_int(writer, message->offset);
        ev_json_write_name(writer, EV_STR("refusal"));
        ev_json_write_string(writer, ev_str_of(ev_refusal_name((enum ev_refusal)record->refusal)));
        ev_json_write_name(writer, EV_STR("detail"));
        ev_json_write_string(writer, ev_str_of(record->detail));
        ev_json_write_name(writer, EV_STR("type"));
        ev_json_write_string(writer, record->line.event.type);
        ev_json_write_name(writer, EV_STR("value_bytes"));
        ev_json_write_int(writer, (int64_t)message->value.size);
        if (record->shows_bytes) {
                ev_json_write_name(writer, EV_STR("key_base64"));
                ev_json_write_bytes(writer, message->key);
                ev_json_write_name(writer, EV_STR("value_base64"));
                ev_json_write_bytes(writer, message->value);
                write_headers(message, writer);
        }
        ev_json_object_end(writer);
}

int tail_write_json(const struct tail_record *record, struct ev_buffer *out)
{
        const struct ev_message *message = record->message;
        const struct event_place place = { message->topic, message->partition, message->offset,
                                           message->timestamp_ms };
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(out);

        assert(message->topic);

        if (record->refusal)
                write_refused(record, &writer);
        else
                event_line_write(&place, &record->line, &writer);
        return ev_trace(ev_json_writer_end(&writer));
}

/* A letter that could do harm on a terminal: control characters of ASCII and of Latin-1 (C2 80 to
 * C2 9F), and marks and overrides of the direction of writing. Its bytes, or 0. */
static size_t harm_at(const unsigned char *at, size_t left)
{
        static const char *const marks[] = { "\u200e", "\u200f", "\u202a", "\u202b", "\u202c",
                                             "\u202d", "\u202e", "\u2066", "\u2067", "\u2068",
                                             "\u2069", "\u061c", "\u2028", "\u2029" };

        assert(left > 0);

        if (at[0] < 0x20 || at[0] == 0x7f)
                return 1;
        if (left > 1 && at[0] == 0xc2 && at[1] < 0xa0)
                return 2;
        for (size_t i = 0; i < EV_ARRAY_SIZE(marks); ++i)
                if (left >= strlen(marks[i]) && memcmp(at, marks[i], strlen(marks[i])) == 0)
                        return strlen(marks[i]);
        return 0;
}

/* At most `max` bytes of it, with "…" where it was cut. */
static int put(struct ev_buffer *out, struct ev_str text, size_t max)
{
        struct ev_str shown = text.size > max ? ev_str_cut(text, max) : text;
        int r = 0;

        assert(max > 0);

        for (size_t i = 0; r == 0 && i < shown.size;) {
                size_t harm = harm_at((const unsigned char *)shown.data + i, shown.size - i);

                r = ev_buffer_append(out, harm ? "?" : shown.data + i, 1);
                i += harm ? harm : 1;
        }
        if (r == 0 && shown.size < text.size)
                r = ev_buffer_append_str(out, EV_STR("…"));
        return ev_trace(r);
}

/* " name=value"; a text with blanks in quotes, a list as its length. */
static int put_field(struct ev_buffer *out, struct ev_str name, const struct ev_json *value)
{
        struct ev_str text = ev_json_string(value);
        bool has_blank = !ev_str_is_null(text) && memchr(text.data, ' ', text.size);
        int64_t number = 0;
        bool truth = false;
        int r = ev_buffer_printf(out, " %.*s=", EV_STR_ARG(name));

        assert(ev_json_type(value) != EV_JSON_NULL);

        if (r < 0)
                return ev_trace(r);
        if (ev_json_type(value) == EV_JSON_ARRAY)
                return ev_trace(ev_buffer_printf(out, "[%zu]", ev_json_count(value)));
        if (ev_json_type(value) == EV_JSON_OBJECT)
                return ev_trace(ev_buffer_append_str(out, EV_STR("{…}")));
        if (ev_json_int(value, &number))
                return ev_trace(ev_buffer_printf(out, "%" PRId64, number));
        if (ev_json_bool(value, &truth))
                return ev_trace(ev_buffer_printf(out, truth ? "true" : "false"));
        if (has_blank)
                r = ev_buffer_append_str(out, EV_STR("\""));
        if (r == 0)
                r = put(out, text, VALUE_MAX);
        if (r == 0 && has_blank)
                r = ev_buffer_append_str(out, EV_STR("\""));
        return ev_trace(r);
}

/* The fields in the order of the schema, which has the important ones first; not those that are
 * null, and not the subject again. They are taken from the JSON form, so that secrets are stars
 * here as well. */
int tail_write_fields(const struct event_line *line, struct ev_buffer *out)
{
        _cleanup_buffer_ struct ev_buffer form = EV_BUFFER_INIT(FORM_BYTES_MAX);
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        struct ev_json_member member = { 0 };
        int r = ev_form_print(line->record, line->value, &form);
        int shown = 0;

        assert(line->value);

        if (r == 0)
                r = ev_json_parse(ev_buffer_str(&form), EV_JSON_BYTES_MAX, &root);
        while (r == 0 && ev_json_next(root, &member)) {
                if (ev_json_type(member.value) == EV_JSON_NULL ||
                    ev_str_equal(ev_json_string(member.value), line->event.subject))
                        continue;
                if (shown++ == FIELDS_MAX)
                        return ev_trace(ev_buffer_append_str(out, EV_STR(" …")));
                r = put_field(out, member.name, member.value);
        }
        return ev_trace(r);
}

/* "order.events" of quenty.order.events.v1; others whole. */
struct ev_str tail_short_topic(struct ev_str topic)
{
        struct ev_str prefix = EV_STR("quenty."), suffix = EV_STR(".v1");

        assert(topic.data || topic.size == 0);

        if (!ev_str_starts_with(topic, prefix) || topic.size <= prefix.size + suffix.size ||
            memcmp(topic.data + topic.size - suffix.size, suffix.data, suffix.size) != 0)
                return topic;
        return (struct ev_str){ topic.data + prefix.size, topic.size - prefix.size - suffix.size };
}

struct ev_str tail_short_type(struct ev_str type)
{
        const char *dot = memrchr(type.data, '.', type.size);

        assert(type.size > 0);

        if (!dot)
                return type;
        return (struct ev_str){ dot + 1, type.size - (size_t)(dot + 1 - type.data) };
}

int tail_write_clean(struct ev_str text, struct ev_buffer *out)
{
        assert(text.data || text.size == 0);

        return ev_trace(put(out, text, EV_ERROR_TEXT_MAX));
}

/* The time at which it happened, else at which it was recorded; milliseconds are enough to read. */
static int put_time(struct ev_buffer *out, const struct tail_record *record)
{
        const struct ev_event *event = &record->line.event;
        int64_t recorded = record->message->timestamp_ms * EV_MICROS_PER_MS;
        bool has_time = !record->refusal && event->has_time;
        char text[EV_INSTANT_TEXT_MAX];

        assert(record->message);

        if (!has_time && (recorded < 0 || !ev_instant_is_valid(recorded)))
                return ev_trace(ev_buffer_printf(out, "%-*s", MS_TEXT_SIZE + 1, "-"));
        ev_instant_format(has_time ? event->time : recorded, text);
        return ev_trace(ev_buffer_printf(out, "%.*sZ", MS_TEXT_SIZE, text));
}

/* The beginning is enough to recognise a record by; -o json has the whole. */
static int put_refused(struct ev_buffer *out, const struct tail_record *record)
{
        struct ev_bytes value = record->message->value;
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(out);
        int r = ev_buffer_printf(out, "%s: ", ev_refusal_name((enum ev_refusal)record->refusal));

        assert(record->detail);

        if (r == 0)
                r = put(out, ev_str_of(record->detail), EV_ERROR_TEXT_MAX);
        if (r == 0)
                r = ev_buffer_printf(out, ", %zu bytes", value.size);
        if (r < 0 || !record->shows_bytes || !value.data)
                return ev_trace(r);
        r = ev_buffer_append_str(out, EV_STR(" "));
        if (value.size > BYTES_MAX)
                value.size = BYTES_MAX;
        ev_json_write_bytes(&writer, value);
        if (r == 0)
                r = ev_json_writer_end(&writer);
        if (r == 0 && record->message->value.size > BYTES_MAX)
                r = ev_buffer_append_str(out, EV_STR("…"));
        return ev_trace(r);
}

/* Type, subject and fields. What was refused is red, by the outcome that the fact itself says. */
static int put_event(struct ev_buffer *out, const struct event_line *line, bool is_coloured)
{
        bool is_refused = line->event.outcome == EV_OUTCOME_REFUSED;
        int r = ev_buffer_printf(out, "%s%.*s%s",
                                 !is_coloured ? ""
                                 : is_refused ? "\033[31m"
                                              : "\033[1m",
                                 EV_STR_ARG(tail_short_type(line->event.type)),
                                 is_coloured ? "\033[m" : "");

        assert(line->record);

        if (r == 0 && line->event.subject.size > 0)
                r = ev_buffer_append_str(out, EV_STR(" "));
        if (r == 0)
                r = put(out, line->event.subject, EV_ENVELOPE_TEXT_MAX);
        return r < 0 ? ev_trace(r) : ev_trace(tail_write_fields(line, out));
}

int tail_write_text(const struct tail_record *record, bool is_coloured, struct ev_buffer *out)
{
        const struct ev_message *message = record->message;
        int r = put_time(out, record);

        assert(message->topic);

        if (r == 0)
                r = ev_buffer_printf(out, " %s%.*s[%d]@%" PRId64 "%s ",
                                     is_coloured ? "\033[2m" : "",
                                     EV_STR_ARG(tail_short_topic(ev_str_of(message->topic))),
                                     message->partition, message->offset,
                                     is_coloured ? "\033[m" : "");
        if (r < 0)
                return ev_trace(r);
        if (!record->refusal)
                return ev_trace(put_event(out, &record->line, is_coloured));
        r = ev_buffer_printf(out, "%s", is_coloured ? "\033[31m" : "");
        if (r == 0)
                r = put_refused(out, record);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(out, "%s", is_coloured ? "\033[m" : ""));
}
