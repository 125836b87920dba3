/* Events as lines of JSON, both ways, by one table of members, so that what is written can be read.
 *
 * A line that is read is judged by the same code that readers of the topic use
 * (ev_envelope_open()): what would become a dead letter is refused here, where somebody is there to
 * mend it. Pure: nothing is stored. */

#include "event_line.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/uuid.h"
#include "types.h"
#include "wire/avro.h"
#include "wire/content.h"
#include "wire/form.h"

/* Members that are texts of the envelope, in the order in which they are written. */
static const struct text_member {
        struct ev_str name;
        size_t offset; /* in struct ev_event */
} texts[] = {
        { EV_STR_INIT("id"), offsetof(struct ev_event, id) },
        { EV_STR_INIT("source"), offsetof(struct ev_event, source) },
        { EV_STR_INIT("subject"), offsetof(struct ev_event, subject) },
        { EV_STR_INIT("correlation"), offsetof(struct ev_event, correlation_id) },
        { EV_STR_INIT("causation"), offsetof(struct ev_event, causation_id) },
        { EV_STR_INIT("causation_source"), offsetof(struct ev_event, causation_source) },
        { EV_STR_INIT("traceparent"), offsetof(struct ev_event, traceparent) },
        { EV_STR_INIT("tracestate"), offsetof(struct ev_event, tracestate) },
};

/* The others; where a record lay says nothing about where it will lie. */
static const struct ev_str others[] = {
        EV_STR_INIT("type"),      EV_STR_INIT("schema"),   EV_STR_INIT("key"),
        EV_STR_INIT("time"),      EV_STR_INIT("sequence"), EV_STR_INIT("previous_sequence"),
        EV_STR_INIT("outcome"),   EV_STR_INIT("data"),     EV_STR_INIT("topic"),
        EV_STR_INIT("partition"), EV_STR_INIT("offset"),   EV_STR_INIT("timestamp"),
};

static const struct ev_str outcome_names[] = {
        [EV_OUTCOME_NONE] = EV_STR_INIT(""),
        [EV_OUTCOME_ACCEPTED] = EV_STR_INIT("accepted"),
        [EV_OUTCOME_REFUSED] = EV_STR_INIT("refused"),
        [EV_OUTCOME_REPEATED] = EV_STR_INIT("repeated"),
};

static struct ev_str *text_at(struct ev_event *event, const struct text_member *member)
{
        assert(member->offset < sizeof(*event));

        return (struct ev_str *)(void *)((char *)event + member->offset);
}

/* A misspelt member would silently lose what it says. */
static int check_members(const struct ev_json *root)
{
        struct ev_json_member member = { 0 };

        assert(ev_json_type(root) == EV_JSON_OBJECT);

        while (ev_json_next(root, &member)) {
                bool is_known = false;

                for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                        is_known = is_known || ev_str_equal(texts[i].name, member.name);
                for (size_t i = 0; i < EV_ARRAY_SIZE(others); ++i)
                        is_known = is_known || ev_str_equal(others[i], member.name);
                if (!is_known)
                        return ev_fail(EV_VERDICT_RECORD, "there is no member \"%.*s\"",
                                       EV_STR_ARG(member.name));
        }
        return 0;
}

/* A member that is absent or null gives null. The tree goes before the event, so texts are copied.
 */
static int read_text(const struct ev_json *root, struct ev_str name, struct ev_arena *arena,
                     struct ev_str *ret_text)
{
        const struct ev_json *node = ev_json_get(root, name);

        assert(ret_text);

        if (ev_json_type(node) == EV_JSON_NULL)
                return 0;
        if (ev_json_type(node) != EV_JSON_STRING)
                return ev_fail(EV_VERDICT_RECORD, "%.*s: not a string", EV_STR_ARG(name));
        return ev_trace(ev_arena_copy(arena, ev_json_string(node), ret_text));
}

static int read_number(const struct ev_json *root, struct ev_str name, int64_t *ret_number)
{
        const struct ev_json *node = ev_json_get(root, name);
        int64_t number = 0;

        assert(ret_number);

        if (ev_json_type(node) == EV_JSON_NULL)
                return 0;
        if (!ev_json_int(node, &number) || number <= 0)
                return ev_fail(EV_VERDICT_RECORD, "%.*s: not a whole number above 0",
                               EV_STR_ARG(name));
        *ret_number = number;
        return 0;
}

