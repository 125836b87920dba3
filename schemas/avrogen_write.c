/* The C text itself: declarations for people, descriptors for the interpreter.
 *
 * Everything that needs a compiler's knowledge (offsets, sizes) is left to the compiler that
 * compiles the output, so a generated file fits every platform.
 *
 * The output is a function of the schemas and of `ids` alone: no dates, no paths, no order of a
 * file system, so that two builds of one commit are the same bytes. It is read by people too, in
 * debuggers and reviews, hence the line breaks. */

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "avrogen.h"
#include "base/error.h"

/* The width at which comments of docs are wrapped, as in the rest of the code. */
enum { COLUMNS = 100 };

/* Output that remembers its first failure, so that a table need not check every line. */
struct out {
        const struct avrogen *gen;
        struct ev_buffer *buffer;
        int r; /* of the first append that failed, else 0 */
};

static void put(struct out *out, const char *format, ...) _printf_(2, 3);

/* Everything that is written passes here. One call writes names and numbers, whose sizes are known
 * to be bounded; a text of any length goes by put_c(), a byte at a time. */
static void put(struct out *out, const char *format, ...)
{
        char text[2048];
        va_list arguments;
        int size;

        assert(out->buffer);

        va_start(arguments, format);
        size = vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        assert(size >= 0 &&
               (size_t)size < sizeof(text)); /* names are bounded, texts go by put_c() */
        /* Behind a failure nothing is appended, so the text ends where it was still right. */
        if (out->r == 0)
                out->r = ev_buffer_append(out->buffer, text, (size_t)size);
}

/* The inside of a string literal. '?' is escaped because of trigraphs. Three octal digits, always:
 * a shorter escape would swallow a digit behind it, and a hexadecimal one has no end of its own. */
static void put_c(struct out *out, struct ev_str text)
{
        assert(text.data || text.size == 0);

        for (size_t i = 0; i < text.size; ++i) {
                unsigned char c = (unsigned char)text.data[i];

                if (c == '"' || c == '\\' || c == '?')
                        put(out, "\\%c", c);
                else if (c < 0x20 || c >= 0x7f)
                        put(out, "\\%03o", c);
                else
                        put(out, "%c", c);
        }
}

/* A slice for a static table: EV_STR_INIT("sku"). */
static void put_str(struct out *out, struct ev_str text)
{
        assert(text.data);

        put(out, "EV_STR_INIT(\"");
        put_c(out, text);
        put(out, "\")");
}

/* A doc as a comment, wrapped. What would end it, or warn, is made harmless. Every star goes, which
 * is simpler than finding those before a slash, and none stands in a doc. */
static void put_doc(struct out *out, const char *indent, struct ev_str doc)
{
        size_t column = strlen(indent) + 2;

        assert(indent);

        if (ev_str_is_null(doc) || doc.size == 0)
                return;
        put(out, "%s/*", indent);
        for (size_t from = 0, to; from < doc.size; from = to + 1) {
                for (to = from; to < doc.size && !isspace((unsigned char)doc.data[to]); ++to)
                        ;
                if (column + 1 + (to - from) > COLUMNS - 3) {
                        put(out, "\n%s *", indent);
                        column = strlen(indent) + 2;
                }
                put(out, " ");
                for (size_t i = from; i < to; ++i)
                        put(out, "%c", doc.data[i] == '*' ? '.' : doc.data[i]);
                column += 1 + (to - from);
        }
        put(out, " */\n");
}

/* The C name of a field: its own, unless C took it. A field "default" is written as "default_",
 * which no schema of ours calls a field. */
