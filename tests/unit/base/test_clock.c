#include "support/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

UNIT_SUITE(clock);

Test(clock, instants_are_read)
{
        static const struct {
                const char *text;
                int64_t micros;
        } cases[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "1970-01-01T00:00:00.000001Z", 1 },
                { "1969-12-31T23:59:59.999999Z", -1 },
                { "1970-01-01T00:00:00.5Z", 500000 },
                { "2000-02-29T12:30:45.123456Z", INT64_C(951827445123456) },
                { "2025-01-31t23:59:59.12z", INT64_C(1738367999120000) },
                { "2025-01-31T23:59:59-05:00", INT64_C(1738385999000000) },
                { "2025-01-31T23:59:59+05:30", INT64_C(1738348199000000) },
                { "2025-01-31T23:59:59-00:00", INT64_C(1738367999000000) },
                { "0001-01-01T00:00:00Z", EV_INSTANT_MIN },
                { "9999-12-31T23:59:59.999999Z", EV_INSTANT_MAX },
                { "0001-01-01T23:59:00+23:59", EV_INSTANT_MIN },
                /* RFC 3339 §5.8: the same instant in two zones. */
                { "1996-12-19T16:39:57-08:00", INT64_C(851042397000000) },
                { "1996-12-20T00:39:57Z", INT64_C(851042397000000) },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
                int64_t micros = 4711;

                cr_assert(ev_instant_parse(ev_str_of(cases[i].text), &micros), "%s", cases[i].text);
                cr_assert_eq(micros, cases[i].micros, "%s", cases[i].text);
        }
}

Test(clock, what_is_no_instant_is_refused)
{
        static const char *const texts[] = {
                "",
                "2025",
                "2025-01-31",
                "2025-01-31T23:59:59",
                "2025-01-31 23:59:59Z",
                "2025-01-31T23:59Z",
                "2025-01-31T23:59:59.Z",
                "2025-01-31T23:59:59.1234567Z",
                "2025-01-31T23:59:59,5Z",
                "2025-01-31T23:59:60Z",
                "1990-12-31T23:59:60Z", /* RFC 3339 §5.8: a real leap second */
                "2025-01-31T24:00:00Z",
                "2025-01-31T23:60:00Z",
                "2025-02-29T00:00:00Z",
                "1900-02-29T00:00:00Z",
                "2025-04-31T00:00:00Z",
                "2025-00-01T00:00:00Z",
                "2025-13-01T00:00:00Z",
                "2025-01-00T00:00:00Z",
                "2025-01-32T00:00:00Z",
                "0000-12-31T23:59:59Z",
                "10000-01-01T00:00:00Z",
                "-001-01-01T00:00:00Z",
                "2025-1-31T23:59:59Z",
                "+025-01-31T23:59:59Z",
                "2025-01-31T23:59:59z ",
                " 2025-01-31T23:59:59Z",
                "2025-01-31T23:59:59ZZ",
                "2025-01-31T23:59:59+0530",
                "2025-01-31T23:59:59+05",
                "2025-01-31T23:59:59+24:00",
                "2025-01-31T23:59:59+05:60",
                "2025-01-31T23:59:59+-5:00",
                "0001-01-01T00:00:00+00:01",
                "9999-12-31T23:59:59-00:01",
        };
        int64_t micros = 4711;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i)
                cr_assert_not(ev_instant_parse(ev_str_of(texts[i]), &micros), "%s", texts[i]);
        cr_assert_not(ev_instant_parse(EV_STR_NULL, &micros));
        cr_assert_not(ev_instant_parse(EV_STR("2025-01-31T23:59:59Z\0"), &micros));
        cr_assert_eq(micros, 4711);
}

