/* Schemas as one exact text: the Parsing Canonical Form that Avro's fingerprints are made over, our
 * lock form, which also holds what the canonical form leaves out but values depend on, and a union
 * of several, which object container files are written by.
 *
 * All are one walk: the lock form is the canonical form with further members, and the union is a list
 * of canonical forms that keep their logical types. Names are ASCII here, so the specification's rule
 * about escapes has nothing to do.
 *
 * The first two are hashed and the hashes are stored: the canonical one is Avro's and everybody's, the
 * lock form is ours and stands in schemas/ids. Files that are exported again must have the same bytes
 * as before. So none may ever change; vectors of another implementation, the locks themselves and a
 * test's own text guard them. Nothing is kept between calls.
 *
 * The record q.T of a decimal p and an optional int n with default null, in both forms (the breaks
 * are not there):
 *
 *       {"name":"q.T","type":"record","fields":[{"name":"p","type":"bytes"},
 *       {"name":"n","type":["null","int"]}]}
 *
 *       [{"name":"q.T","type":"record","fields":[{"name":"p","type":{"type":"bytes",
 *       "logicalType":"decimal","precision":14,"scale":2}},
 *       {"name":"n","type":["null","int"],"default":[0,null]}]}] */

#include <assert.h>

#include "base/error.h"
#include "base/json.h"
#include "base/macro.h"
#include "wire/schema.h"

/* Full names can make a form longer than the text it was made of. */
enum { CANONICAL_BYTES_MAX = 4 * EV_SCHEMA_BYTES_MAX };

/* A form that is being written. */
struct form {
        struct ev_json_writer json; /* keeps the first failure; told at the end */
        bool lock;                  /* write what the canonical form leaves out, too */
        bool is_logical;            /* write logical types, as the lock form and a union do */
        bool is_expanded; /* write named types in full each time; there is no recursion to end */
        uint32_t defined; /* named types written in full so far: later they are only named */
        /* Of a union: the schemas before this one, whose definitions are only named as well. */
        const struct ev_schema *const *before;
        size_t before_count;
};

static void write_type(struct form *form, const struct ev_schema_type *type);

/* A member whose value is a string, which nearly all of them are. */
static void write_member(struct form *form, const char *name, struct ev_str value)
{
        assert(name);

        ev_json_write_name(&form->json, ev_str_of(name));
        ev_json_write_string(&form->json, value);
}

/* In the order of the schema, which means something: a symbol's place is its number on the wire. */
static void write_strings(struct form *form, const char *name, const struct ev_str *strings,
                          uint32_t count)
{
        assert(strings || count == 0);

        ev_json_write_name(&form->json, ev_str_of(name));
        ev_json_array_begin(&form->json);
        for (uint32_t i = 0; i < count; ++i)
                ev_json_write_string(&form->json, strings[i]);
        ev_json_array_end(&form->json);
}

/* Number and text as a struct has them: one form for all types, which nobody else reads. */
static void write_default(struct form *form, const struct ev_default *initial)
{
        assert(form->lock);
        assert(initial->given);

        ev_json_write_name(&form->json, EV_STR("default"));
        ev_json_array_begin(&form->json);
        ev_json_write_int(&form->json, initial->number);
        ev_json_write_string(&form->json, initial->text);
        ev_json_array_end(&form->json);
}

/* Of a field, the canonical form has name and type only. */
static void write_field(struct form *form, const struct ev_schema_field *field)
{
        assert(field->name.size > 0);

        ev_json_object_begin(&form->json);
        write_member(form, "name", field->name);
        ev_json_write_name(&form->json, EV_STR("type"));
        write_type(form, &field->type);
        if (form->lock && field->initial.given)
                write_default(form, &field->initial);
        if (form->lock && field->aliases_count > 0)
                write_strings(form, "aliases", field->aliases, field->aliases_count);
        if (form->lock && field->secret) {
                ev_json_write_name(&form->json, EV_STR("secret"));
                ev_json_write_bool(&form->json, true);
        }
        ev_json_object_end(&form->json);
}