static const char *c_name(struct ev_str name, char buffer[EV_SCHEMA_NAME_MAX + 2])
{
        /* The keywords of C17 that a field could be called, stdbool.h's words, and typeof. */
        static const char *const taken[] = {
                "auto",     "bool",     "break",    "case",    "char",   "const",  "continue",
                "default",  "do",       "double",   "else",    "enum",   "extern", "false",
                "float",    "for",      "goto",     "if",      "inline", "int",    "long",
                "register", "return",   "restrict", "short",   "signed", "sizeof", "static",
                "struct",   "switch",   "true",     "typedef", "typeof", "union",  "unsigned",
                "void",     "volatile", "while",
        };
        bool is_taken = false;

        assert(buffer);
        assert(name.size <= EV_SCHEMA_NAME_MAX);

        for (size_t i = 0; i < EV_ARRAY_SIZE(taken); ++i)
                is_taken |= ev_str_equal(name, ev_str_of(taken[i]));
        snprintf(buffer, EV_SCHEMA_NAME_MAX + 2, "%.*s%s", EV_STR_ARG(name), is_taken ? "_" : "");
        return buffer;
}

/* The C type of a value, as "enum order_status " or "struct line *": a name can follow. An array
 * has no type of its own in C, its item has. */
static void put_c_type(struct out *out, const struct ev_schema_type *type, const char *stars)
{
        static const char *const names[] = {
                [EV_TYPE_BOOLEAN] = "bool",          [EV_TYPE_INT] = "int32_t",
                [EV_TYPE_LONG] = "int64_t",          [EV_TYPE_TIMESTAMP] = "int64_t",
                [EV_TYPE_DECIMAL] = "int64_t",       [EV_TYPE_STRING] = "struct ev_str",
                [EV_TYPE_BYTES] = "struct ev_bytes", [EV_TYPE_INT_AS_LONG] = NULL,
        };

        assert(type->type != EV_TYPE_ARRAY);

        if (type->named)
                put(out, "%s %s %s", type->type == EV_TYPE_ENUM ? "enum" : "struct",
                    avrogen_find_type(out->gen, type->named->name)->name, stars);
        else
                put(out, "%s %s", names[type->type], stars);
}

/* Slices say null by their pointer and need no flag beside them. */
static bool is_slice(enum ev_type type)
{
        assert(type <= EV_TYPE_INT_AS_LONG);

        return type == EV_TYPE_STRING || type == EV_TYPE_BYTES;
}

/* The doc, what says null or how many, and the member itself; what the C type does not say stands
 * behind it. For an optional timestamp, an array of records and an optional record that is
 *
 *       bool has_expires_at;
 *       int64_t expires_at; (and a comment: µs since 1970, UTC)
 *       size_t lines_count;
 *       struct order_line *lines;
 *       struct address *billing; */
static void put_member(struct out *out, const struct ev_schema_field *field)
{
        const struct ev_schema_type *type = &field->type;
        const char *indent = "        ";
        char name[EV_SCHEMA_NAME_MAX + 2];

        assert(field->name.size > 0);

        c_name(field->name, name);
        put_doc(out, indent, field->doc);
        if (type->type == EV_TYPE_ARRAY) {
                put(out, "%ssize_t %s_count;\n%s", indent, name, indent);
                put_c_type(out, type->item, "*");
                put(out, "%s;", name);
        } else {
                if (type->optional && !is_slice(type->type) && type->type != EV_TYPE_RECORD)
                        put(out, "%sbool has_%s;\n", indent, name);
                put(out, "%s", indent);
                put_c_type(out, type, type->optional && type->type == EV_TYPE_RECORD ? "*" : "");
                put(out, "%s;", name);
        }
        if (type->type == EV_TYPE_DECIMAL)
                put(out, " /* decimal(%d,%d), unscaled */", type->precision, type->scale);
        else if (type->type == EV_TYPE_TIMESTAMP)
                put(out, " /* µs since 1970, UTC */");
        else if (type->optional)
                put(out, " /* optional */");
        put(out, "\n");
}

/* Facts only: nobody announces what others send us. Typed, so that a struct of another fact does
 * not compile; in line, because it does nothing.
 *
 *       static inline int stock_received_announce(struct ev_case *c, const struct stock_received
 * *fact) */
static void put_announce(struct out *out, const struct avrogen_type *type)
{
        const struct ev_schema_contract *contract = &type->from->schema->contract;

        assert(contract->given);

        if (contract->kind != EV_KIND_FACT)
                return;
        put(out,
            "/* Announces the fact: folds it into the rows of the case and puts it into the "
            "outbox.\n"
            " * Borrows what it points to until the batch is committed. */\n"
            "static inline int %s_announce(struct ev_case *c, const struct %s *fact)\n"
            "{\n        return ev_announce(c, &%s_record, fact);\n}\n\n",
            type->name, type->name, type->name);
}

