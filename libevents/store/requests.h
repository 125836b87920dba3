#ifndef EV_STORE_REQUESTS_H
#define EV_STORE_REQUESTS_H

/* Requests that were accepted, by what they ask for.
 *
 * The inbox knows an event by its id; this table knows a request by its content. A client that lost
 * our answer and asks again makes a new event with a new id, and must get the first answer and no
 * second effect. Refused requests are not kept: asking again may well have another answer.
 *
 * Parts of a batch: queued in its transaction, received in the same order. */

#include "base/arena.h"
#include "base/macro.h"
#include "base/uuid.h"
#include "store/inbox.h"
#include "store/session.h"

struct ev_request {
        struct ev_str natural_key, type;
        uint8_t content_hash[EV_CONTENT_HASH_BYTES];
        /* Set by ev_requests_receive_find(), given to ev_requests_queue_save(): */
        bool is_known;
        struct ev_str event_id; /* of the request */
        struct ev_uuid outcome_event_id;
        struct ev_str outcome_type;
};

/* Looks up what a batch asks for; several may be the same. Texts found are copied to the arena. */
int ev_requests_queue_find(struct ev_session *session, const struct ev_request *requests,
                           size_t count) _must_check_;
int ev_requests_receive_find(struct ev_session *session, struct ev_request *requests, size_t count,
                             struct ev_arena *arena) _must_check_;

/* Saves the accepted ones of a batch, each natural key, type and content once. A row that is there
 * already is overwritten if is_known was set for it (decided afresh after its outcome was undone);
 * else somebody else accepted the same request at the same time, and the statement fails,
 * before the COMMIT behind it, and receiving says EV_VERDICT_AGAIN. */
int ev_requests_queue_save(struct ev_session *session, const struct ev_request *requests,
                           size_t count) _must_check_;
int ev_requests_receive_save(struct ev_session *session, size_t count) _must_check_;

#endif