/* The specification's order of members: name, type, fields, symbols. What only the lock form has
 * stands behind them. */
static void write_definition(struct form *form, const struct ev_schema_named *named)
{
        assert(named->name.size > 0);

        ev_json_object_begin(&form->json);
        write_member(form, "name", named->name);
        write_member(form, "type", ev_str_of(ev_type_name(named->type)));
        if (named->type == EV_TYPE_RECORD) {
                ev_json_write_name(&form->json, EV_STR("fields"));
                ev_json_array_begin(&form->json);
                for (uint32_t i = 0; i < named->fields_count; ++i)
                        write_field(form, &named->fields[i]);
                ev_json_array_end(&form->json);
        } else {
                write_strings(form, "symbols", named->symbols, named->symbols_count);
        }
        if (form->lock && named->default_symbol >= 0)
                write_member(form, "default", named->symbols[named->default_symbol]);
        if (form->lock && named->aliases_count > 0)
                write_strings(form, "aliases", named->aliases, named->aliases_count);
        ev_json_object_end(&form->json);
}

/* The definition of that name in a schema; NULL: it has none. */
static const struct ev_schema_named *find_named(const struct ev_schema *schema, struct ev_str name)
{
        assert(name.size > 0);

        for (uint32_t i = 0; i < schema->named_count; ++i)
                if (ev_str_equal(schema->named[i]->name, name))
                        return schema->named[i];
        return NULL;
}

/* Of a union: whether a schema that was written already has it. They are few, and a union is written once
 * a file, so nobody keeps a table of names. */
static bool is_defined_before(const struct form *form, struct ev_str name)
{
        assert(form->before || form->before_count == 0);

        for (size_t i = 0; i < form->before_count; ++i)
                if (find_named(form->before[i], name))
                        return true;
        return false;
}

/* A type is written in full where it stands first, and by its name from then on. Definitions are
 * numbered in the order of the text, so one count tells which were written. One that is nested in
 * another that an earlier schema has is passed over with it, so its number may be above the count:
 * but then the earlier schema has it, too. */
static void write_named(struct form *form, const struct ev_schema_named *named)
{
        if (form->is_expanded) {
                write_definition(form, named);
                return;
        }
        if (named->index < form->defined || is_defined_before(form, named->name)) {
                ev_json_write_string(&form->json, named->name);
                return;
        }
        /* Definitions come in the order of the text. */
        assert(named->index == form->defined || form->before_count > 0);
        form->defined = named->index + 1;
        write_definition(form, named);
}

/* To the canonical form these are plain bytes and long, which is why it does not see a changed
 * scale. */
static void write_logical(struct form *form, const struct ev_schema_type *type)
{
        bool decimal = type->type == EV_TYPE_DECIMAL;

        assert(form->is_logical);

        ev_json_object_begin(&form->json);
        write_member(form, "type", decimal ? EV_STR("bytes") : EV_STR("long"));
        write_member(form, "logicalType", decimal ? EV_STR("decimal") : EV_STR("timestamp-micros"));
        if (decimal) {
                ev_json_write_name(&form->json, EV_STR("precision"));
                ev_json_write_int(&form->json, type->precision);
                ev_json_write_name(&form->json, EV_STR("scale"));
                ev_json_write_int(&form->json, type->scale);
        }
        ev_json_object_end(&form->json);
}

/* The specification's [PRIMITIVES] rule: a primitive type is its name, never {"type": name}. */
static void write_plain_type(struct form *form, const struct ev_schema_type *type)
{
        assert(type->type != EV_TYPE_INT_AS_LONG);

        if (type->named) {
                write_named(form, type->named);
        } else if (type->item) {
                ev_json_object_begin(&form->json);
                write_member(form, "type", EV_STR("array"));
                ev_json_write_name(&form->json, EV_STR("items"));
                write_type(form, type->item);
                ev_json_object_end(&form->json);
        } else if (type->type == EV_TYPE_DECIMAL || type->type == EV_TYPE_TIMESTAMP) {
                if (form->is_logical)
                        write_logical(form, type);
                else
                        ev_json_write_string(&form->json, type->type == EV_TYPE_DECIMAL
                                                                  ? EV_STR("bytes")
                                                                  : EV_STR("long"));
        } else {
                ev_json_write_string(&form->json, ev_str_of(ev_type_name(type->type)));
        }
}