/* Numbers are written out although C would count the same: they are the numbers on the wire.
 * ORDER_STATUS_PLACED = 0 for the symbol PLACED of OrderStatus: C has one space of names for the
 * enumerators of all enums.
 *
 *       enum customer_reason {
 *               CUSTOMER_REASON_DUPLICATE_COMPANY = 0, */
static void put_enum(struct out *out, const struct avrogen_type *type)
{
        const struct ev_schema_named *named = type->named;

        assert(named->type == EV_TYPE_ENUM);

        put_doc(out, "", named->doc);
        put(out, "enum %s {\n", type->name);
        for (uint32_t i = 0; i < named->symbols_count; ++i) {
                put(out, "        %s_", type->upper);
                for (size_t k = 0; k < named->symbols[i].size; ++k)
                        put(out, "%c", toupper((unsigned char)named->symbols[i].data[k]));
                put(out, " = %" PRIu32 ",\n", i);
        }
        put(out, "};\n\nextern const struct ev_enum %s_enum;\n\n", type->name);
}

/* Members in the order of the wire, not of their sizes: the holes cost a few bytes, and reading
 * runs through memory forwards. */
static void put_struct(struct out *out, const struct avrogen_type *type)
{
        const struct ev_schema_named *named = type->named;

        assert(named->type == EV_TYPE_RECORD);

        put_doc(out, "", named->doc);
        put(out, "struct %s {\n", type->name);
        for (uint32_t i = 0; i < named->fields_count; ++i)
                put_member(out, &named->fields[i]);
        put(out, "};\n\nextern const struct ev_record %s_record;\n\n", type->name);
        if (type->is_event)
                put_announce(out, type);
}

/* One header a context and not one an event: shared types have one place, and a worker includes the
 * two or three contexts that it deals with. */
int avrogen_write_header(const struct avrogen *gen, struct ev_str context, struct ev_buffer *buffer)
{
        struct out out = { .gen = gen, .buffer = buffer };

        assert(gen && buffer);
        assert(context.size > 0);

        put(&out,
            "/* Made by avrogen from schemas/%.*s/; changes belong there. */\n\n"
            "#ifndef SCHEMAS_%.*s_H\n#define SCHEMAS_%.*s_H\n\n#include \"wire/record.h\"\n\n"
            "struct ev_case;\n\n"
            "/* Of the engine (flow); what the typed functions below call. */\n"
            "int ev_announce(struct ev_case *c, const struct ev_record *record, const void *value);"
            "\n\n",
            EV_STR_ARG(context), EV_STR_ARG(context), EV_STR_ARG(context));
        for (size_t i = 0; i < gen->types_count; ++i) {
                const struct avrogen_type *type = &gen->types[i];

                if (!ev_str_equal(type->context, context))
                        continue;
                if (type->named->type == EV_TYPE_ENUM)
                        put_enum(&out, type);
                else
                        put_struct(&out, type);
        }
        put(&out, "#endif\n");
        return ev_trace(out.r);
}

/* A constant list, named after what owns it; an empty one does not exist in C.
 *
 *       static const struct ev_str goods_received_outcomes[] = {
 *               EV_STR_INIT("quenty.stock.StockReceived"),
 *       }; */
static void put_strings(struct out *out, const char *owner, const char *what,
                        const struct ev_str *strings, uint32_t count)
{
        assert(strings || count == 0);

        if (count == 0)
                return;
        put(out, "static const struct ev_str %s_%s[] = {\n", owner, what);
        for (uint32_t i = 0; i < count; ++i) {
                put(out, "        ");
                put_str(out, strings[i]);
                put(out, ",\n");
        }
        put(out, "};\n\n");
}

/* The members that name such a list. An empty one stays NULL and 0, which C sees to.
 *
 *       .outcomes = goods_received_outcomes,
 *       .outcomes_count = 3, */
