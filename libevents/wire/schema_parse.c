/* JSON into the tree of a schema (Avro specification, "Schema Declaration").
 *
 * Named types are found in the order of the text, so that a reference always names something that
 * stands before it; a name that is still being read is recursion and refused. With that the depth
 * of values is known beforehand, and everything that walks them may recurse.
 *
 * What Avro allows and we do not read is refused here with its path, at the build or at a program's
 * start, and never met at a value. If the process dies here, nothing was changed.
 *
 * A type in JSON is one of these, and nothing else:
 *
 *       "int"                                          a primitive, or the name of what was defined
 *       {"type": "long", "logicalType": …}             a primitive in its long form
 *       {"type": "record", "name": …, "fields": […]}   a definition
 *       {"type": "enum", "name": …, "symbols": […]}    a definition
 *       {"type": "array", "items": T}
 *       ["null", T]                                    an optional value */

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "wire/schema_parser.h"

static int parse_type(struct ev_schema_parser *parser, const struct ev_json *node,
                      struct ev_str name_space, struct ev_schema_type *ret_type);

/* The namespace of a full name; empty where it has none. */
static struct ev_str name_space_of(struct ev_str full_name)
{
        const char *dot = memrchr(full_name.data, '.', full_name.size);

        assert(full_name.data);
        return (struct ev_str){ full_name.data, dot ? (size_t)(dot - full_name.data) : 0 };
}

/* A name with a dot is full already; any other lies in the namespace around it. Avro specification,
 * "Names". The empty namespace is the one without a name. */
static int make_full_name(struct ev_schema_parser *parser, struct ev_str name,
                          struct ev_str name_space, struct ev_str *ret_name)
{
        size_t size = name.size + name_space.size + 1;
        char *text;

        assert(ret_name);
        assert(name.data);

        /* Then nothing is put in front. */
        if (memchr(name.data, '.', name.size) || name_space.size == 0) {
                size = name.size;
                name_space.size = 0;
        }
        text = ev_schema_take(parser, size + 1, 1);
        if (!text)
                return ev_trace(EV_FAILED);
        if (name_space.size > 0) {
                memcpy(text, name_space.data, name_space.size);
                text[name_space.size] = '.';
        }
        memcpy(text + size - name.size, name.data, name.size);
        *ret_name = (struct ev_str){ text, size };
        if (!ev_schema_is_full_name(*ret_name))
                return ev_schema_refuse(parser, "\"%.*s\" is no valid name", EV_STR_ARG(*ret_name));
        return 0;
}

/* A schema has a few dozen names at most: a walk is enough. The bound on their number keeps the
 * square of it small. */
static const struct ev_schema_named *find_named(const struct ev_schema *schema, struct ev_str name)
{
        assert(schema->named_count <= EV_SCHEMA_NAMED_MAX);

        for (uint32_t i = 0; i < schema->named_count; ++i)
                if (ev_str_equal(schema->named[i]->name, name))
                        return schema->named[i];
        return NULL;
}

/* Aliases of a named type are full names, in its own namespace unless they say another; those of
 * a field have no namespace. */