/* The type, and the version of its schema: the newest unless a number says otherwise. */
static int read_type(const struct event_target *target, const struct ev_json *root,
                     struct event_line *line)
{
        struct ev_str type = EV_STR_NULL;
        const struct ev_registered *version;
        const struct ev_record *newest;
        int64_t id = 0;
        int r = read_text(root, EV_STR("type"), target->arena, &type);

        if (r == 0)
                r = read_number(root, EV_STR("schema"), &id);
        if (r < 0)
                return ev_trace(r);
        if (ev_str_is_null(type))
                return ev_fail(EV_VERDICT_RECORD, "type: missing");
        newest = types_find(type);
        if (!newest)
                return ev_fail_while("type");
        version = types_by_id(id > 0 && id <= UINT32_MAX ? (uint32_t)id : newest->schema_id);
        if (!version || !ev_str_equal(version->name, newest->name))
                return ev_fail(EV_VERDICT_RECORD, "schema: %lld is no number of %.*s",
                               (long long)id, EV_STR_ARG(newest->name));
        if (target->takes_its_own &&
            !ev_str_equal(newest->contract->topic, ev_str_of(target->topic)))
                return ev_fail(EV_VERDICT_RECORD, "type: %.*s belongs on %.*s, not on %s",
                               EV_STR_ARG(newest->name), EV_STR_ARG(newest->contract->topic),
                               target->topic);
        line->event.type = newest->name;
        line->schema_id = version->id;
        return ev_trace(types_record(version, &line->record));
}

/* The value behind its frame. Of a superseded version the newest one's limits hold too. */
static int read_data(const struct event_target *target, const struct ev_json *root,
                     struct ev_buffer *bytes, struct event_line *line)
{
        uint8_t frame[EV_FRAME_ID_BYTES];
        void *value = NULL;
        int r = 0;

        assert(line->record && line->schema_id > 0);

        if (!ev_json_get(root, EV_STR("data")))
                return ev_fail(EV_VERDICT_RECORD, "data: missing");
        r = ev_form_read(line->record, ev_json_get(root, EV_STR("data")), target->arena, &value);
        if (r < 0)
                return ev_trace(r);
        ev_frame_write_id(line->schema_id, frame);
        ev_buffer_clear(bytes);
        r = ev_buffer_append(bytes, frame, sizeof(frame));
        if (r == 0)
                r = ev_avro_encode(line->record, value, bytes);
        line->value = value;
        return ev_trace(r);
}

/* The instant, and whether there is one: null says none, and silence says now. */
static int read_time(const struct ev_json *root, struct ev_event *event)
{
        const struct ev_json *node = ev_json_get(root, EV_STR("time"));

        assert(!event->has_time);

        if (node && ev_json_type(node) == EV_JSON_NULL)
                return 0;
        event->has_time = true;
        event->time = ev_clock_real_micros();
        if (node && (ev_json_type(node) != EV_JSON_STRING ||
                     !ev_instant_parse(ev_json_string(node), &event->time)))
                return ev_fail(EV_VERDICT_RECORD, "time: not an instant of RFC 3339");
        return 0;
}

static int read_outcome(const struct ev_json *root, struct ev_event *event)
{
        const struct ev_json *node = ev_json_get(root, EV_STR("outcome"));

        assert(event->outcome == EV_OUTCOME_NONE);

        if (ev_json_type(node) == EV_JSON_NULL)
                return 0;
        for (size_t i = EV_OUTCOME_ACCEPTED; i < EV_ARRAY_SIZE(outcome_names); ++i)
                if (ev_str_equal(ev_json_string(node), outcome_names[i])) {
                        event->outcome = (enum ev_outcome)i;
                        return 0;
                }
        return ev_fail(EV_VERDICT_RECORD, "outcome: not accepted, refused or repeated");
}

/* Key and subject as the contract names them; null that is written is meant as none. An event that
 * does not say its company has to be given its key: without it, its order would be lost unseen. */
static int fill_from_contract(const struct event_target *target, const struct ev_json *root,
                              struct event_line *line)
{
        const struct ev_contract *contract = line->record->contract;
        struct ev_event *event = &line->event;
        int r = 0;

        assert(line->value);

