/* How a record that lies aside is shown: where, why, what it says, and what persons did about it.
 * A stranger's text cannot move the cursor, and secrets are stars, as in `tail`. Nothing is changed.
 */

#include "aside.h"

#include <assert.h>
#include <inttypes.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "event_line.h"
#include "eventctl_sql.h"
#include "flow/headers.h"
#include "tail.h"
#include "wire/refusal.h"

enum {
        ARENA_BYTES = 256 * 1024 * 1024, /* 64 bytes for each of a value's (wire/avro.h) */
        OUT_BYTES_MAX = 512 * 1024 * 1024,
        HEADERS_MAX = EV_ENVELOPE_HEADERS_MAX,
        HEADER_VALUE_MAX = 96, /* bytes that people are shown */
        INTERVENTIONS_MAX = 100,
};

/* Columns of interventions.sql. */
enum { ACT_AT, ACT_ACTOR, ACT_CLIENT, ACT_ACTION, ACT_REASON, ACT_DETAIL };

/* What can be read of it. */
struct opened {
        struct event_line line;
        struct ev_header headers[HEADERS_MAX];
        size_t headers_count;
        int refusal;
        bool shows_bytes;
};

static int open_record(const struct aside_record *record, bool shows_bytes, struct ev_arena *arena,
                       struct opened *opened)
{
        static struct topic_list list; /* large */
        struct ev_bytes rest = record->headers;
        char topic[TOPIC_NAME_MAX];
        int r;

        assert(opened->headers_count == 0);

        while (opened->headers_count < HEADERS_MAX &&
               ev_headers_next(&rest, &opened->headers[opened->headers_count]))
                ++opened->headers_count;
        r = event_line_open(opened->headers, opened->headers_count, record->key, record->value,
                            arena, &opened->line);
        if (r < 0)
                return ev_trace(r);
        opened->refusal = r;
        topic_list_make(&list);
        opened->shows_bytes =
                shows_bytes || (ev_str_copy(record->topic, topic, sizeof(topic)) &&
                                !tail_may_hold_secret(&list, topic, opened->line.event.type));
        return 0;
}

static void name_instant(struct ev_json_writer *writer, const char *name, int64_t instant)
{
        char text[EV_INSTANT_TEXT_MAX];

        assert(name);

        output_name_text(writer, name, (struct ev_str){ text, ev_instant_format(instant, text) });
}

/* The event as `tail` prints it; of what cannot be read, why. Headers are bytes: which of them are
 * text is not known. */
static void write_record(struct ev_json_writer *writer, const struct aside_record *record,
                         const struct opened *opened)
{
        char topic[TOPIC_NAME_MAX] = "";
        const struct event_place place = { topic, record->partition, record->offset, -1 };

        assert(record->state);

        (void)ev_str_copy(record->topic, topic, sizeof(topic));
        ev_json_write_name(writer, EV_STR("headers"));
        ev_json_array_begin(writer);
        for (size_t i = 0; i < opened->headers_count; ++i) {
                ev_json_object_begin(writer);
                output_name_text(writer, "name", opened->headers[i].name);
                ev_json_write_name(writer, EV_STR("value"));
                ev_json_write_bytes(writer, opened->headers[i].value);
                ev_json_object_end(writer);
        }
        ev_json_array_end(writer);
        if (!opened->refusal) {
                ev_json_write_name(writer, EV_STR("event"));
                event_line_write(&place, &opened->line, writer);
                return;
        }
        output_name_text(writer, "refusal",
                         ev_str_of(ev_refusal_name((enum ev_refusal)opened->refusal)));
        output_name_text(writer, "refusal_detail", ev_str_of(ev_error_last()->text));
        if (!opened->shows_bytes)
                return;
        ev_json_write_name(writer, EV_STR("key_base64"));
        ev_json_write_bytes(writer, record->key);
        ev_json_write_name(writer, EV_STR("value_base64"));
        ev_json_write_bytes(writer, record->value);
}

