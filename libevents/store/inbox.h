#ifndef EV_STORE_INBOX_H
#define EV_STORE_INBOX_H

/* Events of foreign producers that were seen, and how far our own facts were.
 *
 * Kafka delivers at least once, and a producer of another system may send an event twice, at any
 * distance and to any partition: so its id is remembered, with a hash of what it said. Ids are kept
 * in two generations that take turns, which is how old ones are forgotten without deleting rows.
 *
 * All but ev_inbox_rotate() are parts of a batch: queued in its transaction, received in the same
 * order, with the same `count`, which is not 0. Slices are borrowed until the statement is queued.
 */

#include "base/macro.h"
#include "store/session.h"

enum { EV_CONTENT_HASH_BYTES = 32 }; /* SHA-256 */

enum ev_claimed {
        EV_CLAIMED_NEW,    /* never seen: it is ours now */
        EV_CLAIMED_SEEN,   /* the same event was applied before: drop it */
        EV_CLAIMED_REUSED, /* the id was seen with another type or content */
};

struct ev_claim {
        struct ev_str source, event_id;
        uint8_t content_hash[EV_CONTENT_HASH_BYTES]; /* of type and value bytes */
        enum ev_claimed claimed;                     /* set by ev_inbox_receive_claims() */
        size_t tag;                                  /* the caller's own */
};

/* Claims the events of a batch. They are sorted by event_id and source (bytes), so that two batches
 * take their locks in one order, and none stands there twice. */
int ev_inbox_queue_claims(struct ev_session *session, const struct ev_claim *claims,
                          size_t count) _must_check_;
int ev_inbox_receive_claims(struct ev_session *session, struct ev_claim *claims,
                            size_t count) _must_check_;

/* The last ce_sequence of a source on a lane: over every fact of the topics read. */
struct ev_mark {
        struct ev_str source, topic;
        int32_t partition;
        int64_t last_sequence; /* -1: none yet */
};
int ev_inbox_queue_marks(struct ev_session *session, const struct ev_mark *marks,
                         size_t count) _must_check_;
int ev_inbox_receive_marks(struct ev_session *session, struct ev_mark *marks,
                           size_t count) _must_check_;
int ev_inbox_queue_save_marks(struct ev_session *session, const struct ev_mark *marks,
                              size_t count) _must_check_;
int ev_inbox_receive_save_marks(struct ev_session *session, size_t count) _must_check_;

/* Begins a new generation when the old one is a week old; a round trip of its own, now and then. */
int ev_inbox_rotate(struct ev_session *session) _must_check_;

#endif