        if (!ev_json_get(root, EV_STR("subject")) && contract)
                r = ev_subject_of(line->record, line->value, target->arena, &event->subject);
        if (r < 0 || ev_json_get(root, EV_STR("key")))
                return ev_trace(r);
        if (!contract || !contract->key)
                return ev_fail(EV_VERDICT_RECORD,
                               "key: missing: %.*s does not say its company; give it, or null",
                               EV_STR_ARG(event->type));
        event->key = ev_key_of(line->record, line->value);
        if (ev_str_is_null(event->key))
                event->key = event->subject;
        return 0;
}

static int fill_defaults(const struct event_target *target, struct ev_event *event)
{
        char text[EV_UUID_TEXT_MAX];
        struct ev_uuid id;
        int r = 0;

        assert(target->source.size > 0);

        if (ev_str_is_null(event->source))
                event->source = target->source;
        if (!ev_str_is_null(event->id))
                return 0;
        r = ev_uuid_next(&id);
        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_arena_copy(target->arena,
                                      (struct ev_str){ text, ev_uuid_format(&id, text) },
                                      &event->id));
}

/* Everything but type and data. */
static int read_envelope(const struct event_target *target, const struct ev_json *root,
                         struct event_line *line)
{
        struct ev_event *event = &line->event;
        int r = 0;

        assert(line->record);

        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(texts); ++i)
                r = read_text(root, texts[i].name, target->arena, text_at(event, &texts[i]));
        if (r == 0)
                r = read_text(root, EV_STR("key"), target->arena, &event->key);
        if (r == 0)
                r = read_time(root, event);
        if (r == 0)
                r = read_number(root, EV_STR("sequence"), &event->sequence);
        if (r == 0)
                r = read_number(root, EV_STR("previous_sequence"), &event->previous_sequence);
        if (r == 0)
                r = read_outcome(root, event);
        if (r == 0)
                r = fill_from_contract(target, root, line);
        return r < 0 ? ev_trace(r) : ev_trace(fill_defaults(target, event));
}

/* By the rules of its readers. `seen` is thrown away: it would be the event again. */
static int check_opens(const struct event_line *line, struct ev_envelope *envelope,
                       struct ev_bytes value)
{
        enum ev_kind kind = line->record->contract ? line->record->contract->kind : EV_KIND_INGRESS;
        struct ev_bytes key = { (const uint8_t *)line->event.key.data, line->event.key.size };
        struct ev_event seen;

        assert(value.size > EV_FRAME_ID_BYTES);

        if (line->event.id.size == 0 || line->event.source.size == 0)
                return ev_fail(EV_VERDICT_RECORD, "id and source must not be empty");
        ev_envelope_seal(&line->event, envelope);
        if (ev_envelope_open(kind, envelope->headers, envelope->count, key, value, &seen) == 0)
                return 0;
        return ev_fail_while("readers would not take it");
}

int event_line_read(const struct event_target *target, struct ev_str text, struct ev_buffer *bytes,
                    struct ev_envelope *envelope, struct event_line *ret_line)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        struct event_line line = { 0 };
        int r = ev_json_parse(text, EV_JSON_BYTES_MAX, &root);

        assert(target->arena && target->topic);

        if (r < 0)
                return ev_trace(r);
        if (ev_json_type(root) != EV_JSON_OBJECT)
                return ev_fail(EV_VERDICT_RECORD, "not an object");
        r = check_members(root);
        if (r == 0)
                r = read_type(target, root, &line);
        if (r == 0)
                r = read_data(target, root, bytes, &line);
        if (r == 0)
                r = read_envelope(target, root, &line);
        if (r == 0)
                r = check_opens(&line, envelope, (struct ev_bytes){ bytes->data, bytes->size });
        if (r < 0)
                return ev_trace(r);
        *ret_line = line;
        return 0;
}

/* The first header of that name, if it is text; null if there is none. */
static struct ev_str text_of_header(const struct ev_header *headers, size_t count,
                                    struct ev_str name)
{
        assert(headers || count == 0);

        for (size_t i = 0; i < count; ++i) {
                struct ev_str text = { (const char *)headers[i].value.data, headers[i].value.size };

                if (ev_str_equal(headers[i].name, name) && ev_str_is_text(text))
                        return text;
        }
        return EV_STR_NULL;
}

