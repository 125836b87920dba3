/* Schemas from outside in: a text becomes a tree in an arena of its own, or an error.
 *
 * Texts come from the build's own files and, at run time, from a folder that operators fill, so
 * they are bounded but not hostile: the bounds keep a mistake from costing more than an error.
 * This is the only file that knows avro-c, which is asked for nothing but its opinion.
 *
 * A tree is complete or does not exist: whatever fails, the arena is freed with all that was read.
 * If the process dies here, it was starting; nothing of ours has been changed. */

#include "wire/schema.h"

#include <assert.h>
#include <avro.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "wire/schema_parser.h"

enum { SCHEMA_MEMORY_MAX = 4 * 1024 * 1024 }; /* bytes of a tree: 16 for each of its text */

/* All memory of a schema is one arena, so that it is freed in one step, whatever state its reading
 * ended in. The list of definitions has its full size from the start, for it is needed while it
 * still grows. */
static int schema_new(struct ev_schema **ret_schema)
{
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
        int r;

        assert(ret_schema);

        schema = calloc(1, sizeof(*schema));
        if (!schema)
                return ev_fail_memory("a schema");
        r = ev_arena_new(&schema->arena, SCHEMA_MEMORY_MAX);
        if (r < 0)
                return ev_trace(r);
        schema->named = ev_arena_take_array(schema->arena, EV_SCHEMA_NAMED_MAX,
                                            sizeof(const struct ev_schema_named *));
        if (!schema->named)
                return ev_trace(EV_FAILED);
        *ret_schema = schema;
        schema = NULL;
        return 0;
}

/* Types first, then the contract, which names fields of the record by then. The JSON tree ends
 * here: what the schema keeps of it was copied. */
int ev_schema_parse(struct ev_str text, struct ev_schema **ret_schema)
{
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        struct ev_schema_parser parser = { .path = "" };
        int r;

        assert(ret_schema);

        r = ev_json_parse(text, EV_SCHEMA_BYTES_MAX, &root);
        if (r < 0)
                return ev_trace(r);
        r = schema_new(&schema);
        if (r < 0)
                return ev_trace(r);
        parser.schema = schema;
        r = ev_schema_parse_top(&parser, root);
        if (r < 0)
                return ev_trace(r);
        r = ev_schema_parse_contract(&parser, ev_json_get(root, EV_STR("quenty")));
        if (r < 0)
                return ev_trace(r);
        *ret_schema = schema;
        schema = NULL;
        return 0;
}

/* Everything but the struct itself lies in the arena. */
struct ev_schema *ev_schema_free(struct ev_schema *schema)
{
        if (!schema)
                return NULL;
        ev_arena_free(schema->arena);
        free(schema);
        return NULL;
}

/* A second opinion by another implementation: a schema that only our reader takes for valid would
 * be ours alone, and Avro's rules are what other readers go by. */
int ev_schema_validate(struct ev_str text)
{
        avro_schema_t schema = NULL;

        assert(text.data);

        if (avro_schema_from_json_length(text.data, text.size, &schema))
                return ev_fail(EV_VERDICT_RECORD, "avro-c finds the schema invalid: %s",
                               avro_strerror());
        avro_schema_decref(schema);
        return 0;
}

/* Schemas are written by people, who look for a field by its name and not by line and column. */
int ev_schema_refuse(const struct ev_schema_parser *parser, const char *format, ...)
{
        char text[EV_ERROR_TEXT_MAX];
        va_list arguments;

        assert(parser);
        assert(format);
        assert(parser->path_size < sizeof(parser->path));

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (parser->path_size == 0)
                return ev_fail(EV_VERDICT_RECORD, "schema: %s", text);
        return ev_fail(EV_VERDICT_RECORD, "schema, field %s: %s", parser->path, text);
}

/* All zeros, so that members that a schema does not mention are null, 0 and false. */
void *ev_schema_take(struct ev_schema_parser *parser, size_t count, size_t size)
{
        assert(size > 0);
        assert(parser->schema);

        return ev_arena_take_array(parser->schema->arena, count, size);
}

