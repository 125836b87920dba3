#ifndef EV_BASE_CLOCK_H
#define EV_BASE_CLOCK_H

/* Time: clocks, instants as text, days of the calendar.
 *
 * An *instant* is an int64_t of microseconds since 1970-01-01T00:00:00Z without leap seconds (POSIX
 * time), as in Avro's timestamp-micros. A *day* is an int64_t of days since 1970-01-01, in the
 * Gregorian calendar also before it was in use (as ISO 8601 and PostgreSQL count). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
        EV_INSTANT_TEXT_SIZE = 27, /* "2025-01-31T23:59:59.000000Z" */
        EV_INSTANT_TEXT_MAX = 28,  /* bytes with the NUL */
        EV_WEEKDAY_MONDAY = 1,     /* the numbers of ISO 8601: Monday 1 … Sunday 7 */
        EV_WEEKDAY_SATURDAY = 6,
        EV_WEEKDAY_SUNDAY = 7,
};

#define EV_MICROS_PER_MS     INT64_C(1000)
#define EV_MICROS_PER_SECOND INT64_C(1000000)
#define EV_MICROS_PER_MINUTE (60 * EV_MICROS_PER_SECOND)
#define EV_MICROS_PER_HOUR   (60 * EV_MICROS_PER_MINUTE)
#define EV_MICROS_PER_DAY    (24 * EV_MICROS_PER_HOUR)

/* 0001-01-01T00:00:00.000000Z and 9999-12-31T23:59:59.999999Z, the instants that RFC 3339 can
 * write. PostgreSQL's timestamptz reaches further on both sides. */
#define EV_INSTANT_MIN (INT64_C(-719162) * EV_MICROS_PER_DAY)
#define EV_INSTANT_MAX (INT64_C(2932897) * EV_MICROS_PER_DAY - 1)

/* Microseconds since some fixed point: for durations and deadlines; no clock change moves it. */
int64_t ev_clock_monotonic_micros(void);

/* The wall clock as an instant. */
int64_t ev_clock_real_micros(void);

/* Whether the instant can be written. What Avro and SQL hand us is checked with this first. */
bool ev_instant_is_valid(int64_t micros);

/* Reads a whole slice as an RFC 3339 date-time: a zone ("Z" or ±HH:MM) is required, 'T' and 'Z' may
 * be lower-case (RFC 3339 §5.6), at most 6 digits of a fraction, no leap second (23:59:60 has no
 * place in POSIX time), and the instant lies in the years 0001 to 9999 UTC. Else false. */
bool ev_instant_parse(struct ev_str text, int64_t *ret_micros);

/* Writes a valid instant as YYYY-MM-DDTHH:MM:SS.ffffffZ, NUL-terminated, into EV_INSTANT_TEXT_MAX
 * bytes; the only form in which we write instants. Returns EV_INSTANT_TEXT_SIZE. */
size_t ev_instant_format(int64_t micros, char *buffer);

/* The day that the instant lies in (UTC), and the instant at which a day begins. */
int64_t ev_instant_day(int64_t micros);
int64_t ev_day_instant(int64_t day);

/* The day of a date. `month` is 1..12; `mday` may lie outside the month and counts on from it. */
int64_t ev_day_of_date(int64_t year, int month, int mday);

/* The date of a day; within the years of valid instants. */
void ev_date_of_day(int64_t day, int64_t *ret_year, int *ret_month, int *ret_mday);

/* 1 Monday … 7 Sunday. */
int ev_day_weekday(int64_t day);

/* PostgreSQL's binary timestamptz: microseconds since 2000-01-01T00:00:00Z, with the largest and
 * the smallest int64_t for infinity and -infinity. Source: PostgreSQL 15,
 * src/include/datatype/timestamp.h (POSTGRES_EPOCH_JDATE, DT_NOBEGIN, DT_NOEND). */

/* `micros` must be a valid instant. */
int64_t ev_instant_to_pg(int64_t micros);

/* False for the infinities and for what is not a valid instant. */
bool ev_instant_from_pg(int64_t timestamptz, int64_t *ret_micros);

/* PostgreSQL's binary date: days since 2000-01-01 (src/include/utils/date.h). Valid days only. */
int32_t ev_day_to_pg(int64_t day);
int64_t ev_day_from_pg(int32_t date);

#endif
