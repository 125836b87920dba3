#ifndef EV_STORE_OFFSETS_H
#define EV_STORE_OFFSETS_H

/* How far each lane is applied, kept in the transaction that applies it.
 *
 * A lane is a partition of a topic as one consumer group reads it. Kafka's own offsets are told
 * too, but only as a display: they cannot be committed together with rows, so they are not what a
 * worker goes on from. The epoch does for our database what Kafka's generation does for its
 * coordinator: it shuts out the owner before, whose process may be stopped and wake up again. */

#include <stdbool.h>

#include "base/macro.h"
#include "store/session.h"

enum {
        EV_FINGERPRINT_BYTES = 32, /* SHA-256 of a record */
        EV_OFFSET_SUSPECTS = 1000, /* records behind a suspected lane's offset that go one by one */
};

/* How the reason of a lane begins whose log is not, or may not be, the one that its offset was kept of:
 * then a person may have it go back, to read what is there now. */
#define EV_OFFSET_OTHER_LOG "another log: "

/* A lane as its owner knows it. */
struct ev_offset {
        struct ev_str topic;
        int32_t partition;
        int64_t epoch;        /* of this ownership; set by ev_offsets_assign() */
        int64_t next_offset;  /* where it goes on; -2: the beginning; set by ev_offsets_assign() */
        int32_t unclean;      /* takeovers at this offset without a clean release, this one too */
        int32_t suspects;     /* records that go one by one, as one of them may have killed the
                               * owners before us; 0: the lane is not under suspicion */
        bool is_halted;       /* set by ev_offsets_assign(): it is not to be read */
        bool has_fingerprint; /* of the last record applied; false: none yet */
        uint8_t fingerprint[EV_FINGERPRINT_BYTES];
};

/* Takes lanes over, in a transaction of its own: inserts what is missing (next_offset -2), locks
 * the rows in order of topic and partition, bumps the epochs, counts the takeover as unclean until
 * a commit or a release, and fills the structs in. */
int ev_offsets_assign(struct ev_session *session, struct ev_offset *lanes,
                      size_t count) _must_check_;

/* What a database is bound to: a worker's part of the partitions, read under a group of its own. */
struct ev_binding {
        struct ev_str worker;        /* "quenty-order": the group that reads all, and how those of
                                        * shards begin */
        struct ev_str topic;         /* one that is read by shards, for the lane that is left */
        const struct ev_str *shared; /* topics that each shard reads whole */
        size_t shared_count;
        int32_t index, count; /* shard K of N; count 1: all partitions */
};

/* Leaves a lane of the session's group in the database (next_offset -2), in a transaction of its
 * own. If there are lanes of another binding of the same worker, nothing is written and it fails
 * (verdict: stop), saying which: two shards in one database would each decide over the other's
 * rows. Of several workers that do so at one time in an empty database the first one has it. */
int ev_offsets_bind(struct ev_session *session, const struct ev_binding *binding) _must_check_;

/* One lane's part of a batch. */
struct ev_advance {
        const struct ev_offset *lane; /* its next_offset is what is expected to stand there */
        int64_t next_offset;          /* behind the last record of the batch */
        bool has_fingerprint;         /* false: NULL is written */
        uint8_t fingerprint[EV_FINGERPRINT_BYTES]; /* of that record */
};

/* The first statement of a batch, the barrier for all that follows: moves every lane from the
 * expected offset to the next, if the epoch is still ours; one statement for all lanes. */
int ev_offsets_queue_advance(struct ev_session *session, const struct ev_advance *advances,
                             size_t count) _must_check_;

enum { EV_OFFSETS_FENCED = 1 };

/* 0 and the start of the transaction (µs since 1970), or EV_OFFSETS_FENCED: at least one lane is
 * not ours at that offset any more. */
int ev_offsets_receive_advance(struct ev_session *session, size_t count,
                               int64_t *ret_now) _must_check_;

/* After a COMMIT without an answer, in a transaction of its own, with the rows locked: */
enum ev_settled {
        EV_SETTLED_COMMITTED = 1, /* ours landed: the epoch is ours, the end is ours */
        EV_SETTLED_LOST = 2,      /* it did not: the epoch is ours, the beginning stands there */
        EV_SETTLED_FENCED = 3,    /* somebody else has taken over; or no lane was to move, so that
                                     nothing tells: drop what is in hand and begin anew */
};
int ev_offsets_settle(struct ev_session *session, const struct ev_advance *advances, size_t count,
                      enum ev_settled *ret_settled) _must_check_;

/* Gives lanes back cleanly: unclean becomes 0 where the epoch is still ours. */
int ev_offsets_release(struct ev_session *session, const struct ev_offset *lanes,
                       size_t count) _must_check_;

/* How many of the lanes that are halted as we know them are halted no more: a person has let them
 * go on. */
int ev_offsets_count_resumed(struct ev_session *session, const struct ev_offset *lanes,
                             size_t count, size_t *ret_resumed) _must_check_;

/* Halts a lane of ours for a person to look at; the reason names the command that goes on. */
int ev_offsets_halt(struct ev_session *session, const struct ev_offset *lane,
                    struct ev_str reason) _must_check_;

#endif
