/* JSON: jansson parses, we bound what it is given, look at its tree, and write by ourselves.
 *
 * jansson's own limit of nesting (2,048) is far above what anything here needs and its recursion
 * is on our stack, so the depth is counted before it sees the text. Writing is ours because values
 * go straight from structs into a buffer: building a tree first only to print it would cost an
 * allocation for each field. No state outlives a call but the tree that was asked for. */

#include "base/json.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"

enum { GROUP_BYTES = 3 }; /* of base64 */

/* A node is jansson's value under a name of ours: there is no second tree, and no header of ours
 * shows jansson's types. */
static const json_t *jansson_of(const struct ev_json *node)
{
        return (const json_t *)node;
}

static const struct ev_json *node_of(const json_t *value)
{
        return (const struct ev_json *)value;
}

/* Levels of brackets outside of strings. What is not JSON may give any number; it is refused by
 * the parser then. */
static unsigned depth_of(struct ev_str text)
{
        unsigned depth = 0, deepest = 0;
        bool in_string = false;

        assert(text.data || text.size == 0);

        for (size_t i = 0; i < text.size; ++i) {
                char c = text.data[i];

                if (in_string && c == '\\')
                        ++i;
                else if (c == '"')
                        in_string = !in_string;
                else if (!in_string && (c == '{' || c == '['))
                        deepest = ++depth > deepest ? depth : deepest;
                else if (!in_string && (c == '}' || c == ']') && depth > 0)
                        --depth;
        }
        return deepest;
}

/* Bounds first, cheapest first. Duplicate members are refused because readers differ in which of
 * the two they believe (RFC 8259 §4), which is how one text gets two meanings.
 *
 * Without JSON_ALLOW_NUL jansson refuses U+0000 in strings, and it refuses what is not UTF-8; an
 * integer beyond 64 bits is an error of its own, too. */