static void write_interventions(struct ev_json_writer *writer, const struct ev_result *rows)
{
        assert(rows);

        ev_json_write_name(writer, EV_STR("interventions"));
        ev_json_array_begin(writer);
        for (size_t i = 0; i < ev_result_rows(rows); ++i) {
                ev_json_object_begin(writer);
                name_instant(writer, "at", ev_result_timestamptz(rows, i, ACT_AT));
                output_name_text(writer, "actor", ev_result_text(rows, i, ACT_ACTOR));
                output_name_text(writer, "client", ev_result_text(rows, i, ACT_CLIENT));
                output_name_text(writer, "action", ev_result_text(rows, i, ACT_ACTION));
                output_name_text(writer, "reason", ev_result_text(rows, i, ACT_REASON));
                output_name_text(writer, "detail", ev_result_text(rows, i, ACT_DETAIL));
                ev_json_object_end(writer);
        }
        ev_json_array_end(writer);
}

static int show_json(const struct aside *aside, const struct aside_record *record,
                     const struct opened *opened, const struct ev_result *acts,
                     struct ev_buffer *out)
{
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(out);
        int r;

        assert(acts);

        ev_json_object_begin(&writer);
        output_name_text(&writer, "database", ev_str_of(aside->database));
        if (record->seq > 0)
                output_name_int(&writer, "seq", record->seq);
        output_name_text(&writer, "group", record->group);
        output_name_text(&writer, "topic", record->topic);
        output_name_int(&writer, "partition", record->partition);
        output_name_int(&writer, "offset", record->offset);
        if (record->seq == 0)
                output_name_text(&writer, "aggregate", record->aggregate);
        output_name_text(&writer, "state", ev_str_of(record->state));
        output_name_text(&writer, "reason", record->reason);
        output_name_text(&writer, "detail", record->detail);
        name_instant(&writer, "since", record->since);
        write_record(&writer, record, opened);
        write_interventions(&writer, acts);
        ev_json_object_end(&writer);
        r = ev_json_writer_end(&writer);
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append(out, "\n", 1));
}

/* "  name: text", harmless on a terminal. */
static int put_line(struct ev_buffer *out, const char *name, struct ev_str text)
{
        int r = ev_buffer_printf(out, "  %s: ", name);

        assert(name);

        if (r == 0)
                r = tail_write_clean(text, out);
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append(out, "\n", 1));
}

static int put_headers(struct ev_buffer *out, const struct opened *opened)
{
        int r = 0;

        assert(opened->headers_count <= HEADERS_MAX);

        for (size_t i = 0; r == 0 && i < opened->headers_count; ++i) {
                const struct ev_header *header = &opened->headers[i];
                struct ev_str value = { (const char *)header->value.data, header->value.size };

                r = ev_buffer_printf(out, "    ");
                if (r == 0)
                        r = tail_write_clean(header->name, out);
                if (r == 0)
                        r = ev_buffer_printf(out, " = ");
                if (r == 0)
                        r = tail_write_clean(value.size > HEADER_VALUE_MAX
                                                     ? ev_str_cut(value, HEADER_VALUE_MAX)
                                                     : value,
                                             out);
                if (r == 0)
                        r = ev_buffer_append(out, "\n", 1);
        }
        return ev_trace(r);
}

static int put_event(struct ev_buffer *out, const struct opened *opened)
{
        struct ev_str type = opened->line.event.type;
        int r;

        assert(out);

        if (opened->refusal) {
                r = ev_buffer_printf(out, "  cannot be read: %s: ",
                                     ev_refusal_name((enum ev_refusal)opened->refusal));
                if (r == 0)
                        r = tail_write_clean(ev_str_of(ev_error_last()->text), out);
        } else {
                r = ev_buffer_printf(out, "  event: %.*s", EV_STR_ARG(tail_short_type(type)));
                if (r == 0)
                        r = tail_write_fields(&opened->line, out);
        }
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append(out, "\n", 1));
}

