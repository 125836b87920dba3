/* From a writer's descriptor and ours to one that reads the first into the struct of the second.
 *
 * All of resolution happens here, once for each writer schema; decoding by a plan is the same loop
 * as without one. Two descriptors of bounded depth are walked together.
 *
 * Writers' schemas come from files that operators put there, so what does not resolve is refused
 * with the field's path and no assert. A plan is constant once it is made; if the process dies, it
 * is made again at the next start.
 *
 * For a writer with the fields a, b and c, and us with c, d (default 5) and a, the plan is
 *
 *       fields    a into our a;  b skipped;  c into our c       in the order of the wire
 *       missing   d                                             set to 5 behind them */

#include "wire/plan.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "wire/schema.h"

enum { COMPATIBLE_MEMORY_MAX = 16 * 1024 * 1024 }; /* bytes: two descriptors and two plans */

/* What all levels of one resolution share. */
struct planner {
        struct ev_arena *arena; /* the plan lies in it */
        bool every_value;       /* refuse what could fail at some value */
};

static int resolve_record(struct planner *planner, const struct ev_record *writer,
                          const struct ev_record *reader, const struct ev_record **ret_plan);
static bool same_record(const struct ev_record *a, const struct ev_record *b);

/* Symbols by place and spelling; defaults do not matter to values that both know. */
static bool same_enum(const struct ev_enum *a, const struct ev_enum *b)
{
        assert(a && b);

        if (a->symbols_count != b->symbols_count)
                return false;
        for (uint32_t i = 0; i < a->symbols_count; ++i)
                if (!ev_str_equal(a->symbols[i], b->symbols[i]))
                        return false;
        return true;
}

/* Whether values lie on the wire in the same way and mean the same. */
static bool same_type(const struct ev_field *a, const struct ev_field *b)
{
        assert(a && b);

        if (a->type != b->type || a->optional != b->optional || a->precision != b->precision ||
            a->scale != b->scale)
                return false;
        if (a->record)
                return same_record(a->record, b->record);
        if (a->item)
                return same_type(a->item, b->item);
        return !a->enumeration || same_enum(a->enumeration, b->enumeration);
}

/* Field by field in the order of the wire, so that one read of the bytes serves both. */
static bool same_record(const struct ev_record *a, const struct ev_record *b)
{
        assert(a && b);

        if (!ev_str_equal(a->name, b->name) || a->fields_count != b->fields_count)
                return false;
        for (uint32_t i = 0; i < a->fields_count; ++i)
                if (!ev_str_equal(a->fields[i].name, b->fields[i].name) ||
                    !same_type(&a->fields[i], &b->fields[i]))
                        return false;
        return true;
}

/* Lists of aliases are short, EV_SCHEMA_ALIASES_MAX at most. */
static bool is_among(struct ev_str name, const struct ev_str *names, uint32_t count)
{
        assert(names || count == 0);

        for (uint32_t i = 0; i < count; ++i)
                if (ev_str_equal(name, names[i]))
                        return true;
        return false;
}

/* What stands behind the last dot; a name without dots is short already. */
static struct ev_str short_name(struct ev_str name)
{
        const char *dot = memrchr(name.data, '.', name.size);

        assert(name.size > 0);
        assert(name.data);
        if (!dot)
                return name;
        return (struct ev_str){ dot + 1, name.size - (size_t)(dot + 1 - name.data) };
}

/* The specification compares names without namespace, and aliases in full. So a record may move to
 * another namespace, and needs an alias to take another name. */
static int check_names(struct ev_str writer, struct ev_str reader, const struct ev_str *aliases,
                       uint32_t aliases_count)
{
        assert(writer.size > 0 && reader.size > 0);

        if (ev_str_equal(short_name(writer), short_name(reader)) ||
            is_among(writer, aliases, aliases_count))
                return 0;
        return ev_fail(EV_VERDICT_RECORD, "%.*s is not %.*s", EV_STR_ARG(writer),
                       EV_STR_ARG(reader));
}