static void put_list(struct out *out, const char *owner, const char *what, uint32_t count)
{
        assert(owner && what);

        if (count > 0)
                put(out, "        .%s = %s_%s,\n        .%s_count = %" PRIu32 ",\n", what, owner,
                    what, what, count);
}

/* Lists first, then what points to them. The members that are zero are left to C where a list is
 * empty.
 *
 *       const struct ev_enum customer_reason_enum = {
 *               .name = EV_STR_INIT("quenty.customer.CustomerReason"),
 *               .symbols = customer_reason_symbols,
 *               .symbols_count = 14,
 *               .default_symbol = 13,
 *       }; */
static void put_enum_descriptor(struct out *out, const struct avrogen_type *type)
{
        const struct ev_schema_named *named = type->named;

        assert(named->type == EV_TYPE_ENUM);

        put_strings(out, type->name, "symbols", named->symbols, named->symbols_count);
        put_strings(out, type->name, "aliases", named->aliases, named->aliases_count);
        put(out, "const struct ev_enum %s_enum = {\n        .name = ", type->name);
        put_str(out, named->name);
        put(out, ",\n");
        put_list(out, type->name, "symbols", named->symbols_count);
        put_list(out, type->name, "aliases", named->aliases_count);
        put(out, "        .default_symbol = %" PRId32 ",\n};\n\n", named->default_symbol);
}

/* What a field and an array's item have in common. Sizes are written as sizeof: the compiler knows
 * them, and a table that says 24 would be wrong on another machine without anybody seeing it. */
static void put_type_members(struct out *out, const struct ev_schema_type *type)
{
        static const char *const constants[] = {
                [EV_TYPE_BOOLEAN] = "BOOLEAN", [EV_TYPE_INT] = "INT",
                [EV_TYPE_LONG] = "LONG",       [EV_TYPE_TIMESTAMP] = "TIMESTAMP",
                [EV_TYPE_DECIMAL] = "DECIMAL", [EV_TYPE_STRING] = "STRING",
                [EV_TYPE_BYTES] = "BYTES",     [EV_TYPE_ENUM] = "ENUM",
                [EV_TYPE_RECORD] = "RECORD",   [EV_TYPE_ARRAY] = "ARRAY",
        };

        assert(out->gen);
        assert(type->type < EV_ARRAY_SIZE(constants));

        put(out, ".type = EV_TYPE_%s, ", constants[type->type]);
        if (type->type == EV_TYPE_DECIMAL)
                put(out, ".precision = %d, .scale = %d, ", type->precision, type->scale);
        if (type->optional)
                put(out, ".optional = true, .optional_on_wire = true, ");
        if (type->type == EV_TYPE_ENUM)
                put(out, ".enumeration = &%s_enum, ",
                    avrogen_find_type(out->gen, type->named->name)->name);
        if (type->type == EV_TYPE_RECORD)
                put(out, ".record = &%s_record, ",
                    avrogen_find_type(out->gen, type->named->name)->name);
        put(out, ".size = ");
        if (type->type == EV_TYPE_ARRAY) {
                put(out, "sizeof(void *), ");
        } else {
                put(out, "sizeof(");
                put_c_type(out, type, "");
                put(out, "), ");
        }
}

/* As it lies in a struct. Zeros are left to C. The smallest number has a name because no constant
 * of C can be negative: -9223372036854775808 is the minus of a number that does not fit. */
static void put_default(struct out *out, const struct ev_default *initial)
{
        if (!initial->given)
                return;
        put(out, ".initial = { .given = true, ");
        if (initial->number == INT64_MIN)
                put(out, ".number = INT64_MIN, ");
        else if (initial->number != 0)
                put(out, ".number = INT64_C(%" PRId64 "), ", initial->number);
        if (!ev_str_is_null(initial->text)) {
                put(out, ".text = ");
                put_str(out, initial->text);
                put(out, ", ");
        }
        put(out, "}, ");
        assert(initial->given);
}

/* The descriptor of an array's items, before the fields that point to it. It has no name and lies
 * at offset 0. */
static void put_item(struct out *out, const char *owner, const struct ev_schema_field *field)
{
        if (field->type.type != EV_TYPE_ARRAY)
                return;
        assert(field->type.item);
        put(out, "static const struct ev_field %s_%.*s_item = { ", owner, EV_STR_ARG(field->name));
        put_type_members(out, field->type.item);
        put(out, "};\n\n");
}

