/* Our codec against avro-c's generic values, on random values of every schema: what one writes the
 * other reads as the same fields, and both write the same bytes. */

#include <avro.h>
#include <string.h>

#include "base/error.h"
#include "schemas/random_value.h"
#include "schemas/registry.h"
#include "support/unit.h"
#include "wire/avro.h"

UNIT_SUITE(oracle);

enum { VALUES = 1000, SEED = 20250122 };

static void compare_record(const struct ev_record *record, const uint8_t *base,
                           avro_value_t *theirs);

static void compare_bytes(const struct ev_field *field, const uint8_t *at, avro_value_t *theirs)
{
        struct ev_bytes ours;
        const void *data;
        uint8_t bytes[8];
        int64_t number;
        size_t size;

        if (field->type == EV_TYPE_DECIMAL) {
                memcpy(&number, at, sizeof(number));
                ours = (struct ev_bytes){ bytes, ev_decimal_to_bytes(number, bytes) };
        } else {
                memcpy(&ours, at, sizeof(ours));
        }
        cr_assert_eq(avro_value_get_bytes(theirs, &data, &size), 0);
        cr_assert(size == ours.size && memcmp(data, ours.data, size) == 0);
}

static void compare_string(const uint8_t *at, avro_value_t *theirs)
{
        struct ev_str ours;
        const char *text;
        size_t size;

        memcpy(&ours, at, sizeof(ours));
        cr_assert_eq(avro_value_get_string(theirs, &text, &size), 0);
        cr_assert(ev_str_equal(ours, (struct ev_str){ text, size - 1 })); /* theirs counts a NUL */
}

static void compare_value(const struct ev_field *field, const uint8_t *at, avro_value_t *theirs)
{
        int32_t number, our_number;
        int64_t number64, our_number64;
        int flag;

        switch (field->type) {
        case EV_TYPE_BOOLEAN:
                cr_assert_eq(avro_value_get_boolean(theirs, &flag), 0);
                cr_assert_eq(flag != 0, *(const bool *)at);
                return;
        case EV_TYPE_INT:
                memcpy(&our_number, at, sizeof(our_number));
                cr_assert_eq(avro_value_get_int(theirs, &number), 0);
                cr_assert_eq(number, our_number);
                return;
        case EV_TYPE_ENUM:
                memcpy(&our_number, at, sizeof(our_number));
                cr_assert_eq(avro_value_get_enum(theirs, &flag), 0);
                cr_assert_eq(flag, our_number);
                return;
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
                memcpy(&our_number64, at, sizeof(our_number64));
                cr_assert_eq(avro_value_get_long(theirs, &number64), 0);
                cr_assert_eq(number64, our_number64);
                return;
        case EV_TYPE_DECIMAL:
        case EV_TYPE_BYTES: compare_bytes(field, at, theirs); return;
        case EV_TYPE_STRING: compare_string(at, theirs); return;
        case EV_TYPE_RECORD: compare_record(field->record, at, theirs); return;
        case EV_TYPE_ARRAY:
        case EV_TYPE_INT_AS_LONG:
        default: cr_assert_fail("no single value");
        }
}

static void compare_array(const struct ev_field *field, const uint8_t *base, avro_value_t *theirs)
{
        const uint8_t *items;
        size_t count, their_count;
        avro_value_t item;

        memcpy(&items, base + field->offset, sizeof(items));
        memcpy(&count, base + field->beside, sizeof(count));
        cr_assert_eq(avro_value_get_size(theirs, &their_count), 0);
        cr_assert_eq(count, their_count);
        for (size_t i = 0; i < count; ++i) {
                cr_assert_eq(avro_value_get_by_index(theirs, i, &item, NULL), 0);
                compare_value(field->item, items + i * field->item->size, &item);
        }
}

