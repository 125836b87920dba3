#ifndef EV_FLOW_HALT_H
#define EV_FLOW_HALT_H

/* What is written down where a lane is halted because of what was found on its topic: what that is,
 * and the command that goes on. A person reads it in `eventctl status` and acts upon it. */

#include "base/error.h"
#include "wire/consumer.h"

enum { EV_HALT_TEXT_MAX = 3 * EV_ERROR_TEXT_MAX };

/* The reason for an OUT_OF_RANGE, OTHER_LOG or UNREADABLE. */
void ev_halt_describe(const struct ev_consumer_event *event, const char *database,
                      struct ev_str group, char text[EV_HALT_TEXT_MAX]);

#endif