/* One line of the table. The order of members does not matter, they are named. A member that is
 * left out is zero, which is what it means: not optional, no secret, no aliases.
 *
 *       { .name = EV_STR_INIT("price"), .offset = offsetof(struct line, price),
 *         .type = EV_TYPE_DECIMAL, .precision = 14, .scale = 2, .size = sizeof(int64_t), }, */
static void put_field(struct out *out, const char *owner, const struct ev_schema_named *named,
                      uint32_t place)
{
        const struct ev_schema_field *field = &named->fields[place];
        const struct ev_schema_type *type = &field->type;
        char name[EV_SCHEMA_NAME_MAX + 2];

        assert(owner);

        c_name(field->name, name);
        put(out, "        { .name = ");
        put_str(out, field->name);
        put(out, ", .offset = offsetof(struct %s, %s), ", owner, name);
        put_type_members(out, type);
        if (type->type == EV_TYPE_ARRAY)
                put(out, ".beside = offsetof(struct %s, %s_count), .item = &%s_%.*s_item, ", owner,
                    name, owner, EV_STR_ARG(field->name));
        else if (type->optional && !is_slice(type->type) && type->type != EV_TYPE_RECORD)
                put(out, ".beside = offsetof(struct %s, has_%s), ", owner, name);
        put_default(out, &field->initial);
        put(out, ".by_name = %" PRIu32 ", ", ev_schema_field_by_name(named, place));
        if (field->secret)
                put(out, ".secret = true, ");
        if (field->aliases_count > 0)
                put(out, ".aliases = %s_%.*s_aliases, .aliases_count = %" PRIu32 ", ", owner,
                    EV_STR_ARG(field->name), field->aliases_count);
        put(out, "},\n");
}

/* Pointers to fields: who reads a contract need not look names up.
 *
 *       static const struct ev_field *const goods_received_subject[] = {
 *               &goods_received_fields[0],
 *       }; */
static void put_places(struct out *out, const char *owner, const char *what, const uint32_t *places,
                       uint32_t count)
{
        assert(places || count == 0);

        if (count == 0)
                return;
        put(out, "static const struct ev_field *const %s_%s[] = {\n", owner, what);
        for (uint32_t i = 0; i < count; ++i)
                put(out, "        &%s_fields[%" PRIu32 "],\n", owner, places[i]);
        put(out, "};\n\n");
}

/* Its lists, then the contract, with `key` left NULL where there is none. For an ingress event that
 * is
 *
 *       static const struct ev_contract goods_received_contract = {
 *               .kind = EV_KIND_INGRESS,
 *               .topic = EV_STR_INIT("quenty.stock.ingress.v1"),
 *               .subject = goods_received_subject,
 *               .subject_count = 1,
 *               .natural_key = goods_received_natural_key,
 *               .natural_key_count = 4,
 *               .outcomes = goods_received_outcomes,
 *               .outcomes_count = 3,
 *               .outcome = EV_OUTCOME_NONE,
 *               .repeats = EV_REPEATS_AT_ONCE,
 *       }; */
static void put_contract(struct out *out, const char *owner,
                         const struct ev_schema_contract *contract)
{
        static const char *const outcomes[] = { "NONE", "ACCEPTED", "REFUSED", "REPEATED" };
        bool is_fact = contract->kind == EV_KIND_FACT;

        assert(contract->given);

        put_places(out, owner, "subject", contract->subject, contract->subject_count);
        put_places(out, owner, "natural_key", contract->natural_key, contract->natural_key_count);
        put_strings(out, owner, "outcomes", contract->outcomes, contract->outcomes_count);
        put(out, "static const struct ev_contract %s_contract = {\n        .kind = EV_KIND_%s,\n",
            owner, is_fact ? "FACT" : "INGRESS");
        put(out, "        .topic = ");
        put_str(out, contract->topic);
        put(out, ",\n");
        if (contract->key >= 0)
                put(out, "        .key = &%s_fields[%" PRId32 "],\n", owner, contract->key);
        put_list(out, owner, "subject", contract->subject_count);
        put_list(out, owner, "natural_key", contract->natural_key_count);
        put_list(out, owner, "outcomes", contract->outcomes_count);
        put(out, "        .outcome = EV_OUTCOME_%s,\n        .repeats = EV_REPEATS_%s,\n};\n\n",
            outcomes[contract->outcome],
            contract->repeats == EV_REPEATS_AT_ONCE ? "AT_ONCE" : "BY_STATE");
}

