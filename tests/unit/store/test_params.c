/* Bytes against what PostgreSQL documents; that its own array_send() makes the same ones is looked
 * at where a server is (tests/integration/store). */

#include "support/unit.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/params.h"
#include "store/type.h"

UNIT_SUITE(params);

enum { BYTES_MAX = 1 << 20 };

/* A statement with up to four parameters of these types. */
static struct ev_statement statement_of(const uint32_t *oids, size_t count)
{
        static const char *const names[] = { "a", "b", "c", "d" };

        return (struct ev_statement){ .name = "test",
                                      .text = "SELECT",
                                      .params = oids,
                                      .param_names = names,
                                      .params_count = count };
}

static void expect_bytes(const struct ev_params *params, size_t i, const char *bytes, size_t size)
{
        cr_assert_eq(params->sizes[i], (int)size, "parameter %zu has %d bytes", i,
                     params->sizes[i]);
        cr_assert_eq(memcmp(params->values[i], bytes, size), 0, "parameter %zu", i);
}
#define EXPECT_BYTES(params, i, literal) expect_bytes(params, i, literal, sizeof(literal) - 1)

Test(params, integers_are_big_endian)
{
        static const uint32_t oids[] = { EV_OID_INT2, EV_OID_INT4, EV_OID_INT8, EV_OID_BOOL };
        const struct ev_statement statement = statement_of(oids, 4);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &statement);
        ev_params_int2(&params, 0x0102);
        ev_params_int4(&params, -2);
        ev_params_int8(&params, 0x0102030405060708);
        ev_params_bool(&params, true);
        cr_assert_eq(ev_params_finish(&params), 0);
        EXPECT_BYTES(&params, 0, "\1\2");
        EXPECT_BYTES(&params, 1, "\xff\xff\xff\xfe");
        EXPECT_BYTES(&params, 2, "\1\2\3\4\5\6\7\10");
        EXPECT_BYTES(&params, 3, "\1");
}

Test(params, times_count_from_2000)
{
        static const uint32_t oids[] = { EV_OID_TIMESTAMPTZ, EV_OID_DATE };
        const struct ev_statement statement = statement_of(oids, 2);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &statement);
        ev_params_timestamptz(&params, 946684800000001);
        ev_params_date(&params, 10956);
        cr_assert_eq(ev_params_finish(&params), 0);
        EXPECT_BYTES(&params, 0, "\0\0\0\0\0\0\0\1");
        EXPECT_BYTES(&params, 1, "\xff\xff\xff\xff");
}

Test(params, null_and_empty_are_not_the_same)
{
        static const uint32_t oids[] = { EV_OID_TEXT, EV_OID_TEXT, EV_OID_BYTEA, EV_OID_UUID };
        const struct ev_statement statement = statement_of(oids, 4);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &statement);
        ev_params_text(&params, EV_STR(""));
        ev_params_text(&params, EV_STR_NULL);
        ev_params_bytea(&params, (struct ev_bytes){ NULL, 0 });
        ev_params_uuid(&params, NULL);
        cr_assert_eq(ev_params_finish(&params), 0);
        cr_assert_not_null(params.values[0]);
        cr_assert_eq(params.sizes[0], 0);
        for (size_t i = 1; i < 4; ++i) {
                cr_assert_null(params.values[i]);
                cr_assert_eq(params.sizes[i], -1);
        }
}

Test(params, jsonb_begins_with_its_version)
{
        static const uint32_t oids[] = { EV_OID_JSONB, EV_OID_JSON };
        const struct ev_statement statement = statement_of(oids, 2);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &statement);
        ev_params_text(&params, EV_STR("{}"));
        ev_params_text(&params, EV_STR("{}"));
        cr_assert_eq(ev_params_finish(&params), 0);
        EXPECT_BYTES(&params, 0, "\1{}");
        EXPECT_BYTES(&params, 1, "{}");
}

Test(params, arrays_have_one_dimension_from_1)
{
        static const uint32_t oids[] = { 1005, 1009, 1016 };
        const struct ev_statement statement = statement_of(oids, 3);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        ev_params_begin(&params, &statement);
        ev_params_array(&params);
        ev_params_int2(&params, 5);
        ev_params_int2(&params, -1);
        ev_params_array_end(&params);
        ev_params_array(&params);
        ev_params_text(&params, EV_STR("ab"));
        ev_params_text(&params, EV_STR_NULL);
        ev_params_array_end(&params);
        ev_params_array(&params);
        ev_params_array_end(&params);
        cr_assert_eq(ev_params_finish(&params), 0);
        EXPECT_BYTES(&params, 0,
                     "\0\0\0\1\0\0\0\0\0\0\0\25\0\0\0\2\0\0\0\1\0\0\0\2\0\5\0\0\0\2\xff\xff");
        EXPECT_BYTES(&params, 1,
                     "\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\2\0\0\0\1\0\0\0\2ab\xff\xff\xff\xff");
        EXPECT_BYTES(&params, 2, "\0\0\0\0\0\0\0\0\0\0\0\24");
}

