#include "eventctl/command.h"

#include "base/clock.h"
#include "support/unit.h"

UNIT_SUITE(eventctl_command);

Test(eventctl_command, a_day_is_its_midnight)
{
        int64_t day, midnight;

        cr_assert(command_time("2025-01-31", &day));
        cr_assert(ev_instant_parse(EV_STR("2025-01-31T00:00:00Z"), &midnight));
        cr_assert_eq(day, midnight);
}

Test(eventctl_command, a_time_is_taken_with_its_zone)
{
        int64_t there, here;

        cr_assert(command_time("2025-01-31T12:00:00+02:00", &there));
        cr_assert(command_time("2025-01-31T10:00:00Z", &here));
        cr_assert_eq(there, here);
}

Test(eventctl_command, what_is_neither_is_no_time)
{
        static const char *const texts[] = {
                "",           "yesterday",  "2025-02-30",          "2025-1-31",
                "31.01.2025", "1738324800", "2025-01-31T12:00:00", "2025-01-31Z"
        };
        int64_t instant = 7;

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                cr_assert_not(command_time(texts[i], &instant), "%s", texts[i]);
        cr_assert_eq(instant, 7);
}
