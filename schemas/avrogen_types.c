/* Which C types the newest versions make, and their names.
 *
 * Each schema file stands alone, so a type that several events share is defined in each of them: it
 * becomes one C type, and definitions that differ are an error. Two types of one short name in
 * different contexts carry their context in front, both of them, so that adding the second is seen
 * in every place that used the first.
 *
 * The lists are compared by walks of all pairs: a few hundred types at most, once a build. Nothing
 * here writes a file.
 *
 *       quenty.order.OrderPlaced                     struct order_placed
 *       quenty.order.OrderStatus                     enum order_status
 *       quenty.order.Line and quenty.stock.Line      struct order_line and struct stock_line */

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "avrogen.h"
#include "base/error.h"

static bool same_named(const struct ev_schema_named *a, const struct ev_schema_named *b);

/* Lists are compared in order: a symbol's place is its number on the wire. The order of aliases
 * means nothing, but who copies a definition copies it too. */
static bool same_names(const struct ev_str *a, uint32_t a_count, const struct ev_str *b,
                       uint32_t b_count)
{
        assert(a || a_count == 0);

        for (uint32_t i = 0; i < a_count && i < b_count; ++i)
                if (!ev_str_equal(a[i], b[i]))
                        return false;
        return a_count == b_count;
}

/* Whether both would be the same member of a struct, with the same bytes on the wire. */
static bool same_type(const struct ev_schema_type *a, const struct ev_schema_type *b)
{
        assert(a && b);

        if (a->type != b->type || a->optional != b->optional || a->precision != b->precision ||
            a->scale != b->scale)
                return false;
        /* An array is what its items are. */
        if (a->item)
                return same_type(a->item, b->item);
        return !a->named || same_named(a->named, b->named);
}

/* Everything but the doc text, which may differ in words. */
static bool same_field(const struct ev_schema_field *a, const struct ev_schema_field *b)
{
        assert(a && b);

        return ev_str_equal(a->name, b->name) && same_type(&a->type, &b->type) &&
               a->secret == b->secret && a->initial.given == b->initial.given &&
               a->initial.number == b->initial.number &&
               ev_str_equal(a->initial.text, b->initial.text) &&
               same_names(a->aliases, a->aliases_count, b->aliases, b->aliases_count);
}

/* The recursion ends because schemas are not recursive (wire/schema_parse.c refuses that). */
static bool same_named(const struct ev_schema_named *a, const struct ev_schema_named *b)
{
        assert(a && b);

        if (!ev_str_equal(a->name, b->name) || a->type != b->type ||
            a->default_symbol != b->default_symbol || a->fields_count != b->fields_count ||
            !same_names(a->symbols, a->symbols_count, b->symbols, b->symbols_count) ||
            !same_names(a->aliases, a->aliases_count, b->aliases, b->aliases_count))
                return false;
        for (uint32_t i = 0; i < a->fields_count; ++i)
                if (!same_field(&a->fields[i], &b->fields[i]))
                        return false;
        return true;
}

/* By the full name, which is what two schemas that share a type agree on. */
const struct avrogen_type *avrogen_find_type(const struct avrogen *gen, struct ev_str full_name)
{
        assert(full_name.size > 0);

        for (size_t i = 0; i < gen->types_count; ++i)
                if (ev_str_equal(gen->types[i].named->name, full_name))
                        return &gen->types[i];
        return NULL;
}

/* Two events may share a part; an event that is also a part of another would have its contract on
 * one side and not on the other, so that is refused.
 *
 * A part that changed has to change in every event that contains it, at once: this is where one
 * that was forgotten is seen, with both files named. */
