#ifndef EVENTCTL_DLQ_H
#define EVENTCTL_DLQ_H

/* What `dlq` and the sending of dead letters share. */

#include "aside.h"
#include "wire/producer.h"

/* Columns of sql/dlq_page.sql. */
enum {
        DLQ_SEQ,
        DLQ_GROUP,
        DLQ_TOPIC,
        DLQ_PARTITION,
        DLQ_OFFSET,
        DLQ_REASON,
        DLQ_DETAIL,
        DLQ_CREATED_AT,
        DLQ_VALUE_BYTES,
        DLQ_STATE,
};

/* What a command makes of the dead letters it meets. */
struct dlq {
        struct aside aside; /* first */
        int (*take)(struct dlq *dlq, const struct ev_result *page, size_t row);
        const char *would; /* what is shown of a dry run; NULL: the command only looks */
        bool shows_settled, shows_bytes;
        struct ev_producer *producer; /* of `redrive`: made when the first is sent; or NULL */
        int stop_fd;
        const char *locked; /* the database in which no other redrive is under way; or NULL */
};

/* Notes what is done about a dead letter; *ret_noted is false where it was settled before. */
int dlq_note(struct dlq *dlq, int64_t seq, const char *action, const char *detail,
             bool *ret_noted) _must_check_;

/* Key, headers and value. The caller's. */
int dlq_load(struct dlq *dlq, int64_t seq, struct ev_result **ret_row) _must_check_;

/* Sends one to its topic again, or puts a fact back into ev.parked, notes it, and counts it as done.
 * *ret_said says what has become of it. Fails if Kafka does not acknowledge it or was stopped. */
int dlq_send(struct dlq *dlq, const struct ev_result *page, size_t row,
             const char **ret_said) _must_check_;

void dlq_done(struct dlq *dlq);

#endif