/* A map from the writer's symbols to ours. Where both have the same, none is needed, and reading is
 * as fast as without a plan. A symbol of the writer's that nobody here knows is told when a value
 * has it: one new symbol should not stop all events that do not use it. */
static int resolve_enum(struct planner *planner, const struct ev_enum *writer,
                        const struct ev_enum *reader, struct ev_field *result)
{
        int32_t *map;
        int r;

        assert(writer && reader);

        r = check_names(writer->name, reader->name, reader->aliases, reader->aliases_count);
        if (r < 0)
                return ev_trace(r);
        if (same_enum(writer, reader))
                return 0;
        map = ev_arena_take_array(planner->arena, writer->symbols_count, sizeof(*map));
        if (!map)
                return ev_trace(EV_FAILED);
        for (uint32_t i = 0; i < writer->symbols_count; ++i) {
                /* By name: the same symbol may have another place. */
                map[i] = ev_enum_index(reader, writer->symbols[i]);
                if (map[i] < 0)
                        map[i] = reader->default_symbol;
                if (map[i] < 0 && planner->every_value)
                        return ev_fail(EV_VERDICT_RECORD,
                                       "the symbol %.*s is not known and %.*s has no default",
                                       EV_STR_ARG(writer->symbols[i]), EV_STR_ARG(reader->name));
        }
        assert(writer->symbols_count > 0);
        result->map = map;
        result->map_count = writer->symbols_count;
        return 0;
}

/* Another scale would be another number in the same bytes. Fewer digits are judged at each value,
 * since most fit. The specification wants both to be equal; more digits on our side lose nothing,
 * so we take them. */
static int resolve_decimal(const struct planner *planner, const struct ev_field *writer,
                           const struct ev_field *reader)
{
        assert(writer->type == EV_TYPE_DECIMAL && reader->type == EV_TYPE_DECIMAL);

        if (writer->scale != reader->scale)
                return ev_fail(EV_VERDICT_RECORD, "a decimal of scale %d cannot be read as %d",
                               writer->scale, reader->scale);
        if (planner->every_value && writer->precision > reader->precision)
                return ev_fail(EV_VERDICT_RECORD, "a decimal of %d digits cannot be read as %d",
                               writer->precision, reader->precision);
        return 0;
}

/* Which type is on the wire when the two differ: what promotion allows. Less than Avro's own table:
 * int and long to float and double do not exist here, and neither does long to timestamp. */
static int promote(const struct planner *planner, enum ev_type writer, enum ev_type reader,
                   enum ev_type *ret_type)
{
        assert(writer != reader);

        if (writer == EV_TYPE_INT && reader == EV_TYPE_LONG)
                *ret_type = EV_TYPE_INT_AS_LONG;
        else if (writer == EV_TYPE_STRING && reader == EV_TYPE_BYTES)
                *ret_type = EV_TYPE_STRING;
        else if (writer == EV_TYPE_BYTES && reader == EV_TYPE_STRING && !planner->every_value)
                *ret_type = EV_TYPE_STRING; /* bytes may be no text: told at the value */
        else
                return ev_fail(EV_VERDICT_RECORD, "%s cannot be read as %s", ev_type_name(writer),
                               ev_type_name(reader));
        return 0;
}

/* Without regard to null. `result` begins as a copy of the reader's field. An item of a plan is a
 * copy too, and keeps the stride of our struct: only what lies on the wire changes. */
