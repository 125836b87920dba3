#ifndef EV_STORE_PARKED_H
#define EV_STORE_PARKED_H

/* Records set aside: waiting ones have a deadline and hold up nobody; those without one wait for a
 * person and hold their aggregate.
 *
 * A lane must not stand still for one record: another system's event may come before the one that
 * it refers to, and a fault in one order's data is no reason to stop all others. What is set aside
 * has been stepped over for Kafka, and this table is then the only place where it is.
 *
 * All calls are parts of a batch: queued in its transaction, received in the same order. */

#include "base/arena.h"
#include "base/macro.h"
#include "store/session.h"

struct ev_parked {
        struct ev_raw record;
        struct ev_str subject;   /* shown to people; null: none */
        struct ev_str aggregate; /* what is held: the lane's records of the same aggregate */
        struct ev_str reason, detail;
        int32_t attempts;  /* times it was tried again in vain; pauses grow with it */
        bool has_deadline; /* false: it waits for a person */
        int64_t deadline;  /* µs since 1970 */
        /* Set by ev_parked_receive_due(): */
        bool is_overdue; /* the deadline has passed */
        bool redrive;    /* a person asked for it */
        int32_t tries;   /* times that a process died with it in hand */
};

/* Sets records aside, in the transaction that steps over them. */
int ev_parked_queue_add(struct ev_session *session, const struct ev_parked *parked,
                        size_t count) _must_check_;
int ev_parked_receive_add(struct ev_session *session, size_t count) _must_check_;

/* Which aggregates of a batch are held for a person. */
struct ev_held {
        struct ev_str topic;
        int32_t partition;
        struct ev_str aggregate;
        bool is_held; /* set by ev_parked_receive_held() */
};
int ev_parked_queue_held(struct ev_session *session, const struct ev_held *held,
                         size_t count) _must_check_;
int ev_parked_receive_held(struct ev_session *session, struct ev_held *held,
                           size_t count) _must_check_;

/* Records of these lanes that may be tried again: waiting ones, and those that a person asked for
 * (redrive; only the first of each aggregate, so that order is kept), by offset, at most `max`,
 * locked FOR UPDATE SKIP LOCKED. Queued behind a barrier that proves the lanes ours. Texts and
 * bytes are copied to the arena. */
int ev_parked_queue_due(struct ev_session *session, const struct ev_str *topics,
                        const int32_t *partitions, size_t count, size_t max) _must_check_;
int ev_parked_receive_due(struct ev_session *session, struct ev_arena *arena,
                          struct ev_parked **ret_parked, size_t *ret_count) _must_check_;

/* Locks records before they are tried again, behind the barrier: is_there[i] says of each whether
 * it stands there and is ours. What is not, is gone, or in somebody's hand. */
int ev_parked_queue_lock(struct ev_session *session, const struct ev_place *places,
                         size_t count) _must_check_;
int ev_parked_receive_lock(struct ev_session *session, size_t count, bool *is_there) _must_check_;

/* Parks records that stand there already for a person: place, aggregate and record stay. */
int ev_parked_queue_again(struct ev_session *session, const struct ev_parked *parked,
                          size_t count) _must_check_;
int ev_parked_receive_again(struct ev_session *session, size_t count) _must_check_;

/* Ends the wait of records that were decided, and notes a further attempt of the others. Where one
 * had no deadline, what is held behind it is asked for: they follow in order, one after another. */
int ev_parked_queue_remove(struct ev_session *session, const struct ev_place *places,
                           size_t count) _must_check_;
int ev_parked_receive_remove(struct ev_session *session, size_t count) _must_check_;
int ev_parked_queue_attempt(struct ev_session *session, const struct ev_place *places,
                            size_t count) _must_check_;
int ev_parked_receive_attempt(struct ev_session *session, size_t count) _must_check_;

#endif
