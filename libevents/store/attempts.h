#ifndef EV_STORE_ATTEMPTS_H
#define EV_STORE_ATTEMPTS_H

/* How often a record was in hand, only for a lane under suspicion: one that was taken over again
 * and again at one offset, because a record there ends every process that reads it.
 *
 * Such a record leaves no error behind: the process is gone before it can say anything. What stays
 * is that takeovers of the lane are never followed by a commit (`unclean`, store/offsets.h), which
 * names the lane; the count kept here names the record. Lanes that are well pay nothing for it. */

#include "base/macro.h"
#include "store/session.h"

/* Notes one more attempt, in a transaction of its own that is committed before the record is
 * touched; how many there are now, this one included, is what tells to step over it. */
int ev_attempts_note(struct ev_session *session, const struct ev_place *place,
                     int32_t *ret_tries) _must_check_;

/* Forgets the attempts at records before place->offset: in the transaction that moves the lane. */
int ev_attempts_queue_forget(struct ev_session *session, const struct ev_place *place) _must_check_;
int ev_attempts_receive_forget(struct ev_session *session) _must_check_;

#endif
