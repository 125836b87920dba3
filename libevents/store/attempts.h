#ifndef EV_STORE_ATTEMPTS_H
#define EV_STORE_ATTEMPTS_H

/* How often a record was in hand when its process died.
 *
 * A record that ends every process that has it in hand leaves no error behind: the process is gone
 * before it can say anything. What stays is the attempt that was noted before. It is noted where a
 * death would else leave nothing: of records from ev.parked each time they are tried, and of those
 * that a lane reads only where the lane is under suspicion, that is, when takeovers of it are not
 * followed by a commit (`unclean`, store/offsets.h). Lanes that are well and have nothing waiting
 * pay nothing for it. */

#include "base/macro.h"
#include "store/session.h"

/* Notes one more attempt at each record, in a transaction of its own that is committed before they
 * are touched; *ret_tries is how many there are now of the one that has the most. */
int ev_attempts_note(struct ev_session *session, const struct ev_place *places, size_t count,
                     int32_t *ret_tries) _must_check_;

/* Forgets the attempts at records: in the transaction that settles them … */
int ev_attempts_queue_forget(struct ev_session *session, const struct ev_place *places,
                             size_t count) _must_check_;
int ev_attempts_receive_forget(struct ev_session *session) _must_check_;

/* … or takes one attempt at each back, by itself: they were not settled, and the process lives. Those
 * of others stay. */
int ev_attempts_take_back(struct ev_session *session, const struct ev_place *places,
                          size_t count) _must_check_;

#endif
