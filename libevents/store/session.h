#ifndef EV_STORE_SESSION_H
#define EV_STORE_SESSION_H

/* What every module of a worker's store needs: the database session, room for parameters, and the
 * name of the consumer group whose rows these are.
 *
 * The modules are stateless over it: each queues a statement and later receives its result, and the
 * order of the one is the order of the other. One set of parameters serves all, as libpq copies
 * them when a statement is queued. */

#include "base/macro.h"
#include "base/str.h"
#include "store/db.h"
#include "store/params.h"

struct ev_session {
        struct ev_db *db;        /* borrowed */
        struct ev_params params; /* free between any two calls; owned by whoever made the session */
        struct ev_str group;     /* borrowed; not null */
};

/* The next result, which must have been asked for. The caller's (ev_result_free()). */
int ev_session_next(struct ev_session *session, struct ev_result **ret_result) _must_check_;

/* For transactions of a round trip of their own: reads what is left, rolls back what is open, and
 * returns EV_FAILED with an error that says why. */
int ev_session_abandon(struct ev_session *session);

/* The start of the present transaction (µs since 1970), which is the time of its facts. */
int ev_session_queue_now(struct ev_session *session) _must_check_;
int ev_session_receive_now(struct ev_session *session, int64_t *ret_now) _must_check_;

/* A record's place. */
struct ev_place {
        struct ev_str topic;
        int32_t partition;
        int64_t offset; /* Kafka's, from 0; gaps are normal (compaction, transactions) */
};

/* A record as it came, for putting it aside whole. `headers` is the form of ev.headers(): for each
 * header the length of its name, the name, the length of its value (-1: null), the value; lengths
 * have four bytes, big-endian. */
struct ev_raw {
        struct ev_place place;
        struct ev_bytes key, headers, value; /* null is not empty */
};

#endif
