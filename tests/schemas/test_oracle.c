/* Our codec against avro-c's generic values, on random values of every schema: what one writes the
 * other reads as the same fields, and both write the same bytes. */

#include <avro.h>
#include <string.h>

#include "base/error.h"
#include "schemas/random_value.h"
#include "schemas/registry.h"
#include "schemas/same_value.h"
#include "support/unit.h"
#include "wire/avro.h"

UNIT_SUITE(oracle);

enum { VALUES = 1000, SEED = 20250122 };

static void check_value(const struct ev_record *record, const void *value, avro_value_t *theirs,
                        struct ev_arena *arena)
{
        static char their_bytes[1 << 16];
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(1 << 20);
        avro_reader_t reader;
        avro_writer_t writer;
        const char *differs;
        void *again;

        cr_assert_eq(ev_avro_encode(record, value, &bytes), 0, "%s", ev_error_last()->text);
        reader = avro_reader_memory((const char *)bytes.data, (int64_t)bytes.size);
        cr_assert_eq(avro_value_read(reader, theirs), 0, "%s", avro_strerror());
        avro_reader_free(reader);
        differs = different_field(record, value, theirs, true);
        cr_assert_null(differs, "field %s", differs);

        writer = avro_writer_memory(their_bytes, sizeof(their_bytes));
        cr_assert_eq(avro_value_write(writer, theirs), 0, "%s", avro_strerror());
        cr_assert_eq((size_t)avro_writer_tell(writer), bytes.size);
        cr_assert_eq(memcmp(their_bytes, bytes.data, bytes.size), 0);
        cr_assert_eq(ev_avro_decode(record,
                                    (struct ev_bytes){ (const uint8_t *)their_bytes, bytes.size },
                                    arena, &again),
                     0, "%s", ev_error_last()->text);
        differs = different_field(record, again, theirs, true);
        cr_assert_null(differs, "field %s", differs);
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
