/* Clocks, instants as text, and the calendar.
 *
 * Everything but the two clocks is a pure function; nothing depends on the locale or on TZ, and a
 * dying process loses nothing here.
 *
 * Text that is read comes from outside: whatever bytes it holds, the answer is an instant or "no".
 * Every number is read with a fixed count of digits, so nothing here can overflow. */

#include "base/clock.h"

#include <assert.h>
#include <time.h>

enum {
        DAYS_PER_ERA = 146097, /* 400 years: the Gregorian calendar repeats */
        YEARS_PER_ERA = 400,
        DAYS_0000_03_01 = 719468, /* from 0000-03-01, where eras begin, to 1970-01-01 */
        DAYS_PG_EPOCH = 10957,    /* from 1970-01-01 to 2000-01-01 */
        YEAR_MIN = 1,
        YEAR_MAX = 9999,
        FRACTION_DIGITS = 6, /* of microseconds; finer ones cannot be kept and are refused */
};

/* Both clocks are read through the vDSO: no system call, so a timestamp may be taken freely. */
static int64_t read_clock(clockid_t id)
{
        struct timespec now;
        int r;

        r = clock_gettime(id, &now);
        assert(r == 0); /* both clocks exist on every Linux */
        return now.tv_sec * EV_MICROS_PER_SECOND + now.tv_nsec / 1000;
}

/* Not CLOCK_BOOTTIME: a machine that was suspended has waited for nobody in that time, so a
 * deadline should not be over when it wakes. */
