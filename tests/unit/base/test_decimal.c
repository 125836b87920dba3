#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

UNIT_SUITE(decimal);

/* Numbers of every size and both signs. */
static int64_t random_number(unsigned short seed[3], int shift)
{
        return (jrand48(seed) * (INT64_C(1) << 32) + jrand48(seed)) >> shift;
}

Test(decimal, texts_are_read_strictly)
{
        static const struct {
                const char *text;
                unsigned scale;
                int result;
                int64_t unscaled;
        } cases[] = {
                { "0", 2, 0, 0 },
                { "-0", 2, 0, 0 },
                { "-0.00", 2, 0, 0 },
                { "19.90", 2, 0, 1990 },
                { "19.9", 2, 0, 1990 },
                { "19", 2, 0, 1900 },
                { "007.50", 2, 0, 750 },
                { "-19.90", 2, 0, -1990 },
                { "5", 0, 0, 5 },
                { "9223372036854775807", 0, 0, INT64_MAX },
                { "-9223372036854775808", 0, 0, INT64_MIN },
                { "92233720368547758.07", 2, 0, INT64_MAX },
                { "-92233720368547758.08", 2, 0, INT64_MIN },
                { "0.000000000000000001", 18, 0, 1 },
                { "-9.223372036854775808", 18, 0, INT64_MIN },
                { "9223372036854775808", 0, EV_DECIMAL_OUT_OF_RANGE, 0 },
                { "-9223372036854775809", 0, EV_DECIMAL_OUT_OF_RANGE, 0 },
                { "92233720368547759", 2, EV_DECIMAL_OUT_OF_RANGE, 0 },
                { "99999999999999999999999999999999999999999", 2, EV_DECIMAL_OUT_OF_RANGE, 0 },
                { "19.901", 2, EV_DECIMAL_TOO_FINE, 0 },
                { "19.900", 2, EV_DECIMAL_TOO_FINE, 0 },
                { "1.0", 0, EV_DECIMAL_TOO_FINE, 0 },
                { "", 2, EV_DECIMAL_MALFORMED, 0 },
                { "-", 2, EV_DECIMAL_MALFORMED, 0 },
                { ".", 2, EV_DECIMAL_MALFORMED, 0 },
                { ".5", 2, EV_DECIMAL_MALFORMED, 0 },
                { "5.", 2, EV_DECIMAL_MALFORMED, 0 },
                { "+5", 2, EV_DECIMAL_MALFORMED, 0 },
                { "--5", 2, EV_DECIMAL_MALFORMED, 0 },
                { " 5", 2, EV_DECIMAL_MALFORMED, 0 },
                { "5 ", 2, EV_DECIMAL_MALFORMED, 0 },
                { "1,5", 2, EV_DECIMAL_MALFORMED, 0 },
                { "1.2.3", 2, EV_DECIMAL_MALFORMED, 0 },
                { "1e3", 2, EV_DECIMAL_MALFORMED, 0 },
                { "0x10", 2, EV_DECIMAL_MALFORMED, 0 },
                { "NaN", 2, EV_DECIMAL_MALFORMED, 0 },
                { "1_000", 2, EV_DECIMAL_MALFORMED, 0 },
                { "\xd9\xa3", 2, EV_DECIMAL_MALFORMED, 0 }, /* an Arabic digit */
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                int64_t unscaled = 4711;

                cr_assert_eq(ev_decimal_parse(ev_str_of(cases[i].text), cases[i].scale, &unscaled),
                             cases[i].result, "\"%s\"", cases[i].text);
                cr_assert_eq(unscaled, cases[i].result ? 4711 : cases[i].unscaled, "\"%s\"",
                             cases[i].text);
        }
}

Test(decimal, null_and_bytes_behind_nul_are_malformed)
{
        int64_t unscaled;

        cr_assert_eq(ev_decimal_parse(EV_STR_NULL, 2, &unscaled), EV_DECIMAL_MALFORMED);
        cr_assert_eq(ev_decimal_parse(EV_STR("1\0"), 2, &unscaled), EV_DECIMAL_MALFORMED);
}