static int parse_aliases(struct ev_schema_parser *parser, const struct ev_json *node,
                         const struct ev_str *name_space, const struct ev_str **ret_aliases,
                         uint32_t *ret_count)
{
        struct ev_str *full;
        int r;

        assert(ret_aliases && ret_count);

        r = ev_schema_copy_strings(parser, ev_json_get(node, EV_STR("aliases")), "aliases",
                                   EV_SCHEMA_ALIASES_MAX, ret_aliases, ret_count);
        if (r < 0)
                return ev_trace(r);
        full = ev_schema_take(parser, *ret_count, sizeof(*full));
        if (!full)
                return ev_trace(EV_FAILED);
        for (uint32_t i = 0; i < *ret_count; ++i) {
                r = make_full_name(parser, (*ret_aliases)[i], name_space ? *name_space : EV_STR(""),
                                   &full[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        *ret_aliases = full;
        return 0;
}

/* Begins a record or an enum: its name, known from here on. A definition with a namespace of its
 * own takes its fields and aliases along into it. */
static int define(struct ev_schema_parser *parser, const struct ev_json *node, enum ev_type type,
                  struct ev_str name_space, struct ev_schema_named **ret_named)
{
        struct ev_schema *schema = parser->schema;
        struct ev_str own_space = ev_json_string(ev_json_get(node, EV_STR("namespace")));
        struct ev_str name = ev_json_string(ev_json_get(node, EV_STR("name")));
        struct ev_schema_named *named;
        int r;

        assert(ret_named);
        assert(type == EV_TYPE_RECORD || type == EV_TYPE_ENUM);

        if (ev_str_is_null(name))
                return ev_schema_refuse(parser, "a %s without a name", ev_type_name(type));
        if (schema->named_count == EV_SCHEMA_NAMED_MAX)
                return ev_schema_refuse(parser, "more than %d named types", EV_SCHEMA_NAMED_MAX);
        named = ev_schema_take(parser, 1, sizeof(*named));
        if (!named)
                return ev_trace(EV_FAILED);
        named->type = type;
        named->default_symbol = -1;
        named->index = schema->named_count;
        r = make_full_name(parser, name, ev_str_is_null(own_space) ? name_space : own_space,
                           &named->name);
        if (r < 0)
                return ev_trace(r);
        /* Also where both are the same: the second should have been a reference. */
        if (find_named(schema, named->name))
                return ev_schema_refuse(parser, "%.*s is defined twice", EV_STR_ARG(named->name));
        r = ev_schema_copy_string(parser, ev_json_get(node, EV_STR("doc")), &named->doc);
        if (r < 0)
                return ev_trace(r);
        name_space = name_space_of(named->name);
        r = parse_aliases(parser, node, &name_space, &named->aliases, &named->aliases_count);
        if (r < 0)
                return ev_trace(r);
        /* From here on it is found by its name, also by its own fields, which is how recursion is
         * seen. */
        schema->named[schema->named_count++] = named;
        *ret_named = named;
        return 0;
}

/* Symbols become C names and keys of maps: each once, and spelled as a name. */
static int check_symbols(struct ev_schema_parser *parser, const struct ev_schema_named *named)
{
        assert(named->type == EV_TYPE_ENUM);

        if (named->symbols_count == 0)
                return ev_schema_refuse(parser, "an enum without symbols");
        for (uint32_t i = 0; i < named->symbols_count; ++i) {
                if (!ev_schema_is_name(named->symbols[i]))
                        return ev_schema_refuse(parser, "\"%.*s\" is no valid symbol",
                                                EV_STR_ARG(named->symbols[i]));
                for (uint32_t k = 0; k < i; ++k)
                        if (ev_str_equal(named->symbols[i], named->symbols[k]))
                                return ev_schema_refuse(parser, "the symbol %.*s stands twice",
                                                        EV_STR_ARG(named->symbols[i]));
        }
        return 0;
}

/* The default of an enum stands for symbols that a reader does not know yet (Avro 1.9); it is not
 * the default of a field. The default is remembered by its place, which is what a plan puts for
 * symbols that it does not know. */
static int parse_enum(struct ev_schema_parser *parser, const struct ev_json *node,
                      struct ev_str name_space, struct ev_schema_type *ret_type)
{
        const struct ev_json *initial = ev_json_get(node, EV_STR("default"));
        struct ev_schema_named *named;
        int r;

        assert(ret_type);

        r = define(parser, node, EV_TYPE_ENUM, name_space, &named);
        if (r < 0)
                return ev_trace(r);
        r = ev_schema_copy_strings(parser, ev_json_get(node, EV_STR("symbols")), "symbols",
                                   EV_SCHEMA_SYMBOLS_MAX, &named->symbols, &named->symbols_count);
        if (r < 0)
                return ev_trace(r);
        r = check_symbols(parser, named);
        if (r < 0)
                return ev_trace(r);
        for (uint32_t i = 0; initial && i < named->symbols_count; ++i)
                if (ev_str_equal(ev_json_string(initial), named->symbols[i]))
                        named->default_symbol = (int32_t)i;
        if (initial && named->default_symbol < 0)
                return ev_schema_refuse(parser, "the enum's default is none of its symbols");
        assert(named->default_symbol < (int32_t)named->symbols_count);
        *ret_type = (struct ev_schema_type){ .type = EV_TYPE_ENUM, .named = named };
        return 0;
}

/* Lengthens the path by one step; the caller restores path_size. */
static void enter(struct ev_schema_parser *parser, struct ev_str step)
{
        size_t room = sizeof(parser->path) - 1 - parser->path_size;
        size_t size = step.size;

        if (size > room)
                size = room; /* paths are for people: one cut short still says where to look */
        memcpy(parser->path + parser->path_size, step.data, size);
        parser->path_size += size;
        parser->path[parser->path_size] = '\0';
        assert(parser->path_size < sizeof(parser->path));
}

/* Back to the path as it was before enter(). An error has its own copy of it by then. */
static void leave(struct ev_schema_parser *parser, size_t path_size)
{
        assert(path_size <= parser->path_size);

        parser->path_size = path_size;
        parser->path[path_size] = '\0';
}

/* The members of one field but for its name, which is in the path already. The default is read
 * last, for it is judged by the type. Other attributes are other people's and ignored, as the
 * specification wants; "order" is among them, since nothing here sorts. */
static int parse_field(struct ev_schema_parser *parser, const struct ev_json *node,
                       struct ev_str name_space, struct ev_schema_field *field)
{
        const struct ev_json *secret = ev_json_get(node, EV_STR("secret"));
        int r;

        assert(parser->path_size > 0);
        assert(!field->name.data || field->name.size > 0);

        if (secret && !ev_json_bool(secret, &field->secret))
                return ev_schema_refuse(parser, "\"secret\" must be true or false");
        r = ev_schema_copy_string(parser, ev_json_get(node, EV_STR("doc")), &field->doc);
        if (r < 0)
                return ev_trace(r);
        r = parse_aliases(parser, node, NULL, &field->aliases, &field->aliases_count);
        if (r < 0)
                return ev_trace(r);
        r = parse_type(parser, ev_json_get(node, EV_STR("type")), name_space, &field->type);
        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_schema_parse_default(parser, ev_json_get(node, EV_STR("default")),
                                                &field->type, &field->initial));
}

/* A field with its name in the path, so that whatever is wrong within it says where. */
static int parse_named_field(struct ev_schema_parser *parser, const struct ev_json *node,
                             struct ev_str name_space, struct ev_schema_field *field)
{
        size_t path_size = parser->path_size;
        int r;

        assert(field);

        r = ev_schema_copy_string(parser, ev_json_get(node, EV_STR("name")), &field->name);
        if (r < 0)
                return ev_trace(r);
        if (ev_str_is_null(field->name) || !ev_schema_is_name(field->name))
                return ev_schema_refuse(parser, "a field without a valid name");
        if (path_size > 0)
                enter(parser, EV_STR("."));
        enter(parser, field->name);
        r = parse_field(parser, node, name_space, field);
        leave(parser, path_size);
        return ev_trace(r);
}

/* A record without fields would take no byte on the wire, and an array of them could make endless
 * work of nothing. A reference within a field is looked up in the namespace of the record around
 * it. */
static int parse_fields(struct ev_schema_parser *parser, const struct ev_json *list,
                        struct ev_schema_named *named)
{
        struct ev_schema_field *fields;
        size_t count = ev_json_count(list);
        int r;

        assert(named->type == EV_TYPE_RECORD);

        if (ev_json_type(list) != EV_JSON_ARRAY || count == 0 || count > EV_SCHEMA_FIELDS_MAX)
                return ev_schema_refuse(parser, "a record has 1 to %d fields",
                                        EV_SCHEMA_FIELDS_MAX);
        fields = ev_schema_take(parser, count, sizeof(*fields));
        if (!fields)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < count; ++i) {
                r = parse_named_field(parser, ev_json_item(list, i), name_space_of(named->name),
                                      &fields[i]);
                if (r < 0)
                        return ev_trace(r);
                /* Two members of a struct cannot have one name. All pairs: at most 256 fields. */
                for (size_t k = 0; k < i; ++k)
                        if (ev_str_equal(fields[k].name, fields[i].name))
                                return ev_schema_refuse(parser, "the field %.*s stands twice",
                                                        EV_STR_ARG(fields[i].name));
        }
        named->fields = fields;
        named->fields_count = (uint32_t)count;
        return 0;
}

/* Records and arrays in one another, as values of the type have them. An enum has none: it contains
 * nothing. */
static uint32_t depth_of(const struct ev_schema_type *type)
{
        assert(type);

        if (type->item)
                return 1 + depth_of(type->item);
        return type->named ? type->named->depth : 0;
}

/* The record counts as open while its fields are read: a reference to it from within is recursion.
 * Depth is counted twice: downwards while reading, which bounds our own recursion, and upwards in
 * named->depth, which bounds that of everything that walks values. */
static int parse_record(struct ev_schema_parser *parser, const struct ev_json *node,
                        struct ev_str name_space, struct ev_schema_type *ret_type)
{
        struct ev_schema_named *named;
        int r;

        assert(parser->open_count <= parser->depth);

        if (parser->depth == EV_DEPTH_MAX)
                return ev_schema_refuse(parser, "more than %d levels", EV_DEPTH_MAX);
        r = define(parser, node, EV_TYPE_RECORD, name_space, &named);
        if (r < 0)
                return ev_trace(r);
        assert(parser->open_count < EV_ARRAY_SIZE(parser->open));
        parser->open[parser->open_count++] = named;
        ++parser->depth;
        r = parse_fields(parser, ev_json_get(node, EV_STR("fields")), named);
        --parser->depth;
        --parser->open_count;
        if (r < 0)
                return ev_trace(r);
        for (uint32_t i = 0; i < named->fields_count; ++i)
                if (depth_of(&named->fields[i].type) > named->depth)
                        named->depth = depth_of(&named->fields[i].type);
        ++named->depth;
        *ret_type = (struct ev_schema_type){ .type = EV_TYPE_RECORD, .named = named };
        return 0;
}

/* An item may not be an array, whose two members need a struct around them, and not be optional,
 * which needs a flag beside it: a record around the item has room for both. */
static int parse_array(struct ev_schema_parser *parser, const struct ev_json *node,
                       struct ev_str name_space, struct ev_schema_type *ret_type)
{
        struct ev_schema_type *item = ev_schema_take(parser, 1, sizeof(*item));
        size_t path_size = parser->path_size;
        int r;

        assert(parser->depth <= EV_DEPTH_MAX);

        if (!item)
                return ev_trace(EV_FAILED);
        if (parser->depth == EV_DEPTH_MAX)
                return ev_schema_refuse(parser, "more than %d levels", EV_DEPTH_MAX);
        enter(parser, EV_STR("[]"));
        ++parser->depth;
        r = parse_type(parser, ev_json_get(node, EV_STR("items")), name_space, item);
        --parser->depth;
        if (r < 0)
                return ev_trace(r);
        if (item->type == EV_TYPE_ARRAY || item->optional)
                return ev_schema_refuse(parser, "arrays of arrays and of optional items are not "
                                                "supported; wrap the item in a record");
        leave(parser, path_size);
        *ret_type = (struct ev_schema_type){ .type = EV_TYPE_ARRAY, .item = item };
        return 0;
}

/* Avro specification, "Decimal": the scale is 0 unless given and at most the precision. Readers
 * that find these two wrong should ignore the logical type; here it is a mistake to be told. */
static int parse_decimal(struct ev_schema_parser *parser, const struct ev_json *node,
                         struct ev_schema_type *ret_type)
{
        const struct ev_json *scale_node = ev_json_get(node, EV_STR("scale"));
        int64_t precision = 0, scale = 0;

        assert(node);
        assert(ret_type->type == EV_TYPE_BYTES);

        if (!ev_json_int(ev_json_get(node, EV_STR("precision")), &precision) || precision < 1 ||
            precision > EV_PRECISION_MAX)
                return ev_schema_refuse(parser, "a decimal's precision must be 1 to %d",
                                        EV_PRECISION_MAX);
        if (scale_node && (!ev_json_int(scale_node, &scale) || scale < 0 || scale > precision))
                return ev_schema_refuse(parser, "a decimal's scale must be 0 to its precision");
        *ret_type = (struct ev_schema_type){ .type = EV_TYPE_DECIMAL,
                                             .precision = (uint8_t)precision,
                                             .scale = (uint8_t)scale };
        return 0;
}

/* A primitive by its name; false if it is none that we read. */
static bool is_primitive(struct ev_str name, enum ev_type *ret_type)
{
        static const enum ev_type primitives[] = { EV_TYPE_BOOLEAN, EV_TYPE_INT, EV_TYPE_LONG,
                                                   EV_TYPE_STRING, EV_TYPE_BYTES };

        assert(name.data);

        for (size_t i = 0; i < EV_ARRAY_SIZE(primitives); ++i) {
                if (!ev_str_equal(name, ev_str_of(ev_type_name(primitives[i]))))
                        continue;
                *ret_type = primitives[i];
                return true;
        }
        return false;
}

/* What a string in the place of a type means: a primitive or a name that was defined before. The
 * depth of what is named adds to the depth of where it is named: definitions that name each other
 * ten times over would otherwise be deeper than any of them says. */
static int parse_reference(struct ev_schema_parser *parser, struct ev_str name,
                           struct ev_str name_space, struct ev_schema_type *ret_type)
{
        const struct ev_schema_named *named;
        struct ev_str full_name;
        enum ev_type type;
        int r;

        assert(name.data);

        /* First, for a primitive's name belongs to no namespace and cannot be given to anything
         * else (Avro specification, "Names"). */
        if (is_primitive(name, &type)) {
                *ret_type = (struct ev_schema_type){ .type = type };
                return 0;
        }
        r = make_full_name(parser, name, name_space, &full_name);
        if (r < 0)
                return ev_trace(r);
        named = find_named(parser->schema, full_name);
        if (!named)
                return ev_schema_refuse(parser, "the type %.*s is not supported or not defined",
                                        EV_STR_ARG(name));
        /* A record that is still being read contains what is being read. */
        for (unsigned i = 0; i < parser->open_count; ++i)
                if (parser->open[i] == named)
                        return ev_schema_refuse(parser,
                                                "%.*s contains itself; recursion is not "
                                                "supported",
                                                EV_STR_ARG(full_name));
        if (parser->depth + named->depth > EV_DEPTH_MAX)
                return ev_schema_refuse(parser, "more than %d levels", EV_DEPTH_MAX);
        *ret_type = (struct ev_schema_type){ .type = named->type, .named = named };
        return 0;
}

/* A declaration of a named type or an array, or a primitive in its long form, which is where
 * logical types stand. One on a type that it does not belong to is ignored, as the specification
 * wants. */
static int parse_object(struct ev_schema_parser *parser, const struct ev_json *node,
                        struct ev_str name_space, struct ev_schema_type *ret_type)
{
        struct ev_str type = ev_json_string(ev_json_get(node, EV_STR("type")));
        struct ev_str logical = ev_json_string(ev_json_get(node, EV_STR("logicalType")));
        int r;

        assert(ev_json_type(node) == EV_JSON_OBJECT);

        if (ev_str_is_null(type))
                return ev_schema_refuse(parser, "a type without \"type\"");
        if (ev_str_equal(type, EV_STR("record")))
                return ev_trace(parse_record(parser, node, name_space, ret_type));
        if (ev_str_equal(type, EV_STR("enum")))
                return ev_trace(parse_enum(parser, node, name_space, ret_type));
        if (ev_str_equal(type, EV_STR("array")))
                return ev_trace(parse_array(parser, node, name_space, ret_type));
        r = parse_reference(parser, type, name_space, ret_type);
        if (r < 0)
                return ev_trace(r);
        if (ret_type->type == EV_TYPE_BYTES && ev_str_equal(logical, EV_STR("decimal")))
                return ev_trace(parse_decimal(parser, node, ret_type));
        /* timestamp-millis and all others stay plain longs. */
        if (ret_type->type == EV_TYPE_LONG && ev_str_equal(logical, EV_STR("timestamp-micros")))
                ret_type->type = EV_TYPE_TIMESTAMP;
        return 0;
}

/* Null first, because a default is of the first branch and ours is always null. Other unions have
 * no place in a struct: they would need a tag and rules for each of their types. */
static int parse_union(struct ev_schema_parser *parser, const struct ev_json *node,
                       struct ev_str name_space, struct ev_schema_type *ret_type)
{
        int r;

        assert(ev_json_type(node) == EV_JSON_ARRAY);

        /* A union within a union is forbidden by the specification itself. */
        if (ev_json_count(node) != 2 ||
            !ev_str_equal(ev_json_string(ev_json_item(node, 0)), EV_STR("null")) ||
            ev_json_type(ev_json_item(node, 1)) == EV_JSON_ARRAY)
                return ev_schema_refuse(parser, "the only union supported is [\"null\", T]");
        r = parse_type(parser, ev_json_item(node, 1), name_space, ret_type);
        if (r < 0)
                return ev_trace(r);
        ret_type->optional = true;
        return 0;
}

/* A type may be a name, an object that declares it, or a list: a union. */
static int parse_type(struct ev_schema_parser *parser, const struct ev_json *node,
                      struct ev_str name_space, struct ev_schema_type *ret_type)
{
        enum ev_json_type type = ev_json_type(node);

        assert(ret_type);
        assert(parser->depth <= EV_DEPTH_MAX);

        if (type == EV_JSON_STRING)
                return ev_trace(
                        parse_reference(parser, ev_json_string(node), name_space, ret_type));
        if (type == EV_JSON_OBJECT)
                return ev_trace(parse_object(parser, node, name_space, ret_type));
        if (type == EV_JSON_ARRAY)
                return ev_trace(parse_union(parser, node, name_space, ret_type));
        return ev_schema_refuse(parser, "a type must be a name, an object or a union");
}

/* A record, because an event needs a name for ce_type and fields that can be added later. */
int ev_schema_parse_top(struct ev_schema_parser *parser, const struct ev_json *node)
{
        struct ev_schema_type type = { .type = EV_TYPE_BOOLEAN };
        int r;

        assert(parser->schema);
        assert(!parser->schema->record);

        if (ev_json_type(node) != EV_JSON_OBJECT)
                return ev_schema_refuse(parser, "an event's schema must be a record");
        r = parse_object(parser, node, EV_STR(""), &type);
        if (r < 0)
                return ev_trace(r);
        if (type.type != EV_TYPE_RECORD)
                return ev_schema_refuse(parser, "an event's schema must be a record");
        parser->schema->record = type.named;
        return 0;
}