static int resolve_type(struct planner *planner, const struct ev_field *writer,
                        const struct ev_field *reader, struct ev_field *result)
{
        struct ev_field *item;
        int r;

        assert(result);

        if (writer->type != reader->type)
                return ev_trace(promote(planner, writer->type, reader->type, &result->type));
        if (writer->type == EV_TYPE_DECIMAL)
                return ev_trace(resolve_decimal(planner, writer, reader));
        if (writer->type == EV_TYPE_ENUM)
                return ev_trace(
                        resolve_enum(planner, writer->enumeration, reader->enumeration, result));
        if (writer->type == EV_TYPE_RECORD)
                return ev_trace(
                        resolve_record(planner, writer->record, reader->record, &result->record));
        if (writer->type != EV_TYPE_ARRAY)
                return 0;
        item = ev_arena_take(planner->arena, sizeof(*item));
        if (!item)
                return ev_trace(EV_FAILED);
        /* It begins as ours, so that stride, precision and nested descriptors stay those of our
         * struct. */
        *item = *reader->item;
        r = resolve_type(planner, writer->item, reader->item, item);
        if (r < 0)
                return ev_trace(r);
        assert(item->size == reader->item->size);
        result->item = item;
        return 0;
}

/* The name of the field is put in front of whatever went wrong within. Offset, size and default
 * stay ours; what the wire looks like becomes the writer's. */
static int resolve_field(struct planner *planner, const struct ev_field *writer,
                         const struct ev_field *reader, struct ev_field *result)
{
        int r = 0;

        assert(writer->optional == writer->optional_on_wire);

        *result = *reader;
        result->optional_on_wire = writer->optional;
        if (writer->optional && !reader->optional && planner->every_value)
                r = ev_fail(EV_VERDICT_RECORD, "null cannot be read, a value is required");
        if (r == 0)
                r = resolve_type(planner, writer, reader, result);
        if (r < 0) {
                (void)ev_fail_while("field %.*s", EV_STR_ARG(writer->name));
                return ev_trace(r);
        }
        assert(result->size == reader->size);
        return 0;
}

/* Our field that the writer's goes into; NULL if there is none. A name goes before an alias: where
 * a field took over the old name of another, it is that field which a writer of today means. */
static const struct ev_field *find_reader(const struct ev_record *reader, struct ev_str name)
{
        const struct ev_field *field = ev_record_field(reader, name);

        for (uint32_t i = 0; !field && i < reader->fields_count; ++i)
                if (is_among(name, reader->fields[i].aliases, reader->fields[i].aliases_count))
                        field = &reader->fields[i];
        assert(!field ||
               (field >= reader->fields && field < reader->fields + reader->fields_count));
        return field;
}

/* Every field of the writer in its order; marks which of ours they fill. Two of the writer's fields
 * may not fill one of ours, since the later would win in silence. */
static int resolve_fields(struct planner *planner, const struct ev_record *writer,
                          const struct ev_record *reader, struct ev_field *fields, bool *is_filled)
{
        const struct ev_field *field;
        int r;

        assert(fields && is_filled);
        assert(writer->fields_count > 0);

        for (uint32_t i = 0; i < writer->fields_count; ++i) {
                field = find_reader(reader, writer->fields[i].name);
                if (!field) {
                        /* The writer's own descriptor: it says how many bytes are to be passed
                         * over. */
                        fields[i] = writer->fields[i];
                        fields[i].skipped = true;
                        continue;
                }
                if (is_filled[field - reader->fields])
                        return ev_fail(EV_VERDICT_RECORD, "two fields of the writer are our %.*s",
                                       EV_STR_ARG(field->name));
                is_filled[field - reader->fields] = true;
                r = resolve_field(planner, &writer->fields[i], field, &fields[i]);
                if (r < 0)
                        return ev_trace(r);
                fields[i].by_name = writer->fields[i].by_name; /* places are the writer's */
        }
        return 0;
}

/* What the writer does not have takes its default. It is written at each decoding and not copied
 * from a template, because structs are all zeros and most defaults are null. */
static int list_missing(const struct ev_record *reader, const bool *is_filled,
                        const struct ev_field **missing, uint32_t *ret_count)
{
        uint32_t count = 0;

        assert(reader->fields_count > 0);

        for (uint32_t i = 0; i < reader->fields_count; ++i) {
                if (is_filled[i])
                        continue;
                if (!reader->fields[i].initial.given)
                        return ev_fail(EV_VERDICT_RECORD,
                                       "field %.*s: it is not written and has no default",
                                       EV_STR_ARG(reader->fields[i].name));
                missing[count++] = &reader->fields[i];
        }
        *ret_count = count;
        return 0;
}