Test(decimal, texts_show_every_digit_of_the_scale)
{
        static const struct {
                int64_t unscaled;
                unsigned scale;
                const char *text;
        } cases[] = {
                { 0, 0, "0" },
                { 0, 2, "0.00" },
                { 5, 2, "0.05" },
                { -5, 2, "-0.05" },
                { 1990, 2, "19.90" },
                { -100, 2, "-1.00" },
                { 1234, 0, "1234" },
                { 1, 18, "0.000000000000000001" },
                { INT64_MAX, 0, "9223372036854775807" },
                { INT64_MIN, 0, "-9223372036854775808" },
                { INT64_MIN, 18, "-9.223372036854775808" },
                { INT64_MIN, 1, "-922337203685477580.8" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                char text[EV_DECIMAL_TEXT_MAX];

                cr_assert_eq(ev_decimal_format(cases[i].unscaled, cases[i].scale, text),
                             strlen(cases[i].text));
                cr_assert_str_eq(text, cases[i].text);
        }
}

Test(decimal, what_is_written_is_read_back)
{
        unsigned short seed[3] = { 1, 2, 3 };

        for (int i = 0; i < 20000; ++i) {
                unsigned scale = (unsigned)i % (EV_DECIMAL_SCALE_MAX + 1);
                int64_t number = random_number(seed, i % 60);
                char text[EV_DECIMAL_TEXT_MAX];
                int64_t back;
                size_t size = ev_decimal_format(number, scale, text);

                cr_assert_eq(ev_decimal_parse((struct ev_str){ text, size }, scale, &back), 0);
                cr_assert_eq(back, number);
        }
}

Test(decimal, sums_and_products_never_wrap)
{
        int64_t result = 4711;

        cr_assert_eq(ev_decimal_add(INT64_MAX, 1, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_add(INT64_MIN, -1, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_subtract(INT64_MIN, 1, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_times(INT64_MAX, 2, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_times(INT64_MIN, -1, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(result, 4711);
        cr_assert_eq(ev_decimal_add(INT64_MAX, -1, &result), 0);
        cr_assert_eq(result, INT64_MAX - 1);
        cr_assert_eq(ev_decimal_subtract(1990, 990, &result), 0);
        cr_assert_eq(result, 1000);
        cr_assert_eq(ev_decimal_times(-1990, 3, &result), 0);
        cr_assert_eq(result, -5970);
}

/* The same values as SELECT round(x, n) of PostgreSQL 15. */
Test(decimal, rounding_is_half_away_from_zero)
{
        static const struct {
                int64_t from, to;
        } cases[] = {
                { 2449, 24 },
                { 2450, 25 },
                { 2451, 25 },
                { 2550, 26 },
                { -2449, -24 },
                { -2450, -25 },
                { -2550, -26 },
                { 49, 0 },
                { 50, 1 },
                { -49, 0 },
                { -50, -1 },
                { 0, 0 },
                { INT64_MAX, 92233720368547758 },
                { INT64_MIN, -92233720368547758 },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                int64_t result;

                cr_assert_eq(ev_decimal_rescale(cases[i].from, 4, 2, &result), 0);
                cr_assert_eq(result, cases[i].to, "case %zu", i);
        }
}

Test(decimal, a_finer_scale_is_exact_or_out_of_range)
{
        int64_t result = 4711;

        cr_assert_eq(ev_decimal_rescale(1990, 2, 4, &result), 0);
        cr_assert_eq(result, 199000);
        cr_assert_eq(ev_decimal_rescale(INT64_MAX, 0, 1, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_rescale(10, 0, 18, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_rescale(9, 0, 18, &result), 0);
        cr_assert_eq(result, INT64_C(9000000000000000000));
}

Test(decimal, products_of_other_scales_are_rounded_once)
{
        int64_t result = 4711;

        /* 8.5 x 5.005 = 42.5425 -> 42.54; 0.5 % of 1.00 = 0.005 -> 0.01 */
        cr_assert_eq(ev_decimal_multiply(850, 2, 5005, 3, 2, &result), 0);
        cr_assert_eq(result, 4254);
        cr_assert_eq(ev_decimal_multiply(5000, 6, 100, 2, 2, &result), 0);
        cr_assert_eq(result, 1);
        cr_assert_eq(ev_decimal_multiply(-5000, 6, 100, 2, 2, &result), 0);
        cr_assert_eq(result, -1);
        /* Twice rounded (0.0445 -> 0.045 -> 0.05) would be 5. */
        cr_assert_eq(ev_decimal_multiply(445, 4, 1, 0, 2, &result), 0);
        cr_assert_eq(result, 4);
        cr_assert_eq(ev_decimal_multiply(INT64_MAX, 18, INT64_MIN, 18, 18, &result),
                     EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_multiply(INT64_MIN, 18, INT64_MIN, 18, 17, &result), 0);
        cr_assert_eq(result, INT64_C(8507059173023461587), "85.07059173023461586543…");
}

Test(decimal, quotients_are_rounded_once)
{
        int64_t result = 4711;

        cr_assert_eq(ev_decimal_divide(100, 2, 300, 2, 2, &result), 0);
        cr_assert_eq(result, 33);
        cr_assert_eq(ev_decimal_divide(1, 0, 8, 0, 2, &result), 0);
        cr_assert_eq(result, 13, "0.125");
        cr_assert_eq(ev_decimal_divide(-1, 0, 8, 0, 2, &result), 0);
        cr_assert_eq(result, -13);
        cr_assert_eq(ev_decimal_divide(1, 0, -8, 0, 2, &result), 0);
        cr_assert_eq(result, -13);
        cr_assert_eq(ev_decimal_divide(INT64_MIN, 0, -1, 0, 0, &result), EV_DECIMAL_OUT_OF_RANGE);
        cr_assert_eq(ev_decimal_divide(INT64_MIN, 18, -10, 0, 17, &result), 0);
        cr_assert_eq(result, INT64_C(92233720368547758), "0.92233720368547758 08");
        cr_assert_eq(ev_decimal_divide(1, 0, 0, 0, 2, &result), EV_DECIMAL_DIVISION_BY_ZERO);
        cr_assert_eq(ev_decimal_divide(INT64_MAX, 0, 1, 18, 18, &result), EV_DECIMAL_OUT_OF_RANGE);
}

/* What `COPY (SELECT x::numeric) TO STDOUT (FORMAT binary)` of PostgreSQL 15 writes. */
static const struct {
        int64_t unscaled;
        unsigned scale;
        size_t size;
        uint8_t bytes[EV_DECIMAL_NUMERIC_MAX];
} wire_cases[] = {
        { 0, 0, 8, { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } }, /* 0 */
        { 0, 2, 8, { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02 } }, /* 0.00 */
        { 1990,
          2,
          12,
          { 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x13, 0x23, 0x28 } }, /* 19.90 */
        { -1990,
          2,
          12,
          { 0x00, 0x02, 0x00, 0x00, 0x40, 0x00, 0x00, 0x02, 0x00, 0x13, 0x23, 0x28 } }, /* -19.90 */
        { 1, 0, 10, { 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01 } },   /* 1 */
        { 10000,
          0,
          10,
          { 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01 } }, /* 10000 */
        { 100000000,
          0,
          10,
          { 0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01 } }, /* 100000000 */
        { INT64_C(9999999999),
          2,
          14,
          { 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x27, 0x0f, 0x27, 0x0f, 0x26,
            0xac } }, /* 99999999.99 */
        { 1, 4, 10, { 0x00, 0x01, 0xff, 0xff, 0x00, 0x00, 0x00, 0x04, 0x00, 0x01 } },  /* 0.0001 */
        { 10, 5, 10, { 0x00, 0x01, 0xff, 0xff, 0x00, 0x00, 0x00, 0x05, 0x00, 0x01 } }, /* 0.00010 */
        { 1, 2, 10, { 0x00, 0x01, 0xff, 0xff, 0x00, 0x00, 0x00, 0x02, 0x00, 0x64 } },  /* 0.01 */
        { -5, 2, 10, { 0x00, 0x01, 0xff, 0xff, 0x40, 0x00, 0x00, 0x02, 0x01, 0xf4 } }, /* -0.05 */
        { 123456789,
          4,
          14,
          { 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x01, 0x09, 0x29, 0x1a,
            0x85 } }, /* 12345.6789 */
        { 10000005,
          1,
          14,
          { 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x64, 0x00, 0x00, 0x13,
            0x88 } }, /* 1000000.5 */
        { INT64_MAX,
          0,
          18,
          { 0x00, 0x05, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x03, 0x9a, 0x0d, 0x2c, 0x01, 0x70,
            0x15, 0x65, 0x16, 0xaf } }, /* 9223372036854775807 */
        { INT64_MIN,
          0,
          18,
          { 0x00, 0x05, 0x00, 0x04, 0x40, 0x00, 0x00, 0x00, 0x03, 0x9a, 0x0d, 0x2c, 0x01, 0x70,
            0x15, 0x65, 0x16, 0xb0 } }, /* -9223372036854775808 */
        { INT64_MIN,
          18,
          20,
          { 0x00, 0x06, 0x00, 0x00, 0x40, 0x00, 0x00, 0x12, 0x00, 0x09,
            0x08, 0xb9, 0x1c, 0x23, 0x1a, 0xc6, 0x1e, 0x4e, 0x03, 0x20 } }, /* -9.223372036854775808
                                                                             */
        { INT64_MAX,
          1,
          20,
          { 0x00, 0x06, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x5c,
            0x09, 0x21, 0x07, 0xf4, 0x21, 0x63, 0x1d, 0x9c, 0x1b, 0x58 } }, /* 922337203685477580.7
                                                                             */
        { 1,
          18,
          10,
          { 0x00, 0x01, 0xff, 0xfb, 0x00, 0x00, 0x00, 0x12, 0x00,
            0x64 } }, /* 0.000000000000000001 */
        { 50000000,
          3,
          10,
          { 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x05 } }, /* 50000.000 */
};

Test(decimal, the_wire_form_is_that_of_the_server)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(wire_cases); ++i) {
                uint8_t bytes[EV_DECIMAL_NUMERIC_MAX];
                struct ev_bytes wire = { bytes, 0 };
                int64_t back;

                wire.size =
                        ev_decimal_to_numeric(wire_cases[i].unscaled, wire_cases[i].scale, bytes);
                cr_assert_eq(wire.size, wire_cases[i].size, "case %zu", i);
                cr_assert_arr_eq(bytes, wire_cases[i].bytes, wire.size, "case %zu", i);
                cr_assert_eq(ev_decimal_from_numeric(wire, wire_cases[i].scale, &back), 0);
                cr_assert_eq(back, wire_cases[i].unscaled, "case %zu", i);
        }
}

Test(decimal, every_number_survives_the_wire)
{
        unsigned short seed[3] = { 4, 5, 6 };

        for (int i = 0; i < 20000; ++i) {
                unsigned scale = (unsigned)i % (EV_DECIMAL_SCALE_MAX + 1);
                int64_t number = random_number(seed, i % 60);
                uint8_t bytes[EV_DECIMAL_NUMERIC_MAX];
                size_t size = ev_decimal_to_numeric(number, scale, bytes);
                int64_t back;

                cr_assert_eq(ev_decimal_from_numeric((struct ev_bytes){ bytes, size }, scale,
                                                     &back),
                             0);
                cr_assert_eq(back, number);
        }
}

Test(decimal, a_finer_wire_value_is_read_if_it_has_no_digit_too_many)
{
        static const uint8_t wire[] = { 0, 2, 0, 0, 0, 0, 0, 4, 0, 19, 0x23, 0x28 }; /* 19.9000 */
        int64_t unscaled = 4711;

        cr_assert_eq(ev_decimal_from_numeric((struct ev_bytes){ wire, 12 }, 1, &unscaled), 0);
        cr_assert_eq(unscaled, 199);
        cr_assert_eq(ev_decimal_from_numeric((struct ev_bytes){ wire, 12 }, 3, &unscaled), 0);
        cr_assert_eq(unscaled, 19900);
        cr_assert_eq(ev_decimal_from_numeric((struct ev_bytes){ wire, 12 }, 0, &unscaled),
                     EV_DECIMAL_TOO_FINE);
}

Test(decimal, a_hostile_wire_value_is_refused)
{
        static const struct {
                int result;
                size_t size;
                uint8_t bytes[10];
        } cases[] = {
                { EV_DECIMAL_MALFORMED, 0, { 0 } },
                { EV_DECIMAL_MALFORMED, 7, { 0 } },
                { EV_DECIMAL_MALFORMED, 8, { 0, 1, 0, 0, 0, 0, 0, 0 } }, /* a digit missing */
                { EV_DECIMAL_MALFORMED, 10, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }, /* one too many */
                { EV_DECIMAL_MALFORMED, 8, { 0xff, 0xff, 0, 0, 0, 0, 0, 0 } },
                { EV_DECIMAL_MALFORMED, 8, { 0, 0, 0, 0, 0xc0, 0, 0, 0 } }, /* NaN */
                { EV_DECIMAL_MALFORMED, 8, { 0, 0, 0, 0, 0xd0, 0, 0, 0 } }, /* Infinity */
                { EV_DECIMAL_MALFORMED, 8, { 0, 0, 0, 0, 0xf0, 0, 0, 0 } }, /* -Infinity */
                { EV_DECIMAL_MALFORMED, 10, { 0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10 } }, /* 10000 */
                { EV_DECIMAL_OUT_OF_RANGE, 10, { 0, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 1 } },
                { EV_DECIMAL_TOO_FINE, 10, { 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 1 } },
                { EV_DECIMAL_TOO_FINE, 10, { 0, 1, 0xff, 0xff, 0, 0, 0, 4, 0, 1 } },  /* 0.0001 */
                { EV_DECIMAL_OUT_OF_RANGE, 10, { 0, 1, 0, 4, 0, 0, 0, 0, 3, 0xe8 } }, /* 10^19 */
                { 0, 10, { 0, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 0 } },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct ev_bytes wire = { cases[i].bytes, cases[i].size };
                int64_t unscaled = 0;

                cr_assert_eq(ev_decimal_from_numeric(wire, 2, &unscaled), cases[i].result,
                             "case %zu", i);
                cr_assert_eq(unscaled, 0);
        }
}

Test(decimal, the_sign_decides_whether_the_smallest_number_fits)
{
        uint8_t bytes[EV_DECIMAL_NUMERIC_MAX];
        size_t size = ev_decimal_to_numeric(INT64_MIN, 2, bytes);
        int64_t unscaled;

        cr_assert_eq(ev_decimal_from_numeric((struct ev_bytes){ bytes, size }, 2, &unscaled), 0);
        bytes[4] = 0;
        cr_assert_eq(ev_decimal_from_numeric((struct ev_bytes){ bytes, size }, 2, &unscaled),
                     EV_DECIMAL_OUT_OF_RANGE);
}

Test(decimal, conditions_have_names)
{
        cr_assert_str_eq(ev_decimal_condition_name(EV_DECIMAL_TOO_FINE), "too fine");
}
