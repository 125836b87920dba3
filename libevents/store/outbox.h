#ifndef EV_STORE_OUTBOX_H
#define EV_STORE_OUTBOX_H

/* Facts, written in the transaction that makes them true, as its last statement before COMMIT.
 *
 * A worker never sends to Kafka what a rollback could make untrue, nor commits what nobody is told:
 * both come from writing to two systems. The outbox is one of them only; the relay carries its rows
 * over, in the order of seq, as often as it takes. */

#include "base/macro.h"
#include "base/uuid.h"
#include "store/session.h"

struct ev_outbox_row {
        struct ev_uuid event_id;
        int16_t source_id, topic_id, type_id; /* ev_outbox_source_id(), ev_outbox_name_ids() */
        int16_t outcome;                      /* 0 none, 1 accepted, 2 refused, 3 repeated */
        int32_t schema_id; /* of the payload's schema, from schemas/ids; the relay frames with it */
        struct ev_str key, subject; /* Kafka's key, which gives the partition; whom it is about */
        struct ev_str correlation_id, causation_id, causation_source; /* null: none */
        struct ev_str traceparent, tracestate;                        /* null: none */
        struct ev_bytes payload;                                      /* unframed */
};

/* For start-up, a round trip each: the ids of topic and type names, in the order of the names, and
 * the id of the source that facts of this session are recorded under. */
int ev_outbox_name_ids(struct ev_session *session, const struct ev_str *names, size_t count,
                       int16_t *ret_ids) _must_check_;
int ev_outbox_source_id(struct ev_session *session, int16_t *ret_id) _must_check_;

/* Writes the facts so that seq follows the order of the rows; `notify` wakes the relay (for small
 * batches). */
int ev_outbox_queue(struct ev_session *session, const struct ev_outbox_row *rows, size_t count,
                    bool notify) _must_check_;
int ev_outbox_receive(struct ev_session *session, size_t count, bool notify) _must_check_;

/* Makes partitions ahead; a round trip of its own, now and then. */
int ev_outbox_make_partitions(struct ev_session *session) _must_check_;

#endif
