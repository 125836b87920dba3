/* What a relay tells its log, in one table. Nothing is stored here. */

#include <assert.h>

#include "flow/relay.h"

enum { ERROR = 3, WARNING = 4, INFO = 6, DEBUG = 7 };

static const struct {
        const char *name;
        int level;
} events[] = {
        [EV_RELAY_WAITING] = { "relay-waiting", INFO },
        [EV_RELAY_LEADING] = { "relay-leading", INFO },
        [EV_RELAY_UNSEATED] = { "relay-unseated", WARNING },
        [EV_RELAY_WRITER_SLOW] = { "relay-writer-slow", WARNING },
        [EV_RELAY_WRITER_ENDED] = { "relay-writer-ended", ERROR },
        [EV_RELAY_FORK_ACCEPTED] = { "relay-fork-accepted", WARNING },
        [EV_RELAY_TROUBLE] = { "relay-trouble", WARNING },
        [EV_RELAY_STOPPED] = { "relay-stopped", INFO },
        [EV_RELAY_KAFKA] = { "relay-kafka", DEBUG },
};

const char *ev_relay_event_name(enum ev_relay_event event)
{
        assert(event < EV_RELAY_EVENTS);

        return events[event].name;
}

int ev_relay_event_level(enum ev_relay_event event)
{
        assert(event < EV_RELAY_EVENTS);

        return events[event].level;
}