Test(params, too_many_bytes_are_told_at_the_end)
{
        static const uint32_t oids[] = { 1016, EV_OID_TEXT };
        const struct ev_statement statement = statement_of(oids, 2);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(1000);

        for (int round = 0; round < 2; ++round) {
                ev_params_begin(&params, &statement);
                ev_params_array(&params);
                for (int64_t i = 0; i < (round ? 10 : 1000); ++i)
                        ev_params_int8(&params, i);
                ev_params_array_end(&params);
                ev_params_text(&params, EV_STR("x"));
                if (round == 0) {
                        cr_assert_eq(ev_params_finish(&params), EV_FAILED);
                        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
                        cr_assert_not_null(strstr(ev_error_last()->text, "more than 1000 bytes"));
                } else {
                        cr_assert_eq(ev_params_finish(&params), 0, "begins anew");
                }
        }
}

Test(params, instants_that_cannot_be_written_are_the_records_fault)
{
        static const uint32_t oids[] = { EV_OID_TIMESTAMPTZ };
        static const uint32_t dates[] = { 1182 };
        const struct ev_statement statement = statement_of(oids, 1);
        const struct ev_statement with_dates = statement_of(dates, 1);
        static const int64_t bad[] = { INT64_MIN, INT64_MAX, EV_INSTANT_MAX + 1,
                                       EV_INSTANT_MIN - 1 };
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);

        for (size_t i = 0; i < EV_ARRAY_SIZE(bad); ++i) {
                ev_params_begin(&params, &statement);
                ev_params_timestamptz(&params, bad[i]);
                cr_assert_eq(ev_params_finish(&params), EV_FAILED);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
                ev_params_begin(&params, &with_dates);
                ev_params_array(&params);
                ev_params_date(&params, bad[i]);
                ev_params_array_end(&params);
                cr_assert_eq(ev_params_finish(&params), EV_FAILED);
        }
}

Test(params, a_builder_that_has_warmed_up_does_not_allocate)
{
        static const uint32_t oids[] = { 1016, 1009 };
        const struct ev_statement statement = statement_of(oids, 2);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        const uint8_t *data = NULL;

        for (int round = 0; round < 3; ++round) {
                ev_params_begin(&params, &statement);
                ev_params_array(&params);
                for (int64_t i = 0; i < 1000; ++i)
                        ev_params_int8(&params, i);
                ev_params_array_end(&params);
                ev_params_array(&params);
                for (int64_t i = 0; i < 1000; ++i)
                        ev_params_text(&params, EV_STR("SKU-1"));
                ev_params_array_end(&params);
                cr_assert_eq(ev_params_finish(&params), 0);
                cr_assert(!data || data == params.bytes.data, "the same memory");
                data = params.bytes.data;
        }
}

Test(params, arrays_can_be_read_back)
{
        static const uint32_t oids[] = { 1016 };
        const struct ev_statement statement = statement_of(oids, 1);
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(BYTES_MAX);
        struct ev_bytes bytes, element;
        struct ev_array array;

        ev_params_begin(&params, &statement);
        ev_params_array(&params);
        ev_params_int8(&params, 7);
        ev_params_null(&params);
        ev_params_array_end(&params);
        cr_assert_eq(ev_params_finish(&params), 0);
        bytes = (struct ev_bytes){ params.bytes.data, params.bytes.size };
        cr_assert_eq(ev_array_open(&array, bytes, EV_OID_INT8), 0);
        cr_assert_eq(ev_array_next(&array, &element), 0);
        cr_assert_eq(element.size, 8);
        cr_assert_eq(element.data[7], 7);
        cr_assert_eq(ev_array_next(&array, &element), 0);
        cr_assert_null(element.data);
        cr_assert_eq(ev_array_next(&array, &element), EV_ARRAY_END);
        cr_assert_eq(ev_array_open(&array, bytes, EV_OID_INT4), EV_FAILED);
}

/* Whatever the bytes are, reading ends inside of them. */
Test(params, broken_arrays_are_errors)
{
        static const uint8_t whole[] = { 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
                                         2, 0, 0, 0, 1, 0, 0, 0, 8, 1, 2, 3,  4, 5, 6,
                                         7, 8, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6,  7, 8 };
        uint8_t copy[sizeof(whole)];

        for (size_t size = 0; size < sizeof(whole); ++size) {
                struct ev_bytes element;
                struct ev_array array;
                int r = ev_array_open(&array, (struct ev_bytes){ whole, size }, EV_OID_INT8);

                while (r == 0)
                        r = ev_array_next(&array, &element);
                cr_assert_eq(r, EV_FAILED, "%zu bytes", size);
        }
        for (size_t i = 0; i < 20; ++i) {
                struct ev_bytes element;
                struct ev_array array;
                int r;

                memcpy(copy, whole, sizeof(copy));
                copy[i] ^= 0x80;
                r = ev_array_open(&array, (struct ev_bytes){ copy, sizeof(copy) }, EV_OID_INT8);
                while (r == 0)
                        r = ev_array_next(&array, &element);
        }
}