/* A union is a list of its branches; ours has null and one other. */
static void write_type(struct form *form, const struct ev_schema_type *type)
{
        assert(type);

        if (!type->optional) {
                write_plain_type(form, type);
                return;
        }
        ev_json_array_begin(&form->json);
        ev_json_write_string(&form->json, EV_STR("null"));
        write_plain_type(form, type);
        ev_json_array_end(&form->json);
}

/* Fields by their places: a field that moved is another contract, as it is another encoding. */
static void write_places(struct form *form, const char *name, const uint32_t *places,
                         uint32_t count)
{
        assert(places || count == 0);

        ev_json_write_name(&form->json, ev_str_of(name));
        ev_json_array_begin(&form->json);
        for (uint32_t i = 0; i < count; ++i)
                ev_json_write_int(&form->json, places[i]);
        ev_json_array_end(&form->json);
}

/* All members, also those that the kind does not have: a form without choices needs no rules. */
static void write_contract(struct form *form, const struct ev_schema_contract *contract)
{
        assert(contract->given);

        ev_json_object_begin(&form->json);
        ev_json_write_name(&form->json, EV_STR("kind"));
        ev_json_write_int(&form->json, contract->kind);
        write_member(form, "topic", contract->topic);
        ev_json_write_name(&form->json, EV_STR("key"));
        ev_json_write_int(&form->json, contract->key);
        write_places(form, "subject", contract->subject, contract->subject_count);
        ev_json_write_name(&form->json, EV_STR("outcome"));
        ev_json_write_int(&form->json, contract->outcome);
        ev_json_write_name(&form->json, EV_STR("repeats"));
        ev_json_write_int(&form->json, contract->repeats);
        write_places(form, "natural_key", contract->natural_key, contract->natural_key_count);
        write_strings(form, "outcomes", contract->outcomes, contract->outcomes_count);
        ev_json_object_end(&form->json);
}

/* Avro specification, "Transforming into Parsing Canonical Form": names in full, no attributes that
 * do not change how bytes are read, one order of members, no blanks. */
int ev_schema_write_canonical(const struct ev_schema *schema, struct ev_buffer *buffer)
{
        struct form form = { .json = EV_JSON_WRITER_INIT(buffer) };

        assert(buffer);
        assert(schema->record);

        write_named(&form, schema->record);
        return ev_trace(ev_json_writer_end(&form.json));
}

/* A list of two: the event's type, and its contract where it has one. */
int ev_schema_write_lock_form(const struct ev_schema *schema, struct ev_buffer *buffer)
{
        struct form form = { .json = EV_JSON_WRITER_INIT(buffer),
                             .lock = true,
                             .is_logical = true };

        assert(buffer);
        assert(schema->record);

        ev_json_array_begin(&form.json);
        write_named(&form, schema->record);
        if (schema->contract.given)
                write_contract(&form, &schema->contract);
        ev_json_array_end(&form.json);
        return ev_trace(ev_json_writer_end(&form.json));
}

/* Every type in full wherever it stands, so that the text says all that the definition depends on. There
 * is no recursion in our schemas, so it ends; the buffer bounds it. */
static int write_expanded(const struct ev_schema_named *named, struct ev_buffer *buffer)
{
        struct form form = { .json = EV_JSON_WRITER_INIT(buffer),
                             .is_logical = true,
                             .is_expanded = true };

        assert(named->name.size > 0);

        write_definition(&form, named);
        return ev_trace(ev_json_writer_end(&form.json));
}

