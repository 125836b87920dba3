#include "flow/halt.h"

#include <string.h>

#include "store/offsets.h"
#include "support/unit.h"

UNIT_SUITE(halt);

enum { TOPIC_NAME_MAX = 249 }; /* of Kafka */

#define COMMAND                                                                                  \
        "eventctl lane resume --database order_db --group quenty-order --topic t --partition 3 " \
        "--from "

static void describe(enum ev_consumer_event_kind kind, struct ev_consumer_lane lane,
                     char text[EV_HALT_TEXT_MAX])
{
        const struct ev_consumer_event event = { .kind = kind,
                                                 .lane = &lane,
                                                 .text = "t/3: bad bytes" };

        lane.topic = lane.topic ? lane.topic : "t";
        lane.partition = 3;
        ev_halt_describe(&event, "order_db", EV_STR("quenty-order"), text);
}

static bool says(const char *text, const char *what)
{
        return strstr(text, what) != NULL;
}

Test(halt, what_is_gone_is_stepped_over)
{
        char text[EV_HALT_TEXT_MAX];

        describe(EV_CONSUMER_OUT_OF_RANGE,
                 (struct ev_consumer_lane){ .position = 4, .log_begin = 6, .log_end = 9 }, text);
        cr_assert(says(text, "offset 4 of t [3]") && says(text, "begins at 6"), "%s", text);
        cr_assert(says(text, COMMAND "6 --reason TEXT --yes"), "%s", text);
        cr_assert(!says(text, EV_OFFSET_OTHER_LOG), "%s", text);
}

Test(halt, a_log_that_ends_before_the_lane_is_another_one)
{
        char text[EV_HALT_TEXT_MAX];

        describe(EV_CONSUMER_OUT_OF_RANGE,
                 (struct ev_consumer_lane){ .position = 40, .log_begin = 0, .log_end = 9 }, text);
        cr_assert_eq(strncmp(text, EV_OFFSET_OTHER_LOG, strlen(EV_OFFSET_OTHER_LOG)), 0);
        cr_assert(says(text, "offset 40 of t [3]") && says(text, "ends at 9"), "%s", text);
        cr_assert(says(text, COMMAND "beginning") && says(text, COMMAND "9 "), "%s", text);
}

Test(halt, where_nobody_can_say_what_there_is_the_offset_is_left_open)
{
        char text[EV_HALT_TEXT_MAX];

        describe(EV_CONSUMER_OUT_OF_RANGE,
                 (struct ev_consumer_lane){ .position = 4, .log_begin = -1, .log_end = -1 }, text);
        cr_assert_eq(strncmp(text, EV_OFFSET_OTHER_LOG, strlen(EV_OFFSET_OTHER_LOG)), 0);
        cr_assert(says(text, COMMAND "OFFSET") && says(text, COMMAND "beginning"), "%s", text);
}

Test(halt, another_record_than_the_last_is_another_log)
{
        char text[EV_HALT_TEXT_MAX];

        describe(EV_CONSUMER_OTHER_LOG, (struct ev_consumer_lane){ .begin = 5 }, text);
        cr_assert_eq(strncmp(text, EV_OFFSET_OTHER_LOG, strlen(EV_OFFSET_OTHER_LOG)), 0);
        cr_assert(says(text, "offset 4 of t [3] is not the record that was applied last"), "%s",
                  text);
        cr_assert(says(text, COMMAND "beginning") && says(text, COMMAND "5 "), "%s", text);
}

Test(halt, what_cannot_be_read_is_stepped_over)
{
        char text[EV_HALT_TEXT_MAX];

        describe(EV_CONSUMER_UNREADABLE, (struct ev_consumer_lane){ .unreadable = 7 }, text);
        cr_assert(says(text, "t/3: bad bytes") && says(text, COMMAND "8 "), "%s", text);
        cr_assert(!says(text, EV_OFFSET_OTHER_LOG), "%s", text);
}

Test(halt, the_longest_name_fits)
{
        char text[EV_HALT_TEXT_MAX], topic[TOPIC_NAME_MAX + 1];

        memset(topic, 'x', TOPIC_NAME_MAX);
        topic[TOPIC_NAME_MAX] = '\0';
        describe(EV_CONSUMER_OTHER_LOG,
                 (struct ev_consumer_lane){ .topic = topic, .begin = INT64_MAX }, text);
        cr_assert_eq(strcmp(text + strlen(text) - strlen(" --yes"), " --yes"), 0, "%s", text);
}