/* What is pointed to comes first: aliases, items, fields, contract, and then the record. Id,
 * version, fingerprint and contract belong to events alone; a part of one has none:
 *
 *       const struct ev_record goods_received_record = {
 *               .name = EV_STR_INIT("quenty.stock.GoodsReceived"),
 *               .size = sizeof(struct goods_received),
 *               .wire_min = 9,
 *               .fields = goods_received_fields,
 *               .fields_count = 9,
 *               .schema_id = 700004,
 *               .version = 1,
 *               .fingerprint = UINT64_C(0x1d197a9fc6e6b725),
 *               .contract = &goods_received_contract,
 *       }; */
static void put_record_descriptor(struct out *out, const struct avrogen_type *type)
{
        const struct ev_schema_named *named = type->named;
        char owner[AVROGEN_NAME_MAX + EV_SCHEMA_NAME_MAX + 2];

        assert(named->type == EV_TYPE_RECORD);

        for (uint32_t i = 0; i < named->fields_count; ++i) {
                const struct ev_schema_field *field = &named->fields[i];

                snprintf(owner, sizeof(owner), "%s_%.*s", type->name, EV_STR_ARG(field->name));
                put_strings(out, owner, "aliases", field->aliases, field->aliases_count);
                put_item(out, type->name, field);
        }
        put(out, "static const struct ev_field %s_fields[] = {\n", type->name);
        for (uint32_t i = 0; i < named->fields_count; ++i)
                put_field(out, type->name, named, i);
        put(out, "};\n\n");
        put_strings(out, type->name, "aliases", named->aliases, named->aliases_count);
        if (type->is_event)
                put_contract(out, type->name, &type->from->schema->contract);
        put(out, "const struct ev_record %s_record = {\n        .name = ", type->name);
        put_str(out, named->name);
        put(out, ",\n        .size = sizeof(struct %s),\n", type->name);
        put(out, "        .wire_min = %" PRIu32 ",\n", avrogen_wire_min(named));
        put_list(out, type->name, "fields", named->fields_count);
        put_list(out, type->name, "aliases", named->aliases_count);
        if (avrogen_has_secret(named))
                put(out, "        .has_secret = true,\n");
        if (type->is_event)
                put(out,
                    "        .schema_id = %" PRIu32 ",\n        .version = %" PRIu32 ",\n"
                    "        .fingerprint = UINT64_C(0x%016" PRIx64 "),\n"
                    "        .contract = &%s_contract,\n",
                    type->from->line.id, type->from->line.version, type->from->fingerprint,
                    type->name);
        put(out, "};\n\n");
}

/* In the order of the types: parts stand before what contains them, so nothing is declared
 * ahead. */
int avrogen_write_source(const struct avrogen *gen, struct ev_str context, struct ev_buffer *buffer)
{
        struct out out = { .gen = gen, .buffer = buffer };

        assert(gen && buffer);
        assert(context.size > 0);

        put(&out,
            "/* Made by avrogen from schemas/%.*s/; changes belong there. */\n\n"
            "#include \"schemas/%.*s.h\"\n\n",
            EV_STR_ARG(context), EV_STR_ARG(context));
        for (size_t i = 0; i < gen->types_count; ++i) {
                const struct avrogen_type *type = &gen->types[i];

                if (!ev_str_equal(type->context, context))
                        continue;
                if (type->named->type == EV_TYPE_ENUM)
                        put_enum_descriptor(&out, type);
                else
                        put_record_descriptor(&out, type);
        }
        return ev_trace(out.r);
}

/* The same for all schemas. It is made although it never changes, so that it lies beside its
 * source. */
