#ifndef EVENTCTL_CUT_H
#define EVENTCTL_CUT_H

/* How people say up to where facts are wanted. */

#include <stdbool.h>

#include "flow/replay.h"
#include "topic_list.h"

/* A cut and the names in it; begins as cut_all(). */
struct cut {
        struct ev_replay_cut facts;
        struct topic_list topics;
};

/* All facts. */
void cut_all(struct cut *cut);

/* Reads a time, the number of a fact, or "TOPIC/PARTITION=OFFSET,…", where a topic may be "order.events"
 * and what stands before the offset is wanted. False, after a message, if it is none of them. */
bool cut_parse(struct cut *cut, const char *text);

#endif