static int put_interventions(struct ev_buffer *out, const struct ev_result *rows)
{
        char text[EV_INSTANT_TEXT_MAX];
        int r = 0;

        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                ev_instant_format(ev_result_timestamptz(rows, i, ACT_AT), text);
                r = ev_buffer_printf(out, "  %s %.*s by %.*s (%.*s): ", text,
                                     EV_STR_ARG(ev_result_text(rows, i, ACT_ACTION)),
                                     EV_STR_ARG(ev_result_text(rows, i, ACT_ACTOR)),
                                     EV_STR_ARG(ev_result_text(rows, i, ACT_CLIENT)));
                if (r == 0)
                        r = tail_write_clean(ev_result_text(rows, i, ACT_REASON), out);
                if (r == 0)
                        r = ev_buffer_append(out, "\n", 1);
        }
        assert(r <= 0);
        return ev_trace(r);
}

static int show_text(const struct aside *aside, const struct aside_record *record,
                     const struct opened *opened, const struct ev_result *acts,
                     struct ev_buffer *out)
{
        char text[EV_INSTANT_TEXT_MAX];
        int r = ev_buffer_printf(out, "%s ", aside->database);

        assert(acts);

        ev_instant_format(record->since, text);
        if (r == 0 && record->seq > 0)
                r = ev_buffer_printf(out, "#%" PRId64 " ", record->seq);
        if (r == 0)
                r = ev_buffer_printf(out, "%.*s[%d]@%" PRId64 " of %.*s, %s since %s\n",
                                     EV_STR_ARG(record->topic), record->partition, record->offset,
                                     EV_STR_ARG(record->group), record->state, text);
        if (r == 0 && record->seq == 0)
                r = put_line(out, "aggregate", record->aggregate);
        if (r == 0)
                r = put_line(out, "reason", record->reason);
        if (r == 0)
                r = put_line(out, "detail", record->detail);
        if (r == 0)
                r = put_event(out, opened);
        if (r == 0)
                r = ev_buffer_printf(out, "  %zu bytes, %zu headers\n", record->value.size,
                                     opened->headers_count);
        if (r == 0)
                r = put_headers(out, opened);
        return r < 0 ? ev_trace(r) : ev_trace(put_interventions(out, acts));
}

static int load_interventions(struct aside *aside, const struct aside_record *record,
                              struct ev_result **ret_rows)
{
        struct ev_params *params = &aside->params;

        assert(ret_rows);

        ev_params_begin(params, &eventctl_sql_interventions);
        ev_params_text(params, record->group);
        ev_params_text(params, record->topic);
        ev_params_int4(params, record->partition);
        ev_params_int8(params, record->offset);
        ev_params_int4(params, INTERVENTIONS_MAX);
        return ev_trace(ev_db_run(aside->db, &eventctl_sql_interventions, params, ret_rows));
}

int aside_show(struct aside *aside, const struct aside_record *record, bool shows_bytes)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(OUT_BYTES_MAX);
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        _cleanup_result_ struct ev_result *acts = NULL;
        struct opened opened = { 0 };
        int r = load_interventions(aside, record, &acts);

        assert(record->headers.data || record->headers.size == 0);

        if (r == 0)
                r = ev_arena_new(&arena, ARENA_BYTES);
        if (r == 0)
                r = open_record(record, shows_bytes, arena, &opened);
        if (r == 0)
                r = aside->output.format == OUTPUT_JSON
                            ? show_json(aside, record, &opened, acts, &out)
                            : show_text(aside, record, &opened, acts, &out);
        if (r < 0)
                return ev_trace(r);
        return output_text(ev_buffer_str(&out)) ? 0 : ev_fail(EV_VERDICT_STOP, "no output");
}
