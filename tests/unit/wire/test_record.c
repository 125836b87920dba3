#include "unit/wire/codec.h"

UNIT_SUITE(record);

Test(record, decimals_are_read_from_any_valid_bytes)
{
        static const struct {
                const char *hex;
                unsigned precision;
                bool valid;
                int64_t value;
        } cases[] = {
                { "", 18, false, 0 },
                { "00", 18, true, 0 },
                { "7f", 18, true, 127 },
                { "80", 18, true, -128 },
                { "ff80", 18, true, -128 }, /* a sign byte more than needed */
                { "0000000000000000000000000000000a", 2, true, 10 },
                { "ffffffffffffffffffffffffffffff9d", 2, true, -99 },
                { "000000000000000000000000000000000a", 2, false, 0 }, /* 17 bytes */
                { "63", 2, true, 99 },
                { "64", 2, false, 0 },
                { "9d", 2, true, -99 },
                { "9c", 2, false, 0 },
                { "0de0b6b3a763ffff", 18, true, 999999999999999999 },
                { "0de0b6b3a7640000", 18, false, 0 },
                { "f21f494c589c0001", 18, true, -999999999999999999 },
                { "f21f494c589c0000", 18, false, 0 },
                { "8000000000000000", 18, false, 0 },
                { "008000000000000000", 18, false, 0 }, /* 2^63: not the sign it would seem */
                { "ff7fffffffffffffff", 18, false, 0 },
                { "010000000000000000", 18, false, 0 },
        };
        uint8_t buffer[32];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct ev_bytes bytes = unhex(cases[i].hex, buffer, sizeof(buffer));
                int64_t value = 0;

                cr_assert_eq(ev_decimal_of_bytes(bytes.data, bytes.size, cases[i].precision,
                                                 &value),
                             cases[i].valid, "case %zu", i);
                cr_assert_eq(value, cases[i].value, "case %zu", i);
        }
}

Test(record, decimals_are_written_with_the_fewest_bytes)
{
        static const int64_t values[] = { 0,      1,      -1,          127,       128,
                                          -128,   -129,   32767,       32768,     -32768,
                                          -32769, 999999, -9999999999, INT64_MAX, INT64_MIN };
        static const size_t sizes[] = { 1, 1, 1, 1, 2, 1, 2, 2, 3, 2, 3, 3, 5, 8, 8 };
        uint8_t bytes[8];
        int64_t again;

        for (size_t i = 0; i < EV_ARRAY_SIZE(values); ++i) {
                cr_assert_eq(ev_decimal_to_bytes(values[i], bytes), sizes[i], "case %zu", i);
                if (i < 13) {
                        cr_assert(ev_decimal_of_bytes(bytes, sizes[i], 18, &again));
                        cr_assert_eq(again, values[i]);
                }
        }
}

Test(record, a_run_time_descriptor_keeps_its_promises)
{
        _cleanup_codec_ struct codec codec = codec_of(
                "{\"name\":\"a\",\"type\":[\"null\",\"boolean\"]},"
                "{\"name\":\"r\",\"type\":{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                "{\"name\":\"d\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                "\"precision\":3}},{\"name\":\"k\",\"type\":\"string\",\"secret\":true}]}},"
                "{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":\"R\"}}");

        cr_assert(ev_record_check(codec.record));
        cr_assert_eq(codec.record->wire_min, 1 + 3 + 1, "null, an embedded record, no items");
        cr_assert(codec.record->has_secret);
        cr_assert_null(ev_record_field(codec.record, EV_STR("x")));
        cr_assert(ev_str_equal(codec.record->name, EV_STR("quenty.test.T")));
}