int avrogen_write_registry_header(struct ev_buffer *buffer)
{
        struct out out = { .buffer = buffer };

        assert(buffer);

        put(&out, "/* Made by avrogen from schemas/ids; changes belong there. */\n\n"
                  "#ifndef SCHEMAS_REGISTRY_H\n#define SCHEMAS_REGISTRY_H\n\n"
                  "#include \"wire/record.h\"\n\n"
                  "/* Every schema version ever published, by rising id. */\n"
                  "extern const struct ev_registered schemas_registry[];\n"
                  "extern const size_t schemas_registry_count;\n\n#endif\n");
        return ev_trace(out.r);
}

/* Line by line, so that the output can be read. The compiler joins the pieces to the file's own
 * bytes. */
static void put_text(struct out *out, const struct avrogen_version *version)
{
        struct ev_str text = ev_buffer_str(&version->text);

        put(out, "static const char text_%" PRIu32 "[] =\n", version->line.id);
        for (size_t from = 0, to; from < text.size; from = to) {
                const char *end = memchr(text.data + from, '\n', text.size - from);

                /* With its newline, and a last line also without one. */
                to = end ? (size_t)(end - text.data) + 1 : text.size;
                put(out, "        \"");
                put_c(out, (struct ev_str){ text.data + from, to - from });
                put(out, "\"\n");
        }
        put(out, "        ;\n\n");
        assert(text.size > 0);
}

/* Superseded versions have no struct any more: their text is what they are read by. Programs that
 * find no record there make one of the text at run time (ev_record_new()).
 *
 *       {
 *               .id = 700042,
 *               .version = 1,
 *               .name = EV_STR_INIT("quenty.shipping.ManifestShipped"),
 *               .file = EV_STR_INIT("shipping/ManifestShipped.avsc"),
 *               .fingerprint = UINT64_C(0x1e3d733c22b690bf),
 *               .record = &manifest_shipped_record,
 *               .text = { text_700042, sizeof(text_700042) - 1 },
 *       }, */
static void put_registered(struct out *out, const struct avrogen_version *version)
{
        const struct avrogen_type *type = avrogen_find_type(out->gen, version->line.name);

        assert(type || !version->newest);

        put(out,
            "        {\n                .id = %" PRIu32 ",\n                .version = %" PRIu32
            ",\n                .name = ",
            version->line.id, version->line.version);
        put_str(out, version->line.name);
        put(out, ",\n                .file = ");
        put_str(out, version->line.file);
        put(out, ",\n                .fingerprint = UINT64_C(0x%016" PRIx64 "),\n",
            version->fingerprint);
        if (version->newest)
                put(out, "                .record = &%s_record,\n", type->name);
        put(out,
            "                .text = { text_%" PRIu32 ", sizeof(text_%" PRIu32 ") - 1 },\n"
            "        },\n",
            version->line.id, version->line.id);
}

/* Texts of all versions are in every program that links this: a console or an auditor prints old
 * values by the schema they were written with, without the repository at hand. */
int avrogen_write_registry_source(const struct avrogen *gen, struct ev_buffer *buffer)
{
        struct out out = { .gen = gen, .buffer = buffer };

        assert(gen && buffer);
        assert(gen->versions_count > 0);

        put(&out,
            "/* Made by avrogen from schemas/ids; changes belong there. */\n\n"
            "#include \"schemas/registry.h\"\n\n"
            "/* Texts are embedded as they are, longer than the 4,095 bytes ISO C promises. */\n"
            "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\n");
        for (size_t i = 0; i < gen->contexts_count; ++i)
                put(&out, "#include \"schemas/%.*s.h\"\n", EV_STR_ARG(gen->contexts[i]));
        put(&out, "\n");
        for (size_t i = 0; i < gen->versions_count; ++i)
                put_text(&out, &gen->versions[i]);
        put(&out, "const struct ev_registered schemas_registry[] = {\n");
        for (size_t i = 0; i < gen->versions_count; ++i)
                put_registered(&out, &gen->versions[i]);
        put(&out, "};\n\nconst size_t schemas_registry_count = %zu;\n", gen->versions_count);
        return ev_trace(out.r);
}
