#ifndef EV_STORE_DEADLETTER_H
#define EV_STORE_DEADLETTER_H

/* Records that can never be applied, in the transaction that steps over them.
 *
 * Queued behind the barrier that moves the lane (store/offsets.h), received in the order of
 * queueing like everything in a batch; `count` is the same in both calls, and not 0. Topic,
 * partition and offset are those where the record was read, so a letter can be traced to its place.
 */

#include "base/macro.h"
#include "store/session.h"

struct ev_dead_letter {
        struct ev_raw record;
        struct ev_str reason; /* "undecodable", … (EVENTS: dlq-reason) */
        struct ev_str detail; /* for people: field, position */
};

int ev_dead_letters_queue(struct ev_session *session, const struct ev_dead_letter *letters,
                          size_t count) _must_check_;
int ev_dead_letters_receive(struct ev_session *session, size_t count) _must_check_;

#endif