/* Whether both definitions say the same, names of fields included: a reader of a file shows them. */
static int compare_definitions(const struct ev_schema_named *a, const struct ev_schema_named *b,
                               bool *ret_same)
{
        _cleanup_buffer_ struct ev_buffer left = EV_BUFFER_INIT(CANONICAL_BYTES_MAX);
        _cleanup_buffer_ struct ev_buffer right = EV_BUFFER_INIT(CANONICAL_BYTES_MAX);
        int r = write_expanded(a, &left);

        assert(ret_same);

        if (r == 0)
                r = write_expanded(b, &right);
        if (r == 0)
                *ret_same = ev_str_equal(ev_buffer_str(&left), ev_buffer_str(&right));
        return ev_trace(r);
}

/* Versions of one event clash even where they say the same: which of them a value was written by would be
 * told by nothing. Other names may be in both as long as they mean one thing. */
int ev_schema_find_clash(const struct ev_schema *a, const struct ev_schema *b, bool *ret_clash)
{
        bool is_same = !ev_str_equal(a->record->name, b->record->name);
        int r = 0;

        assert(ret_clash);

        for (uint32_t i = 0; r == 0 && is_same && i < a->named_count; ++i) {
                const struct ev_schema_named *other = find_named(b, a->named[i]->name);

                if (other)
                        r = compare_definitions(a->named[i], other, &is_same);
        }
        if (r == 0)
                *ret_clash = !is_same;
        return ev_trace(r);
}

/* The order is the caller's, since a branch is its place. A schema is written by the same walk as its
 * canonical form; what it shares with those before it is only named. */
int ev_schema_write_union(const struct ev_schema *const *schemas, size_t count,
                          struct ev_buffer *buffer)
{
        struct form form = { .json = EV_JSON_WRITER_INIT(buffer),
                             .is_logical = true,
                             .before = schemas };

        assert(schemas && count > 0);

        ev_json_array_begin(&form.json);
        for (size_t i = 0; i < count; ++i) {
                form.before_count = i;
                form.defined = 0;
                write_named(&form, schemas[i]->record);
        }
        ev_json_array_end(&form.json);
        return ev_trace(ev_json_writer_end(&form.json));
}

/* The text is made and summed: a form of some kilobytes, once a start. */
static int crc_of_form(const struct ev_schema *schema,
                       int (*write)(const struct ev_schema *, struct ev_buffer *),
                       uint64_t *ret_crc)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(CANONICAL_BYTES_MAX);
        int r;

        assert(write);
        assert(ret_crc);

        r = write(schema, &buffer);
        if (r < 0)
                return ev_trace(r);
        *ret_crc = ev_crc64_avro((struct ev_bytes){ buffer.data, buffer.size });
        return 0;
}

/* What other systems call the schema's fingerprint: equal for all that read bytes alike. */
int ev_schema_fingerprint(const struct ev_schema *schema, uint64_t *ret_fingerprint)
{
        assert(schema);

        return ev_trace(crc_of_form(schema, ev_schema_write_canonical, ret_fingerprint));
}

/* A CRC and no cryptographic hash: it guards against accidents in files that the same people may
 * edit. */
int ev_schema_lock(const struct ev_schema *schema, uint64_t *ret_lock)
{
        assert(schema);

        return ev_trace(crc_of_form(schema, ev_schema_write_lock_form, ret_lock));
}

/* The specification's CRC-64-AVRO without its table: a schema is summed once a start, not once a
 * message. `empty` is both the polynomial and the value of nothing. */
uint64_t ev_crc64_avro(struct ev_bytes bytes)
{
        const uint64_t empty = UINT64_C(0xc15d213aa4d7a795);
        uint64_t crc = empty;

        assert(bytes.data || bytes.size == 0);

        for (size_t i = 0; i < bytes.size; ++i) {
                /* The row of the specification's table for this byte, computed on the spot. */
                uint64_t low = (crc ^ bytes.data[i]) & 0xff;

                for (int bit = 0; bit < 8; ++bit)
                        low = low >> 1 ^ (empty & -(low & 1));
                crc = crc >> 8 ^ low;
        }
        return crc;
}
