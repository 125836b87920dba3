/* Our codec against fastavro's bytes (tests/vectors), for every schema version in schemas/ids. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "schemas/registry.h"
#include "support/unit.h"
#include "wire/avro.h"
#include "wire/form.h"
#include "wire/plan.h"
#include "wire/schema.h"

UNIT_SUITE(vectors);

static struct ev_json *load(const char *name)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(EV_JSON_BYTES_MAX);
        struct ev_json *root = NULL;
        char path[1024], chunk[4096];
        size_t size;
        FILE *file;

        snprintf(path, sizeof(path), VECTORS "/%s", name);
        file = fopen(path, "re");
        cr_assert_not_null(file, "%s", path);
        while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0)
                cr_assert_eq(ev_buffer_append(&text, chunk, size), 0);
        fclose(file);
        cr_assert_eq(ev_json_parse(ev_buffer_str(&text), EV_JSON_BYTES_MAX, &root), 0, "%s: %s",
                     path, ev_error_last()->text);
        return root;
}

/* Writes a node as it was read, but for blanks and escapes; secrets as we print them. */
static void write_node(const struct ev_json *node, const struct ev_record *record,
                       struct ev_json_writer *writer)
{
        struct ev_json_member member = { 0 };
        int64_t number = 0;
        bool flag = false;

        switch (ev_json_type(node)) {
        case EV_JSON_OBJECT:
                ev_json_object_begin(writer);
                while (ev_json_next(node, &member)) {
                        const struct ev_field *field =
                                record ? ev_record_field(record, member.name) : NULL;

                        ev_json_write_name(writer, member.name);
                        if (field && field->secret && ev_json_type(member.value) != EV_JSON_NULL)
                                ev_json_write_string(writer, EV_STR("***"));
                        else
                                write_node(member.value, NULL, writer);
                }
                ev_json_object_end(writer);
                return;
        case EV_JSON_ARRAY:
                ev_json_array_begin(writer);
                for (size_t i = 0; i < ev_json_count(node); ++i)
                        write_node(ev_json_item(node, i), NULL, writer);
                ev_json_array_end(writer);
                return;
        case EV_JSON_INT:
                cr_assert(ev_json_int(node, &number));
                ev_json_write_int(writer, number);
                return;
        case EV_JSON_BOOL:
                cr_assert(ev_json_bool(node, &flag));
                ev_json_write_bool(writer, flag);
                return;
        case EV_JSON_STRING: ev_json_write_string(writer, ev_json_string(node)); return;
        case EV_JSON_NULL: ev_json_write_null(writer); return;
        case EV_JSON_REAL: break;
        }
        cr_assert_fail("the form has no real numbers");
}

static struct ev_str hex_of(const struct ev_buffer *bytes, struct ev_buffer *hex)
{
        ev_buffer_clear(hex);
        for (size_t i = 0; i < bytes->size; ++i)
                cr_assert_eq(ev_buffer_printf(hex, "%02x", bytes->data[i]), 0);
        return ev_buffer_str(hex);
}

/* JSON → struct → bytes, and those bytes → struct → JSON, by one record. */
static void check_case(const struct ev_record *record, const struct ev_json *vector,
                       struct ev_arena *arena)
{
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(1 << 20);
        _cleanup_buffer_ struct ev_buffer hex = EV_BUFFER_INIT(1 << 22);
        _cleanup_buffer_ struct ev_buffer form = EV_BUFFER_INIT(1 << 22);
        _cleanup_buffer_ struct ev_buffer expected = EV_BUFFER_INIT(1 << 22);
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(&expected);
        const struct ev_json *json = ev_json_get(vector, EV_STR("json"));
        struct ev_str name = ev_json_string(ev_json_get(vector, EV_STR("case")));
        void *value;

        cr_assert_eq(ev_form_read(record, json, arena, &value), 0, "%.*s: %s", EV_STR_ARG(name),
                     ev_error_last()->text);
        cr_assert_eq(ev_avro_encode(record, value, &bytes), 0, "%s", ev_error_last()->text);
        cr_assert(ev_str_equal(hex_of(&bytes, &hex),
                               ev_json_string(ev_json_get(vector, EV_STR("hex")))),
                  "%.*s, %.*s: %.*s", EV_STR_ARG(record->name), EV_STR_ARG(name),
                  EV_STR_ARG(ev_buffer_str(&hex)));

        cr_assert_eq(ev_avro_decode(record, (struct ev_bytes){ bytes.data, bytes.size }, arena,
                                    &value),
                     0, "%s", ev_error_last()->text);
        cr_assert_eq(ev_form_print(record, value, &form), 0);
        write_node(json, record, &writer);
        cr_assert_eq(ev_json_writer_end(&writer), 0);
        cr_assert(ev_str_equal(ev_buffer_str(&form), ev_buffer_str(&expected)), "%.*s: %.*s",
                  EV_STR_ARG(record->name), EV_STR_ARG(ev_buffer_str(&form)));

        for (size_t size = 0; size < bytes.size; ++size)
                cr_assert_eq(ev_avro_decode(record, (struct ev_bytes){ bytes.data, size }, arena,
                                            &value),
                             EV_UNDECODABLE, "%.*s cut at byte %zu", EV_STR_ARG(record->name),
                             size);
}