static void compare_field(const struct ev_field *field, const uint8_t *base, avro_value_t *theirs)
{
        const uint8_t *at = base + field->offset;
        avro_value_t branch = *theirs;
        int discriminant;

        if (field->optional) {
                cr_assert_eq(avro_value_get_discriminant(theirs, &discriminant), 0);
                cr_assert_eq(discriminant, ev_field_is_null(field, base) ? 0 : 1);
                if (discriminant == 0)
                        return;
                cr_assert_eq(avro_value_get_current_branch(theirs, &branch), 0);
                if (field->type == EV_TYPE_RECORD)
                        memcpy(&at, base + field->offset, sizeof(at));
        }
        if (field->type == EV_TYPE_ARRAY)
                compare_array(field, base, &branch);
        else
                compare_value(field, at, &branch);
}

static void compare_record(const struct ev_record *record, const uint8_t *base,
                           avro_value_t *theirs)
{
        size_t count;

        cr_assert_eq(avro_value_get_size(theirs, &count), 0);
        cr_assert_eq(count, record->fields_count);
        for (uint32_t i = 0; i < record->fields_count; ++i) {
                avro_value_t field;
                const char *name;

                cr_assert_eq(avro_value_get_by_index(theirs, i, &field, &name), 0);
                cr_assert(ev_str_equal(record->fields[i].name, ev_str_of(name)));
                compare_field(&record->fields[i], base, &field);
        }
}

static void check_value(const struct ev_record *record, const void *value, avro_value_t *theirs,
                        struct ev_arena *arena)
{
        static char their_bytes[1 << 16];
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(1 << 20);
        avro_reader_t reader;
        avro_writer_t writer;
        void *again;

        cr_assert_eq(ev_avro_encode(record, value, &bytes), 0, "%s", ev_error_last()->text);
        reader = avro_reader_memory((const char *)bytes.data, (int64_t)bytes.size);
        cr_assert_eq(avro_value_read(reader, theirs), 0, "%s", avro_strerror());
        avro_reader_free(reader);
        compare_record(record, value, theirs);

        writer = avro_writer_memory(their_bytes, sizeof(their_bytes));
        cr_assert_eq(avro_value_write(writer, theirs), 0, "%s", avro_strerror());
        cr_assert_eq((size_t)avro_writer_tell(writer), bytes.size);
        cr_assert_eq(memcmp(their_bytes, bytes.data, bytes.size), 0);
        cr_assert_eq(ev_avro_decode(record,
                                    (struct ev_bytes){ (const uint8_t *)their_bytes, bytes.size },
                                    arena, &again),
                     0, "%s", ev_error_last()->text);
        compare_record(record, again, theirs);
        avro_writer_free(writer);
}

static void check_schema(const struct ev_registered *entry, struct random_source *source)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        avro_schema_t schema = NULL;
        avro_value_iface_t *class;
        avro_value_t theirs;

        cr_assert_eq(ev_arena_new(&arena, 1 << 24), 0);
        cr_assert_eq(avro_schema_from_json_length(entry->text.data, entry->text.size, &schema), 0);
        class = avro_generic_class_from_schema(schema);
        cr_assert_not_null(class);
        cr_assert_eq(avro_generic_value_new(class, &theirs), 0);
        for (int i = 0; i < VALUES; ++i) {
                cr_assert_eq(avro_value_reset(&theirs), 0);
                check_value(entry->record, random_value(source, entry->record, arena), &theirs,
                            arena);
                ev_arena_reset(arena);
        }
        avro_value_decref(&theirs);
        avro_value_iface_decref(class);
        avro_schema_decref(schema);
}

Test(oracle, avro_c_reads_what_we_write_and_we_read_what_it_writes)
{
        struct random_source source = { .state = SEED };

        cr_log_info("seed %d, %d values of each schema", SEED, VALUES);
        for (size_t i = 0; i < schemas_registry_count; ++i)
                if (schemas_registry[i].record)
                        check_schema(&schemas_registry[i], &source);
}