/* The value by the version that wrote it. */
static int open_value(struct ev_arena *arena, struct event_line *line)
{
        const struct ev_frame *frame = &line->event.frame;
        const struct ev_registered *version = types_of_frame(frame);
        void *value = NULL;
        int r;

        assert(frame->payload.data || frame->payload.size == 0);

        if (!version)
                return EV_UNKNOWN_SCHEMA;
        if (!ev_str_equal(version->name, line->event.type)) {
                (void)ev_fail(EV_VERDICT_RECORD, "ce_type is %.*s, the value's schema is %.*s",
                              EV_STR_ARG(line->event.type), EV_STR_ARG(version->name));
                return EV_UNDECODABLE;
        }
        r = types_record(version, &line->record);
        if (r == 0)
                r = ev_avro_decode(line->record, frame->payload, arena, &value);
        line->schema_id = version->id;
        line->value = value;
        return ev_trace(r);
}

/* The kind is that of the type, wherever the record lies: a copy of a fact is still one. */
int event_line_open(const struct ev_header *headers, size_t count, struct ev_bytes key,
                    struct ev_bytes value, struct ev_arena *arena, struct event_line *ret_line)
{
        struct ev_str type = text_of_header(headers, count, EV_STR("ce_type"));
        const struct ev_record *newest = ev_str_is_null(type) ? NULL : types_newest(type);
        enum ev_kind kind = newest ? newest->contract->kind : EV_KIND_INGRESS;
        struct ev_str key_text = { (const char *)key.data, key.size };
        int r;

        assert(arena && ret_line);

        *ret_line = (struct event_line){ 0 };
        r = ev_envelope_open(kind, headers, count, key, value, &ret_line->event);
        if (r == 0)
                return ev_trace(open_value(arena, ret_line));
        ret_line->event.type = type;
        ret_line->event.id = text_of_header(headers, count, EV_STR("ce_id"));
        ret_line->event.key = ev_str_is_text(key_text) ? key_text : EV_STR_NULL;
        return r;
}

/* A member whose absence would be filled in is written as null; others are left out. */
static void write_text(struct ev_json_writer *writer, struct ev_str name, struct ev_str text,
                       bool is_needed)
{
        assert(name.size > 0);

        if (ev_str_is_null(text) && !is_needed)
                return;
        ev_json_write_name(writer, name);
        ev_json_write_string(writer, text);
}

static void write_instant(struct ev_json_writer *writer, struct ev_str name, bool has,
                          int64_t instant)
{
        char text[EV_INSTANT_TEXT_MAX];

        assert(name.size > 0);

        ev_json_write_name(writer, name);
        if (has && ev_instant_is_valid(instant))
                ev_json_write_string(writer,
                                     (struct ev_str){ text, ev_instant_format(instant, text) });
        else
                ev_json_write_null(writer);
}

static void write_number(struct ev_json_writer *writer, struct ev_str name, int64_t number)
{
        assert(number >= 0);

        if (number == 0)
                return;
        ev_json_write_name(writer, name);
        ev_json_write_int(writer, number);
}

/* Coordinates first, then what people look for, then the rest, the data last. */
void event_line_write(const struct event_place *place, const struct event_line *line,
                      struct ev_json_writer *writer)
{
        struct ev_event event = line->event;

        assert(line->record && line->value);

        ev_json_object_begin(writer);
        write_text(writer, EV_STR("topic"), ev_str_of(place->topic), true);
        ev_json_write_name(writer, EV_STR("partition"));
        ev_json_write_int(writer, place->partition);
        ev_json_write_name(writer, EV_STR("offset"));
        ev_json_write_int(writer, place->offset);
        write_instant(writer, EV_STR("timestamp"), place->timestamp_ms >= 0,
                      place->timestamp_ms * EV_MICROS_PER_MS);
        write_text(writer, EV_STR("type"), event.type, true);
        write_number(writer, EV_STR("schema"), line->schema_id);
        write_text(writer, EV_STR("key"), event.key, true);
        write_instant(writer, EV_STR("time"), event.has_time, event.time);
        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                write_text(writer, texts[i].name, *text_at(&event, &texts[i]),
                           ev_str_equal(texts[i].name, EV_STR("subject")));
        write_number(writer, EV_STR("sequence"), event.sequence);
        write_number(writer, EV_STR("previous_sequence"), event.previous_sequence);
        if (event.outcome != EV_OUTCOME_NONE)
                write_text(writer, EV_STR("outcome"), outcome_names[event.outcome], true);
        ev_json_write_name(writer, EV_STR("data"));
        ev_form_write(line->record, line->value, writer);
        ev_json_object_end(writer);
}