int64_t ev_clock_monotonic_micros(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

/* Only for what people and other systems read; it may jump, so no duration is computed from it. */
int64_t ev_clock_real_micros(void)
{
        return read_clock(CLOCK_REALTIME);
}

bool ev_instant_is_valid(int64_t micros)
{
        return micros >= EV_INSTANT_MIN && micros <= EV_INSTANT_MAX;
}

/* Division that rounds towards minus infinity: C rounds towards zero, which would make the first
 * microsecond before 1970 a part of 1970-01-01. */
static int64_t divide_down(int64_t a, int64_t b)
{
        assert(b > 0);

        return a / b - (a % b < 0);
}

/* days_from_civil and civil_from_days of Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms" (howardhinnant.github.io/date_algorithms.html, public domain): years begin in March,
 * so that the leap day is the last of a year, and (153 m + 2) / 5 days lie before month m. */
int64_t ev_day_of_date(int64_t year, int month, int mday)
{
        int64_t shifted_year = year - (month <= 2);
        int64_t era = divide_down(shifted_year, YEARS_PER_ERA);
        int64_t year_of_era = shifted_year - era * YEARS_PER_ERA;
        int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;

        assert(month >= 1 && month <= 12);

        return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
               day_of_year - DAYS_0000_03_01;
}

/* The inverse, from the same source. The terms with 1460, 36524 and 146096 take the leap days of 4,
 * 100 and 400 years out of the count before it is divided by 365. */
void ev_date_of_day(int64_t day, int64_t *ret_year, int *ret_month, int *ret_mday)
{
        int64_t shifted_day = day + DAYS_0000_03_01;
        int64_t era = divide_down(shifted_day, DAYS_PER_ERA);
        int64_t day_of_era = shifted_day - era * DAYS_PER_ERA;
        int64_t year_of_era =
                (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year =
                day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t shifted_month = (5 * day_of_year + 2) / 153;

        assert(ret_year && ret_month && ret_mday);

        *ret_mday = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
        *ret_month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
        *ret_year = year_of_era + era * YEARS_PER_ERA + (*ret_month <= 2);
        assert(*ret_month >= 1 && *ret_month <= 12 && *ret_mday >= 1 && *ret_mday <= 31);
}

int ev_day_weekday(int64_t day)
{
        int64_t since_monday = day + 3; /* 1970-01-01 was a Thursday */
        int64_t weekday = since_monday - divide_down(since_monday, 7) * 7 + EV_WEEKDAY_MONDAY;

        assert(weekday >= EV_WEEKDAY_MONDAY && weekday <= EV_WEEKDAY_SUNDAY);
        return (int)weekday;
}

/* Defined for every int64_t and not only for valid instants, so that a caller may check
 * afterwards. */
int64_t ev_instant_day(int64_t micros)
{
        return divide_down(micros, EV_MICROS_PER_DAY);
}

int64_t ev_day_instant(int64_t day)
{
        int64_t micros = day * EV_MICROS_PER_DAY;

        assert(ev_instant_is_valid(micros));
        return micros;
}

/* Takes exactly `digits` decimal digits off the front. The fixed count is part of the form (RFC
 * 3339 §5.6: 4DIGIT, 2DIGIT), and keeps what follows from being read into the number. */
static bool take_number(struct ev_str *text, size_t digits, int *ret_number)
{
        int64_t number;

        assert(text && ret_number);
        assert(digits > 0 && digits <= 4);

        if (text->size < digits || !ev_str_to_int64((struct ev_str){ text->data, digits }, &number))
                return false;
        *text = (struct ev_str){ text->data + digits, text->size - digits };
        *ret_number = (int)number;
        return true;
}

/* Takes one byte off the front if it is `a` or `b`. Two, since letters may be of either case. */
static bool take_char(struct ev_str *text, char a, char b)
{
        assert(text && (text->data || text->size == 0));

        if (text->size == 0 || (text->data[0] != a && text->data[0] != b))
                return false;
        *text = (struct ev_str){ text->data + 1, text->size - 1 };
        return true;
}

/* Takes a date of the form YYYY-MM-DD. */
static bool take_date(struct ev_str *text, int64_t *ret_day)
{
        int year, month, mday, checked_month, checked_mday;
        int64_t day, checked_year;

        assert(text && ret_day);

        if (!take_number(text, 4, &year) || !take_char(text, '-', '-') ||
            !take_number(text, 2, &month) || !take_char(text, '-', '-') ||
            !take_number(text, 2, &mday))
                return false;
        if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12)
                return false;
        /* A day that its month does not have comes back as a date of the next one. */
        day = ev_day_of_date(year, month, mday);
        ev_date_of_day(day, &checked_year, &checked_month, &checked_mday);
        if (checked_month != month || checked_mday != mday)
                return false;
        *ret_day = day;
        return true;
}

/* Takes ".f" to ".ffffff" if there is a point. A seventh digit is left for the caller, to whom it
 * is no zone: rounding it away would make two texts one instant. */
static bool take_fraction(struct ev_str *text, int *ret_micros)
{
        int micros = 0, digit, digits = 0;

        assert(text && ret_micros);

        *ret_micros = 0;
        if (!take_char(text, '.', '.'))
                return true;
        while (digits < FRACTION_DIGITS && take_number(text, 1, &digit)) {
                micros = micros * 10 + digit;
                ++digits;
        }
        if (digits == 0)
                return false;
        for (; digits < FRACTION_DIGITS; ++digits)
                micros *= 10;
        *ret_micros = micros;
        return true;
}

/* Takes HH:MM:SS and a fraction; what has passed of the day. 24:00:00, which ISO 8601 once knew, is
 * not RFC 3339's and would give one instant two texts. */
static bool take_time(struct ev_str *text, int64_t *ret_micros)
{
        int hour, minute, second, fraction;

        assert(text && ret_micros);

        if (!take_number(text, 2, &hour) || !take_char(text, ':', ':') ||
            !take_number(text, 2, &minute) || !take_char(text, ':', ':') ||
            !take_number(text, 2, &second) || !take_fraction(text, &fraction))
                return false;
        if (hour > 23 || minute > 59 || second > 59)
                return false;
        *ret_micros = hour * EV_MICROS_PER_HOUR + minute * EV_MICROS_PER_MINUTE +
                      second * EV_MICROS_PER_SECOND + fraction;
        return true;
}

/* Takes "Z" or ±HH:MM; what the clock there is ahead of UTC. "-00:00" (RFC 3339 §4.3: UTC, local
 * offset unknown) is read as UTC, which it is. */
static bool take_zone(struct ev_str *text, int64_t *ret_micros)
{
        int hours, minutes, sign;

        assert(text && ret_micros);

        *ret_micros = 0;
        if (take_char(text, 'Z', 'z'))
                return true;
        sign = text->size > 0 && text->data[0] == '-' ? -1 : 1;
        if (!take_char(text, '+', '-') || !take_number(text, 2, &hours) ||
            !take_char(text, ':', ':') || !take_number(text, 2, &minutes))
                return false;
        *ret_micros = sign * (hours * EV_MICROS_PER_HOUR + minutes * EV_MICROS_PER_MINUTE);
        return hours <= 23 && minutes <= 59;
}

/* The bounds are checked last, in UTC: 0001-01-01T00:00:00+01:00 has a year that may be written and
 * names an instant that may not. */
bool ev_instant_parse(struct ev_str text, int64_t *ret_micros)
{
        int64_t day, time_of_day, ahead, micros;

        assert(ret_micros);

        if (!take_date(&text, &day) || !take_char(&text, 'T', 't') ||
            !take_time(&text, &time_of_day) || !take_zone(&text, &ahead) || text.size > 0)
                return false;
        micros = day * EV_MICROS_PER_DAY + time_of_day - ahead;
        if (!ev_instant_is_valid(micros))
                return false;
        *ret_micros = micros;
        return true;
}

/* Writes exactly `digits` digits, zeros in front, and the byte that follows them. By hand, because
 * every fact carries instants and snprintf takes several times as long. */
static char *put_number(char *at, int64_t number, int digits, char end)
{
        assert(number >= 0);

        for (int i = digits - 1; i >= 0; --i) {
                at[i] = (char)('0' + number % 10);
                number /= 10;
        }
        assert(number == 0);
        at[digits] = end;
        return at + digits + 1;
}

/* The day is taken off first, downwards; what is left is never negative, also before 1970. */
size_t ev_instant_format(int64_t micros, char *buffer)
{
        int64_t day, year, left;
        int month, mday;
        char *at = buffer;

        assert(ev_instant_is_valid(micros));
        assert(buffer);

        day = ev_instant_day(micros);
        left = micros - day * EV_MICROS_PER_DAY;
        ev_date_of_day(day, &year, &month, &mday);
        at = put_number(at, year, 4, '-');
        at = put_number(at, month, 2, '-');
        at = put_number(at, mday, 2, 'T');
        at = put_number(at, left / EV_MICROS_PER_HOUR, 2, ':');
        at = put_number(at, left / EV_MICROS_PER_MINUTE % 60, 2, ':');
        at = put_number(at, left / EV_MICROS_PER_SECOND % 60, 2, '.');
        at = put_number(at, left % EV_MICROS_PER_SECOND, FRACTION_DIGITS, 'Z');
        *at = '\0';
        assert(at - buffer == EV_INSTANT_TEXT_SIZE);
        return EV_INSTANT_TEXT_SIZE;
}

int64_t ev_instant_to_pg(int64_t micros)
{
        assert(ev_instant_is_valid(micros));

        return micros - DAYS_PG_EPOCH * EV_MICROS_PER_DAY;
}

/* The server may hold what we never wrote: by hand, by an older program. So this is an answer and
 * not an assert. */
bool ev_instant_from_pg(int64_t timestamptz, int64_t *ret_micros)
{
        int64_t micros;

        assert(ret_micros);

        /* The infinities are among what overflows or is out of range. */
        if (__builtin_add_overflow(timestamptz, DAYS_PG_EPOCH * EV_MICROS_PER_DAY, &micros) ||
            !ev_instant_is_valid(micros))
                return false;
        *ret_micros = micros;
        return true;
}

int32_t ev_day_to_pg(int64_t day)
{
        assert(day >= EV_INSTANT_MIN / EV_MICROS_PER_DAY);
        assert(day <= EV_INSTANT_MAX / EV_MICROS_PER_DAY);

        return (int32_t)(day - DAYS_PG_EPOCH);
}

/* Every int32_t has a day, the infinities of date too (INT32_MIN, INT32_MAX); callers that may meet
 * them check the result. */
int64_t ev_day_from_pg(int32_t date)
{
        return (int64_t)date + DAYS_PG_EPOCH;
}