/* "quenty.order.OrderPlaced" → "order.OrderPlaced.v1.json" */
static void vector_name(const struct ev_registered *entry, char *name, size_t capacity)
{
        const char *dot = memchr(entry->name.data, '.', entry->name.size);

        cr_assert_not_null(dot);
        snprintf(name, capacity, "%.*s.v%u.json",
                 (int)(entry->name.data + entry->name.size - dot - 1), dot + 1,
                 (unsigned)entry->version);
}

/* Of newest versions by the generated descriptor, of all by one made at run time. */
Test(vectors, every_schema_gives_fastavros_bytes)
{
        size_t cases = 0;

        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_registered *entry = &schemas_registry[i];
                _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
                _cleanup_(ev_json_free_p) struct ev_json *vectors = NULL;
                _cleanup_(ev_arena_free_p) struct ev_arena *kept = NULL, *arena = NULL;
                const struct ev_record *at_run_time;
                char name[512];

                vector_name(entry, name, sizeof(name));
                vectors = load(name);
                cr_assert_gt(ev_json_count(vectors), 0);
                cr_assert_eq(ev_arena_new(&kept, 1 << 24), 0);
                cr_assert_eq(ev_arena_new(&arena, 1 << 26), 0);
                cr_assert_eq(ev_schema_parse(entry->text, &schema), 0);
                cr_assert_eq(ev_record_new(schema, kept, &at_run_time), 0);
                for (size_t k = 0; k < ev_json_count(vectors); ++k, ++cases) {
                        check_case(at_run_time, ev_json_item(vectors, k), arena);
                        if (entry->record)
                                check_case(entry->record, ev_json_item(vectors, k), arena);
                        ev_arena_reset(arena);
                }
        }
        cr_log_info("%zu vectors", cases);
}

Test(vectors, every_fingerprint_is_fastavros)
{
        _cleanup_(ev_json_free_p) struct ev_json *prints = load("fingerprints.json");
        size_t found = 0;

        cr_assert_eq(ev_json_count(prints), schemas_registry_count);
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_registered *entry = &schemas_registry[i];
                const struct ev_json *print = ev_json_item(prints, i);
                _cleanup_buffer_ struct ev_buffer canonical = EV_BUFFER_INIT(1 << 20);
                _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
                char hex[17];

                cr_assert(ev_str_equal(ev_json_string(ev_json_get(print, EV_STR("name"))),
                                       entry->name));
                cr_assert_eq(ev_schema_parse(entry->text, &schema), 0);
                cr_assert_eq(ev_schema_write_canonical(schema, &canonical), 0);
                cr_assert(ev_str_equal(ev_json_string(ev_json_get(print, EV_STR("canonical"))),
                                       ev_buffer_str(&canonical)));
                snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)entry->fingerprint);
                cr_assert(ev_str_equal(ev_json_string(ev_json_get(print, EV_STR("fingerprint"))),
                                       ev_str_of(hex)));
                ++found;
        }
        cr_assert_eq(found, schemas_registry_count);
}

/* What was made at build time says the same as the schema's text at run time. */
Test(vectors, generated_descriptors_are_their_schemas)
{
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_registered *entry = &schemas_registry[i];
                _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
                _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
                const struct ev_record *at_run_time, *plan;

                if (!entry->record)
                        continue;
                cr_assert_eq(ev_arena_new(&arena, 1 << 24), 0);
                cr_assert_eq(ev_schema_parse(entry->text, &schema), 0);
                cr_assert_eq(ev_record_new(schema, arena, &at_run_time), 0);
                cr_assert(ev_record_check(entry->record), "%.*s", EV_STR_ARG(entry->name));
                cr_assert_eq(entry->record->fingerprint, at_run_time->fingerprint);
                cr_assert_eq(entry->record->wire_min, at_run_time->wire_min);
                cr_assert_eq(entry->record->has_secret, at_run_time->has_secret);
                cr_assert_eq(entry->record->schema_id, entry->id);
                cr_assert_eq(ev_plan_make(at_run_time, entry->record, true, arena, &plan), 0);
                cr_assert_eq(plan, entry->record, "%.*s needs no plan", EV_STR_ARG(entry->name));
        }
}

Test(vectors, contracts_point_into_their_records)
{
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_record *record = schemas_registry[i].record;
                const struct ev_contract *contract = record ? record->contract : NULL;

                if (!record)
                        continue;
                cr_assert_not_null(contract);
                cr_assert_geq(contract->subject_count, 1);
                for (uint32_t k = 0; k < contract->subject_count; ++k)
                        cr_assert_eq(contract->subject[k]->type, EV_TYPE_STRING);
                cr_assert_eq(contract->kind == EV_KIND_FACT, contract->outcome != EV_OUTCOME_NONE);
                cr_assert_eq(contract->kind == EV_KIND_INGRESS, contract->outcomes_count > 0);
                cr_assert_eq(contract->kind == EV_KIND_INGRESS, contract->natural_key_count > 0);
        }
}