int ev_json_parse(struct ev_str text, size_t bytes_max, struct ev_json **ret_root)
{
        json_error_t error;
        json_t *root;

        assert(text.data || text.size == 0);
        assert(bytes_max <= EV_JSON_BYTES_MAX);
        assert(ret_root);

        if (text.size > bytes_max)
                return ev_fail(EV_VERDICT_RECORD, "a JSON text of %zu bytes; at most %zu are read",
                               text.size, bytes_max);
        if (depth_of(text) > EV_JSON_DEPTH_MAX)
                return ev_fail(EV_VERDICT_RECORD, "a JSON text of more than %d levels",
                               EV_JSON_DEPTH_MAX);
        root = json_loadb(text.data ? text.data : "", text.size,
                          JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        if (!root)
                return ev_fail(EV_VERDICT_RECORD, "not JSON at line %d, column %d: %s", error.line,
                               error.column, error.text);
        *ret_root = (struct ev_json *)root;
        return 0;
}

struct ev_json *ev_json_free(struct ev_json *root)
{
        if (root)
                json_decref((json_t *)root);
        return NULL;
}

/* True and false are two types to jansson and one to us. */
enum ev_json_type ev_json_type(const struct ev_json *node)
{
        if (!node)
                return EV_JSON_NULL;
        switch (json_typeof(jansson_of(node))) {
        case JSON_OBJECT: return EV_JSON_OBJECT;
        case JSON_ARRAY: return EV_JSON_ARRAY;
        case JSON_STRING: return EV_JSON_STRING;
        case JSON_INTEGER: return EV_JSON_INT;
        case JSON_REAL: return EV_JSON_REAL;
        case JSON_TRUE:
        case JSON_FALSE: return EV_JSON_BOOL;
        case JSON_NULL: break;
        }
        return EV_JSON_NULL;
}

const char *ev_json_type_name(enum ev_json_type type)
{
        static const char *const names[] = {
                [EV_JSON_NULL] = "null",     [EV_JSON_BOOL] = "bool",     [EV_JSON_INT] = "int",
                [EV_JSON_REAL] = "real",     [EV_JSON_STRING] = "string", [EV_JSON_ARRAY] = "array",
                [EV_JSON_OBJECT] = "object",
        };

        assert(type < EV_ARRAY_SIZE(names));
        return names[type];
}

/* Asking a node for what it is not gives null, false or 0 and no failure: readers of schemas and
 * settings ask for the type they want and say themselves what they miss. */
struct ev_str ev_json_string(const struct ev_json *node)
{
        if (ev_json_type(node) != EV_JSON_STRING)
                return EV_STR_NULL;
        return (struct ev_str){ json_string_value(jansson_of(node)),
                                json_string_length(jansson_of(node)) };
}

bool ev_json_int(const struct ev_json *node, int64_t *ret_value)
{
        assert(ret_value);

        if (ev_json_type(node) != EV_JSON_INT)
                return false;
        *ret_value = json_integer_value(jansson_of(node));
        return true;
}

bool ev_json_bool(const struct ev_json *node, bool *ret_value)
{
        assert(ret_value);

        if (ev_json_type(node) != EV_JSON_BOOL)
                return false;
        *ret_value = json_is_true(jansson_of(node));
        return true;
}

size_t ev_json_count(const struct ev_json *node)
{
        enum ev_json_type type = ev_json_type(node);

        assert(ev_json_type(node) <= EV_JSON_OBJECT);

        if (type == EV_JSON_ARRAY)
                return json_array_size(jansson_of(node));
        return type == EV_JSON_OBJECT ? json_object_size(jansson_of(node)) : 0;
}

const struct ev_json *ev_json_item(const struct ev_json *array, size_t index)
{
        assert(ev_json_type(array) == EV_JSON_ARRAY);
        assert(index < ev_json_count(array));

        return node_of(json_array_get(jansson_of(array), index));
}

/* jansson looks up by NUL-terminated names, and ours may be slices; objects here are small. */
const struct ev_json *ev_json_get(const struct ev_json *object, struct ev_str name)
{
        struct ev_json_member member = { 0 };

        assert(name.data);

        while (ev_json_next(object, &member))
                if (ev_str_equal(member.name, name))
                        return member.value;
        return NULL;
}

/* jansson 2.14 keeps the order in which members were inserted, which is the document's (its
 * hashtable is an ordered list since 2.8). Names hold no NUL, so their length may be measured. */
bool ev_json_next(const struct ev_json *object, struct ev_json_member *member)
{
        union {
                const struct ev_json *read_only;
                json_t *value; /* jansson's iterators want it so; they change nothing */
        } both = { .read_only = object };

        assert(member);

        if (ev_json_type(object) != EV_JSON_OBJECT)
                return false;
        member->position = member->position ? json_object_iter_next(both.value, member->position)
                                            : json_object_iter(both.value);
        if (!member->position)
                return false;
        member->name = ev_str_of(json_object_iter_key(member->position));
        member->value = node_of(json_object_iter_value(member->position));
        return true;
}

/* The first failure stays; what follows it is not written, so that the buffer ends where it was
 * still right. */
static void put(struct ev_json_writer *writer, const char *data, size_t size)
{
        assert(data || size == 0);
        assert(writer->buffer);

        if (writer->result == 0)
                writer->result = ev_buffer_append(writer->buffer, data, size);
}

/* Before a value: the comma that parts it from the one before. */
static void part(struct ev_json_writer *writer)
{
        assert(writer);

        if (writer->wants_comma)
                put(writer, ",", 1);
        writer->wants_comma = true;
}

/* Depth is ours to bound here: what is written has the shape of our structs, so too deep is a bug
 * and not an answer to anybody. */
static void begin(struct ev_json_writer *writer, const char *bracket)
{
        assert(writer->depth < EV_JSON_DEPTH_MAX);

        part(writer);
        put(writer, bracket, 1);
        ++writer->depth;
        writer->wants_comma = false;
}

/* Which bracket was opened is not remembered: the calls stand next to each other in the code, and a
 * tree that was closed wrongly is seen by the first test that parses it. */
static void end(struct ev_json_writer *writer, const char *bracket)
{
        assert(writer->depth > 0);

        put(writer, bracket, 1);
        --writer->depth;
        writer->wants_comma = true;
}

void ev_json_object_begin(struct ev_json_writer *writer)
{
        assert(writer);

        begin(writer, "{");
}

void ev_json_object_end(struct ev_json_writer *writer)
{
        assert(writer);

        end(writer, "}");
}

void ev_json_array_begin(struct ev_json_writer *writer)
{
        assert(writer);

        begin(writer, "[");
}

void ev_json_array_end(struct ev_json_writer *writer)
{
        assert(writer);

        end(writer, "]");
}

/* RFC 8259 §7 wants quotation mark, backslash and U+0000..U+001F escaped; DEL is added because the
 * output is also read on terminals. */
static void put_escape(struct ev_json_writer *writer, unsigned char c)
{
        static const char letters[] = {
                ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
        };
        static const char digits[] = "0123456789abcdef";
        char escape[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

        assert(writer);

        if (c == '"' || c == '\\')
                put(writer, (char[]){ '\\', (char)c }, 2);
        else if (c < sizeof(letters) && letters[c])
                put(writer, (char[]){ '\\', letters[c] }, 2);
        else if (c >= 0x80)
                put(writer, "\\ufffd", 6);
        else
                put(writer, escape, sizeof(escape));
}

/* Runs of bytes that need no escape are written in one piece. A text that is not UTF-8 loses all
 * its bytes from 0x80 on to U+FFFD, also the valid ones: whoever gets it has to see that something
 * was wrong with it. */
static void put_quoted(struct ev_json_writer *writer, struct ev_str value)
{
        bool all_text = ev_str_is_text(value);
        size_t from = 0;

        assert(value.data || value.size == 0);

        put(writer, "\"", 1);
        for (size_t i = 0; i < value.size; ++i) {
                unsigned char c = (unsigned char)value.data[i];

                if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && (c < 0x80 || all_text))
                        continue;
                put(writer, value.data + from, i - from);
                put_escape(writer, c);
                from = i + 1;
        }
        if (value.size > from)
                put(writer, value.data + from, value.size - from);
        put(writer, "\"", 1);
}

/* The value that follows belongs to this name, so no comma goes between them. */
void ev_json_write_name(struct ev_json_writer *writer, struct ev_str name)
{
        assert(writer);
        assert(name.data);
        assert(writer->depth > 0);

        part(writer);
        put_quoted(writer, name);
        put(writer, ":", 1);
        writer->wants_comma = false;
}

void ev_json_write_string(struct ev_json_writer *writer, struct ev_str value)
{
        assert(writer);

        if (ev_str_is_null(value)) {
                ev_json_write_null(writer);
                return;
        }
        part(writer);
        put_quoted(writer, value);
}

/* Group by group into the buffer, so that no size is too large; none of the digits is escaped. */
void ev_json_write_bytes(struct ev_json_writer *writer, struct ev_bytes bytes)
{
        char text[EV_BASE64_CHARS(GROUP_BYTES) + 1];

        assert(writer->buffer);

        if (!bytes.data) {
                ev_json_write_null(writer);
                return;
        }
        part(writer);
        put(writer, "\"", 1);
        for (size_t i = 0; i < bytes.size; i += GROUP_BYTES) {
                size_t left = bytes.size - i;

                put(writer, text,
                    ev_base64_encode(bytes.data + i, left < GROUP_BYTES ? left : GROUP_BYTES,
                                     text));
        }
        put(writer, "\"", 1);
}

void ev_json_write_int(struct ev_json_writer *writer, int64_t value)
{
        assert(writer->buffer);

        part(writer);
        if (writer->result == 0)
                writer->result = ev_buffer_printf(writer->buffer, "%lld", (long long)value);
}

void ev_json_write_bool(struct ev_json_writer *writer, bool value)
{
        assert(writer->buffer);

        part(writer);
        put(writer, value ? "true" : "false", value ? 4 : 5);
}

void ev_json_write_null(struct ev_json_writer *writer)
{
        assert(writer->buffer);

        part(writer);
        put(writer, "null", 4);
}

/* The one place where a full buffer is told, so that writers of thirty fields have one question to
 * ask and not thirty. The asserts catch what was begun and never ended, and nothing at all. */
int ev_json_writer_end(struct ev_json_writer *writer)
{
        assert(writer->depth == 0);
        assert(writer->wants_comma);

        return ev_trace(writer->result);
}