Test(clock, instants_are_written_in_one_form)
{
        static const struct {
                int64_t micros;
                const char *text;
        } cases[] = {
                { 0, "1970-01-01T00:00:00.000000Z" },
                { -1, "1969-12-31T23:59:59.999999Z" },
                { INT64_C(951827445123456), "2000-02-29T12:30:45.123456Z" },
                { EV_INSTANT_MIN, "0001-01-01T00:00:00.000000Z" },
                { EV_INSTANT_MAX, "9999-12-31T23:59:59.999999Z" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
                char text[EV_INSTANT_TEXT_MAX];

                cr_assert_eq(ev_instant_format(cases[i].micros, text), EV_INSTANT_TEXT_SIZE);
                cr_assert_str_eq(text, cases[i].text);
        }
}

Test(clock, what_is_written_is_read_back)
{
        unsigned short seed[3] = { 1, 2, 3 };

        for (int i = 0; i < 20000; ++i) {
                uint64_t random = (uint64_t)(uint32_t)jrand48(seed) << 32 | (uint32_t)jrand48(seed);
                uint64_t span = (uint64_t)(EV_INSTANT_MAX - EV_INSTANT_MIN);
                int64_t micros = EV_INSTANT_MIN + (int64_t)(random % span);
                char text[EV_INSTANT_TEXT_MAX];
                struct ev_str str = { text, ev_instant_format(micros, text) };
                int64_t back;

                cr_assert(ev_instant_parse(str, &back), "%s", text);
                cr_assert_eq(back, micros, "%s", text);
        }
}

/* glibc's timegm is another implementation of the same calendar: every day of the range. */
Test(clock, the_calendar_agrees_with_the_c_library)
{
        int64_t first = EV_INSTANT_MIN / EV_MICROS_PER_DAY;
        int64_t last = (EV_INSTANT_MAX + 1) / EV_MICROS_PER_DAY - 1;

        for (int64_t day = first; day <= last; ++day) {
                time_t seconds = day * 86400;
                int64_t year;
                int month, mday;
                struct tm tm;

                cr_assert_not_null(gmtime_r(&seconds, &tm));
                ev_date_of_day(day, &year, &month, &mday);
                if (year != tm.tm_year + 1900 || month != tm.tm_mon + 1 || mday != tm.tm_mday ||
                    ev_day_of_date(year, month, mday) != day ||
                    ev_day_weekday(day) % 7 != tm.tm_wday)
                        cr_assert_fail("day %jd", (intmax_t)day);
        }
}

Test(clock, days_begin_at_midnight_utc)
{
        cr_assert_eq(ev_instant_day(0), 0);
        cr_assert_eq(ev_instant_day(-1), -1);
        cr_assert_eq(ev_instant_day(EV_MICROS_PER_DAY - 1), 0);
        cr_assert_eq(ev_instant_day(EV_MICROS_PER_DAY), 1);
        cr_assert_eq(ev_day_instant(-1), -EV_MICROS_PER_DAY);
        cr_assert_eq(ev_day_weekday(ev_day_of_date(2025, 1, 31)), 5, "a Friday");
        cr_assert_eq(ev_day_of_date(2025, 1, 32), ev_day_of_date(2025, 2, 1));
        cr_assert_eq(ev_day_of_date(2025, 3, 0), ev_day_of_date(2025, 2, 28));
}

Test(clock, postgresql_counts_from_2000)
{
        int64_t micros = 4711;

        /* SELECT encode(timestamptz_send('1970-01-01Z'), 'hex') -> fffca2fec4c82000 */
        cr_assert_eq((uint64_t)ev_instant_to_pg(0), UINT64_C(0xfffca2fec4c82000));
        cr_assert(ev_instant_from_pg(0, &micros));
        cr_assert_eq(micros, INT64_C(946684800000000));
        cr_assert(ev_instant_from_pg(ev_instant_to_pg(EV_INSTANT_MAX), &micros));
        cr_assert_eq(micros, EV_INSTANT_MAX);
        cr_assert(ev_instant_from_pg(ev_instant_to_pg(EV_INSTANT_MIN), &micros));
        cr_assert_eq(micros, EV_INSTANT_MIN);
        cr_assert_not(ev_instant_from_pg(INT64_MAX, &micros), "infinity");
        cr_assert_not(ev_instant_from_pg(INT64_MIN, &micros), "-infinity");
        cr_assert_not(ev_instant_from_pg(ev_instant_to_pg(EV_INSTANT_MAX) + 1, &micros));
        cr_assert_eq(micros, EV_INSTANT_MIN);
        cr_assert_eq(ev_day_to_pg(0), -10957);
        cr_assert_eq(ev_day_from_pg(-10957), 0);
}

Test(clock, the_clocks_run)
{
        int64_t real = ev_clock_real_micros();
        int64_t start = ev_clock_monotonic_micros();
        int64_t deadline_real = real + 60 * EV_MICROS_PER_SECOND;

        cr_assert(ev_instant_is_valid(real));
        cr_assert_gt(real, INT64_C(1700000000000000), "after 2023");
        cr_assert_lt(real / EV_MICROS_PER_SECOND - (int64_t)time(NULL), 2);
        while (ev_clock_monotonic_micros() == start)
                cr_assert_lt(ev_clock_real_micros(), deadline_real);
        cr_assert_gt(ev_clock_monotonic_micros(), start);
}