/* Copied, because the JSON tree is gone when the schema is used. */
int ev_schema_copy_string(struct ev_schema_parser *parser, const struct ev_json *node,
                          struct ev_str *ret_copy)
{
        assert(ret_copy);
        assert(parser->schema);

        return ev_trace(ev_arena_copy(parser->schema->arena, ev_json_string(node), ret_copy));
}

/* Absent and empty lists are the same here; who needs a list to be there asks for its count. */
int ev_schema_copy_strings(struct ev_schema_parser *parser, const struct ev_json *node,
                           const char *what, size_t max, const struct ev_str **ret_strings,
                           uint32_t *ret_count)
{
        size_t count = ev_json_count(node);
        struct ev_str *strings;
        int r;

        assert(ret_strings && ret_count);
        assert(max <= UINT32_MAX);

        if (node && ev_json_type(node) != EV_JSON_ARRAY)
                return ev_schema_refuse(parser, "%s must be a list of strings", what);
        if (count > max)
                return ev_schema_refuse(parser, "%zu %s; at most %zu are supported", count, what,
                                        max);
        strings = ev_schema_take(parser, count, sizeof(*strings));
        if (!strings)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < count; ++i) {
                if (ev_json_type(ev_json_item(node, i)) != EV_JSON_STRING)
                        return ev_schema_refuse(parser, "%s must be a list of strings", what);
                r = ev_schema_copy_string(parser, ev_json_item(node, i), &strings[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        *ret_strings = strings;
        *ret_count = (uint32_t)count;
        return 0;
}

/* Avro specification, "Names". ASCII alone, which is why a name can become a name in C as it is. */
bool ev_schema_is_name(struct ev_str name)
{
        assert(name.data || name.size == 0);

        for (size_t i = 0; i < name.size; ++i) {
                char c = name.data[i];
                bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

                if (!letter && (i == 0 || c < '0' || c > '9'))
                        return false;
        }
        return name.size > 0;
}

/* The end of the text closes a part like a dot does, hence the one step beyond it; an empty part,
 * as in "a..b", is no name. */
bool ev_schema_is_full_name(struct ev_str name)
{
        size_t from = 0;

        assert(name.data || name.size == 0);

        for (size_t i = 0; i <= name.size; ++i) {
                if (i < name.size && name.data[i] != '.')
                        continue;
                if (!ev_schema_is_name((struct ev_str){ name.data + from, i - from }))
                        return false;
                from = i + 1;
        }
        return name.size <= EV_SCHEMA_NAME_MAX;
}

/* Schemas are searched for these words as well as written with them, but for "timestamp" and
 * "decimal", which are for people: in a schema both are logical types. */
const char *ev_type_name(enum ev_type type)
{
        static const char *const names[] = {
                [EV_TYPE_BOOLEAN] = "boolean", [EV_TYPE_INT] = "int",
                [EV_TYPE_LONG] = "long",       [EV_TYPE_TIMESTAMP] = "timestamp",
                [EV_TYPE_DECIMAL] = "decimal", [EV_TYPE_STRING] = "string",
                [EV_TYPE_BYTES] = "bytes",     [EV_TYPE_ENUM] = "enum",
                [EV_TYPE_RECORD] = "record",   [EV_TYPE_ARRAY] = "array",
                [EV_TYPE_INT_AS_LONG] = "int",
        };

        assert(type < EV_ARRAY_SIZE(names));
        return names[type];
}

/* How many names come before that of a field. */
static uint32_t rank_of(const struct ev_schema_named *named, uint32_t place)
{
        uint32_t before = 0;

        assert(place < named->fields_count);

        for (uint32_t i = 0; i < named->fields_count; ++i)
                before += ev_str_compare(named->fields[i].name, named->fields[place].name) < 0;
        return before;
}

/* Asked at build time, and for the few versions that are met at run time; names differ. */
uint32_t ev_schema_field_by_name(const struct ev_schema_named *named, uint32_t rank)
{
        uint32_t place = 0;

        assert(named->type == EV_TYPE_RECORD && rank < named->fields_count);

        while (rank_of(named, place) != rank)
                ++place;
        return place;
}