/* A new record in the order of the writer's fields, whose offsets are those of our struct. */
static int resolve_record(struct planner *planner, const struct ev_record *writer,
                          const struct ev_record *reader, const struct ev_record **ret_plan)
{
        struct ev_arena *arena = planner->arena;
        struct ev_record *plan = ev_arena_take(arena, sizeof(*plan));
        struct ev_field *fields = ev_arena_take_array(arena, writer->fields_count, sizeof(*fields));
        const struct ev_field **missing =
                ev_arena_take_array(arena, reader->fields_count, sizeof(const struct ev_field *));
        bool *is_filled = ev_arena_take_array(arena, reader->fields_count, sizeof(*is_filled));
        int r;

        assert(writer && reader);

        if (!plan || !fields || !missing || !is_filled)
                return ev_trace(EV_FAILED);
        r = check_names(writer->name, reader->name, reader->aliases, reader->aliases_count);
        if (r < 0)
                return ev_trace(r);
        r = resolve_fields(planner, writer, reader, fields, is_filled);
        if (r < 0)
                return ev_trace(r);
        /* Name, size, contract and the fields' places are ours; below it takes the writer's
         * order. */
        *plan = *reader;
        r = list_missing(reader, is_filled, missing, &plan->missing_count);
        if (r < 0)
                return ev_trace(r);
        plan->fields = fields;
        plan->fields_count = writer->fields_count;
        /* It bounds how many items a count may promise, in the writer's bytes. */
        plan->wire_min = writer->wire_min;
        plan->missing = missing;
        assert(ev_record_check(plan));
        *ret_plan = plan;
        return 0;
}

/* Most writers have our own version, and get the reader's record itself: no plan, no cost. */
int ev_plan_make(const struct ev_record *writer, const struct ev_record *reader, bool every_value,
                 struct ev_arena *arena, const struct ev_record **ret_plan)
{
        struct planner planner = { .arena = arena, .every_value = every_value };

        assert(ev_record_check(writer));
        assert(ev_record_check(reader));
        assert(ret_plan);

        /* The fingerprint does not see logical types: equal ones only promise a short comparison.
         */
        if (writer->fingerprint == reader->fingerprint && same_record(writer, reader)) {
                *ret_plan = reader;
                return 0;
        }
        return ev_trace(resolve_record(&planner, writer, reader, ret_plan));
}

/* A plan that cannot be made is the answer and not a failure; its reason stays in the error. */
static int check_direction(const struct ev_record *writer, const char *writer_name,
                           const struct ev_record *reader, const char *reader_name,
                           struct ev_arena *arena)
{
        const struct ev_record *plan;

        assert(writer && reader);
        assert(writer_name && reader_name);

        if (ev_plan_make(writer, reader, true, arena, &plan) == 0)
                return 0;
        (void)ev_fail_while("%s cannot read what %s writes", reader_name, writer_name);
        return EV_SCHEMA_INCOMPATIBLE;
}

/* Both directions: during an upgrade new writers meet old readers, and a replay gives old records
 * to new readers. */
int ev_schema_compatible(const struct ev_schema *older, const char *older_name,
                         const struct ev_schema *newer, const char *newer_name)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        const struct ev_record *old_record, *new_record;
        int r;

        assert(older && newer);

        r = ev_arena_new(&arena, COMPATIBLE_MEMORY_MAX);
        if (r < 0)
                return ev_trace(r);
        r = ev_record_new(older, arena, &old_record);
        if (r < 0)
                return ev_trace(r);
        r = ev_record_new(newer, arena, &new_record);
        if (r < 0)
                return ev_trace(r);
        r = check_direction(old_record, older_name, new_record, newer_name, arena);
        if (r)
                return r;
        return check_direction(new_record, newer_name, old_record, older_name, arena);
}
