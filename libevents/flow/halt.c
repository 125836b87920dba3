/* Reasons of halted lanes.
 *
 * What the command says is all that a person has to decide: behind what is gone there is one place to
 * go on, and another log is read from its beginning or not at all. Only where no broker could say
 * what the log holds is the offset left to him. */

#include "flow/halt.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/offsets.h"

enum { WAY_ON_MAX = EV_ERROR_TEXT_MAX, NUMBER_TEXT_MAX = 24 };

/* Where the reason is being put together. */
struct reason {
        const struct ev_consumer_lane *lane;
        const char *database;
        struct ev_str group;
        char *text; /* of EV_HALT_TEXT_MAX */
};

/* What does not fit is cut: the names of topic and group are bounded, so that all of it does. */
static void add(struct reason *reason, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void add(struct reason *reason, const char *format, ...)
{
        size_t size = strlen(reason->text);
        va_list arguments;

        assert(size < EV_HALT_TEXT_MAX);

        va_start(arguments, format);
        vsnprintf(reason->text + size, EV_HALT_TEXT_MAX - size, format, arguments);
        va_end(arguments);
}

static void add_way_on(struct reason *reason, const char *from)
{
        assert(from[0]);

        add(reason,
            "eventctl lane resume --database %s --group %.*s --topic %s --partition %d --from %s "
            "--reason TEXT --yes",
            reason->database, EV_STR_ARG(reason->group), reason->lane->topic,
            reason->lane->partition, from);
}

static void add_way_on_at(struct reason *reason, int64_t from)
{
        char text[NUMBER_TEXT_MAX];

        assert(from >= 0);

        snprintf(text, sizeof(text), "%lld", (long long)from);
        add_way_on(reason, text);
}

/* The two things that can be done about another log. */
static void add_ways_on(struct reason *reason, int64_t leave_at)
{
        assert(reason->lane);

        add(reason, "To read it from its beginning, where what was applied before is known by its "
                    "id: ");
        add_way_on(reason, "beginning");
        add(reason, "; to leave unread what stands before offset %lld: ", (long long)leave_at);
        add_way_on_at(reason, leave_at);
}

static void describe_out_of_range(struct reason *reason)
{
        const struct ev_consumer_lane *lane = reason->lane;
        long long position = (long long)lane->position;

        assert(lane->log_begin <= lane->log_end);

        if (lane->log_end < 0) {
                add(reason,
                    EV_OFFSET_OTHER_LOG
                    "offset %lld of %s [%d] is outside of the log: records were deleted before "
                    "they were applied, or the topic was made again. To go on behind what is "
                    "gone: ",
                    position, lane->topic, lane->partition);
                add_way_on(reason, "OFFSET");
                add(reason, "; where the topic was made again: ");
                add_way_on(reason, "beginning");
        } else if (lane->position < lane->log_begin) {
                add(reason,
                    "offset %lld of %s [%d] is outside of the log, which begins at %lld: the "
                    "records before that were deleted before they were applied. To go on behind "
                    "what is gone: ",
                    position, lane->topic, lane->partition, (long long)lane->log_begin);
                add_way_on_at(reason, lane->log_begin);
        } else {
                add(reason,
                    EV_OFFSET_OTHER_LOG
                    "offset %lld of %s [%d] is outside of the log, which ends at %lld: the topic "
                    "was made again, or its brokers have lost records. ",
                    position, lane->topic, lane->partition, (long long)lane->log_end);
                add_ways_on(reason, lane->log_end);
        }
}

static void describe_other_log(struct reason *reason)
{
        const struct ev_consumer_lane *lane = reason->lane;

        assert(lane->begin > 0);

        add(reason,
            EV_OFFSET_OTHER_LOG
            "what stands at offset %lld of %s [%d] is not the record that was applied last: the "
            "topic was made again, or its brokers have lost records and others came in their "
            "place. ",
            (long long)lane->begin - 1, lane->topic, lane->partition);
        add_ways_on(reason, lane->begin);
}

static void describe_unreadable(struct reason *reason, const struct ev_consumer_event *event)
{
        assert(event->text[0]);

        add(reason,
            "%s. Look at the broker's disk and at what was sent there. To go on behind it, behind "
            "the last of its batch if that has more records: ",
            event->text);
        add_way_on_at(reason, reason->lane->unreadable + 1);
}

void ev_halt_describe(const struct ev_consumer_event *event, const char *database,
                      struct ev_str group, char text[EV_HALT_TEXT_MAX])
{
        struct reason reason = { event->lane, database, group, text };

        assert(event->lane && database);

        text[0] = '\0';
        if (event->kind == EV_CONSUMER_OUT_OF_RANGE)
                describe_out_of_range(&reason);
        else if (event->kind == EV_CONSUMER_OTHER_LOG)
                describe_other_log(&reason);
        else
                describe_unreadable(&reason, event);
        assert(text[0]);
}