static int add_type(struct avrogen *gen, const struct avrogen_version *version,
                    const struct ev_schema_named *named)
{
        const struct avrogen_type *known = avrogen_find_type(gen, named->name);
        bool is_event = named == version->schema->record;

        assert(gen->types_count <= AVROGEN_TYPES_MAX);
        assert(version->newest);

        /* The same part in a second event: it is one type. */
        if (known && !is_event && !known->is_event && same_named(known->named, named))
                return 0;
        if (known)
                return ev_fail(EV_VERDICT_STOP, "%.*s: %.*s is defined in another way than in %.*s",
                               EV_STR_ARG(version->line.file), EV_STR_ARG(named->name),
                               EV_STR_ARG(known->from->line.file));
        if (gen->types_count == AVROGEN_TYPES_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d types", AVROGEN_TYPES_MAX);
        gen->types[gen->types_count++] = (struct avrogen_type){
                .named = named, .from = version, .is_event = is_event, .context = version->context
        };
        return 0;
}

/* By depth, so that what a struct contains is declared before it. Enums have depth 0 and come
 * first. */
static int add_types(struct avrogen *gen, const struct avrogen_version *version)
{
        const struct ev_schema *schema = version->schema;
        int r;

        assert(schema->record->depth > 0);

        for (uint32_t depth = 0; depth <= schema->record->depth; ++depth)
                for (uint32_t i = 0; i < schema->named_count; ++i) {
                        r = schema->named[i]->depth == depth
                                    ? add_type(gen, version, schema->named[i])
                                    : 0;
                        if (r < 0)
                                return ev_trace(r);
                }
        return 0;
}

/* In the order of `ids`, so that the output does not depend on the file system. */
static int add_context(struct avrogen *gen, struct ev_str context)
{
        assert(context.size > 0);

        for (size_t i = 0; i < gen->contexts_count; ++i)
                if (ev_str_equal(gen->contexts[i], context))
                        return 0;
        if (gen->contexts_count == AVROGEN_CONTEXTS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d contexts", AVROGEN_CONTEXTS_MAX);
        gen->contexts[gen->contexts_count++] = context;
        return 0;
}

/* OrderPlaced → order_placed, HSCode → hs_code. A word begins at a capital behind a small letter,
 * and at the last of several capitals. */
static void make_snake_case(struct ev_str name, char *snake, size_t capacity)
{
        size_t size = 0;

        assert(capacity > 2);

        for (size_t i = 0; i < name.size && size + 2 < capacity; ++i) {
                unsigned char c = (unsigned char)name.data[i];
                bool after_lower = i > 0 && !isupper((unsigned char)name.data[i - 1]) &&
                                   name.data[i - 1] != '_';
                bool before_lower = i > 0 && i + 1 < name.size && name.data[i - 1] != '_' &&
                                    islower((unsigned char)name.data[i + 1]);

                /* HSCode: S follows a capital and stands before one, so only C begins a word. */
                if (isupper(c) && (after_lower || before_lower))
                        snake[size++] = '_';
                snake[size++] = (char)tolower(c);
        }
        snake[size] = '\0';
}

/* Whether another context has a type of that short name. */
static bool is_ambiguous(const struct avrogen *gen, const struct avrogen_type *type)
{
        struct ev_str name = avrogen_short_name(type->named->name);

        assert(type->named);
        assert(gen->types_count > 0);

        for (size_t i = 0; i < gen->types_count; ++i)
                if (&gen->types[i] != type &&
                    ev_str_equal(avrogen_short_name(gen->types[i].named->name), name))
                        return true;
        return false;
}

/* Two names that C cannot tell apart are an error here, with both named, and not a riddle of the
 * compiler. */
static int name_type(const struct avrogen *gen, struct avrogen_type *type)
{
        char snake[AVROGEN_NAME_MAX];
        int size;

        assert(type->context.size > 0);

        make_snake_case(avrogen_short_name(type->named->name), snake, sizeof(snake));
        size = is_ambiguous(gen, type) ? snprintf(type->name, sizeof(type->name), "%.*s_%s",
                                                  EV_STR_ARG(type->context), snake)
                                       : snprintf(type->name, sizeof(type->name), "%s", snake);
        if (size < 0 || (size_t)size >= sizeof(type->name))
                return ev_fail(EV_VERDICT_STOP, "the name %.*s is too long",
                               EV_STR_ARG(type->named->name));
        for (int i = 0; i <= size; ++i)
                type->upper[i] = (char)toupper((unsigned char)type->name[i]);
        for (const struct avrogen_type *other = gen->types; other < type; ++other)
                if (strcmp(other->name, type->name) == 0)
                        return ev_fail(EV_VERDICT_STOP, "%.*s and %.*s would both be %s in C",
                                       EV_STR_ARG(other->named->name),
                                       EV_STR_ARG(type->named->name), type->name);
        assert(type->name[0]);
        return 0;
}

/* Names come last: which are ambiguous is known only when all types are. */
int avrogen_collect_types(struct avrogen *gen)
{
        int r = 0;

        assert(gen->types_count == 0);

        for (size_t i = 0; i < gen->versions_count; ++i) {
                if (!gen->versions[i].newest)
                        continue;
                r = add_context(gen, gen->versions[i].context);
                if (r == 0)
                        r = add_types(gen, &gen->versions[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        for (size_t i = 0; r == 0 && i < gen->types_count; ++i)
                r = name_type(gen, &gen->types[i]);
        return ev_trace(r);
}

/* A secret within an item or a record makes the whole value one that is not shown unread. */
static bool type_has_secret(const struct ev_schema_type *type)
{
        assert(type);

        if (type->item)
                return type_has_secret(type->item);
        return type->type == EV_TYPE_RECORD && avrogen_has_secret(type->named);
}

/* The counterparts of field_has_secret() and wire_min_of() in wire/record.c, for descriptors that
 * are written down instead of made; tests compare both kinds. */
bool avrogen_has_secret(const struct ev_schema_named *record)
{
        assert(record);
        assert(record->type == EV_TYPE_RECORD);

        for (uint32_t i = 0; i < record->fields_count; ++i)
                if (record->fields[i].secret || type_has_secret(&record->fields[i].type))
                        return true;
        return false;
}

/* Fields one after another, each at its shortest; never 0, because a record has fields. */
uint32_t avrogen_wire_min(const struct ev_schema_named *record)
{
        uint32_t sum = 0;

        assert(record->type == EV_TYPE_RECORD);

        for (uint32_t i = 0; i < record->fields_count; ++i) {
                const struct ev_schema_type *type = &record->fields[i].type;

                if (!type->optional && type->type == EV_TYPE_RECORD)
                        sum += avrogen_wire_min(type->named);
                else /* a decimal has a length and a digit; all others may be one byte */
                        sum += !type->optional && type->type == EV_TYPE_DECIMAL ? 2 : 1;
        }
        return sum;
}
