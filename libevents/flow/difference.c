/* Two records, compared byte by byte, and in words for a person.
 *
 * That they differ is known from their bytes alone; decoding only finds a better name for what does.
 * Pure: nothing is lost if the process dies here. */

#include "flow/difference.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "flow/schemas.h"
#include "wire/avro.h"
#include "wire/form.h"

enum { FORM_BYTES_MAX = 16 * 1024 * 1024 };

/* Kafka tells a null key or value from an empty one, and so does whoever reads it: a tombstone
 * is another record than one with no bytes. */
static bool is_same(struct ev_bytes a, struct ev_bytes b)
{
        assert((a.data || a.size == 0) && (b.data || b.size == 0));

        return !a.data == !b.data && a.size == b.size &&
               (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* One more part of the record that is not as it should be. Parts are listed and values are
 * not: they may be a person's, and the report is read by others than the topic is. */
static int add(struct ev_buffer *text, const char *what, struct ev_str name)
{
        assert(text && what);

        return ev_trace(ev_buffer_printf(text, "%s%s%.*s", text->size > 0 ? ", " : "", what,
                                         EV_STR_ARG(name)));
}

/* ---- Headers ---- */

/* The first of that name. Ours are written once each, so a second one is found by the number
 * of headers and not by name. */
static const struct ev_header *find_header(const struct ev_header *headers, size_t count,
                                           struct ev_str name)
{
        assert(headers || count == 0);

        for (size_t i = 0; i < count; ++i)
                if (ev_str_equal(headers[i].name, name))
                        return &headers[i];
        return NULL;
}

/* The order counts, too: a second publication has the same bytes, and headers are part of
 * them. Headers beyond what a message holds are counted only, which is enough: ours are fewer. */
static bool are_headers_same(const struct ev_message *found, const struct ev_outgoing *expected)
{
        assert(found->headers_count <= found->headers_total);

        if (found->headers_total != expected->headers_count)
                return false;
        for (size_t i = 0; i < expected->headers_count; ++i)
                if (!ev_str_equal(found->headers[i].name, expected->headers[i].name) ||
                    !is_same(found->headers[i].value, expected->headers[i].value))
                        return false;
        return true;
}

/* By name, in both directions; what has the same names and values stands in another order, or twice.
 */
static int add_headers(const struct ev_message *found, const struct ev_outgoing *expected,
                       struct ev_buffer *text)
{
        size_t before = text->size;
        int r = 0;

        assert(found && expected);

        for (size_t i = 0; r == 0 && i < expected->headers_count; ++i) {
                const struct ev_header *want = &expected->headers[i];
                const struct ev_header *have =
                        find_header(found->headers, found->headers_count, want->name);

                if (!have || !is_same(have->value, want->value))
                        r = add(text, "header ", want->name);
        }
        for (size_t i = 0; r == 0 && i < found->headers_count; ++i)
                if (!find_header(expected->headers, expected->headers_count,
                                 found->headers[i].name))
                        r = add(text, "header ", found->headers[i].name);
        if (r == 0 && text->size == before)
                r = add(text, "headers, by their order or number", EV_STR(""));
        return ev_trace(r);
}

/* ---- Values ---- */

/* The form that people read, as a tree; NULL if the bytes are no value of that schema. */
static struct ev_json *tree_of(const struct ev_registered *writer, struct ev_bytes payload,
                               struct ev_arena *arena)
{
        _cleanup_buffer_ struct ev_buffer form = EV_BUFFER_INIT(FORM_BYTES_MAX);
        struct ev_json *root = NULL;
        void *value;

        assert(writer->record);

        if (ev_avro_decode(writer->record, payload, arena, &value) != 0 ||
            ev_form_print(writer->record, value, &form) < 0 ||
            ev_json_parse(ev_buffer_str(&form), FORM_BYTES_MAX, &root) < 0)
                return NULL;
        return root;
}

static bool are_trees_same(const struct ev_json *a, const struct ev_json *b);

/* Objects of one schema have the same members, those that are null as well, so it is enough to go through
 * those of one side. */
static bool are_members_same(const struct ev_json *a, const struct ev_json *b)
{
        struct ev_json_member member = { 0 };

        assert(ev_json_type(a) == EV_JSON_OBJECT);

        while (ev_json_next(a, &member))
                if (!are_trees_same(member.value, ev_json_get(b, member.name)))
                        return false;
        return true;
}

/* A list is its items in their order; one that is longer is another list. */
static bool are_items_same(const struct ev_json *a, const struct ev_json *b)
{
        assert(ev_json_type(a) == EV_JSON_ARRAY);

        if (ev_json_count(a) != ev_json_count(b))
                return false;
        for (size_t i = 0; i < ev_json_count(a); ++i)
                if (!are_trees_same(ev_json_item(a, i), ev_json_item(b, i)))
                        return false;
        return true;
}

/* As deep as schemas are, which the decoder bounds. Decimals and instants are texts in this form, in one
 * spelling each, so texts are compared and nothing is rounded. */
static bool are_trees_same(const struct ev_json *a, const struct ev_json *b)
{
        enum ev_json_type type = ev_json_type(a);
        int64_t left = 0, right = 0;
        bool yes = false, also = false;

        assert(a);

        if (!b || ev_json_type(b) != type)
                return false;
        if (type == EV_JSON_OBJECT)
                return are_members_same(a, b);
        if (type == EV_JSON_ARRAY)
                return are_items_same(a, b);
        if (type == EV_JSON_STRING)
                return ev_str_equal(ev_json_string(a), ev_json_string(b));
        if (ev_json_int(a, &left))
                return ev_json_int(b, &right) && left == right;
        if (ev_json_bool(a, &yes))
                return ev_json_bool(b, &also) && yes == also;
        return true;
}

/* Names the fields at the top of the value. Which line of an order it is, a person sees when
 * he looks at both; that it is the lines and not the total is what he wants to know first. */
static int add_fields(const struct ev_json *found, const struct ev_json *expected,
                      struct ev_buffer *text)
{
        struct ev_json_member member = { 0 };
        const char *before = " (";
        int r = 0;

        assert(found && expected);

        while (r == 0 && ev_json_next(expected, &member)) {
                if (are_trees_same(member.value, ev_json_get(found, member.name)))
                        continue;
                r = ev_buffer_printf(text, "%s%.*s", before, EV_STR_ARG(member.name));
                before = ", ";
        }
        if (r == 0 && before[0] == ',')
                r = ev_buffer_printf(text, ")");
        return ev_trace(r);
}

/* Of two versions of a schema fields are not compared; nor is a secret, which its form hides:
 * that the value differs is told all the same. Bytes that cannot be decoded are no value of
 * the type, which is told, and by which of the two is not: whoever looks at both will see. */
static int add_value(struct ev_bytes found, struct ev_bytes expected, struct ev_arena *arena,
                     struct ev_buffer *text)
{
        _cleanup_(ev_json_free_p) struct ev_json *have = NULL, *want = NULL;
        const struct ev_registered *writer;
        struct ev_frame frames[2];
        int r = add(text, "value", EV_STR(""));

        assert(arena);

        if (r < 0 || ev_frame_parse(found, &frames[0]) || ev_frame_parse(expected, &frames[1]))
                return ev_trace(r);
        if (frames[0].has_fingerprint || frames[0].id != frames[1].id)
                return ev_trace(ev_buffer_printf(text, " (schema)"));
        writer = ev_schemas_find(NULL, &frames[0]);
        if (!writer || !writer->record)
                return 0;
        have = tree_of(writer, frames[0].payload, arena);
        want = tree_of(writer, frames[1].payload, arena);
        if (!have || !want)
                return ev_trace(ev_buffer_printf(text, " (no %.*s)", EV_STR_ARG(writer->name)));
        return ev_trace(add_fields(have, want, text));
}

/* Key, headers, value, timestamp: the order in which a person reads a record. All of them are
 * looked at, since one mistake often shows in two places (a time is header and timestamp). Where the topic
 * keeps the broker's time, the timestamp says nothing of the record. */
int ev_difference_find(const struct ev_message *found, const struct ev_outgoing *expected,
                       struct ev_arena *arena, struct ev_buffer *text)
{
        struct ev_bytes key = { (const uint8_t *)expected->key.data, expected->key.size };
        int r = 0;

        assert(found && text);

        ev_buffer_clear(text);
        if (!is_same(found->key, key))
                r = add(text, "key", EV_STR(""));
        if (r == 0 && !are_headers_same(found, expected))
                r = add_headers(found, expected, text);
        if (r == 0 && !is_same(found->value, expected->value))
                r = add_value(found->value, expected->value, arena, text);
        if (r == 0 && !found->is_appended_at && found->timestamp_ms != expected->timestamp_ms)
                r = add(text, "timestamp", EV_STR(""));
        if (r < 0)
                return ev_trace(r);
        return text->size > 0 ? EV_DIFFERENCE_FOUND : 0;
}
