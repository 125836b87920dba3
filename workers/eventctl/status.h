#ifndef EVENTCTL_STATUS_H
#define EVENTCTL_STATUS_H

/* What `status` finds, and how it is shown. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/macro.h"
#include "database.h"
#include "store/db.h"
#include "topic_list.h"

enum {
        STATUS_PARKED_MAX = 100, /* aggregates that are named; all are counted */
        STATUS_TOPICS_MAX = 64,
        STATUS_LAG_UNKNOWN = -1,
};

/* Of one database; results are those of the statements of the same names (sql/status_….sql). */
struct status_database {
        const char *name;
        bool is_asked;    /* it is configured */
        bool is_answered; /* else `error` says why not */
        char error[EV_ERROR_TEXT_MAX];
        struct ev_result *lanes, *parked, *counts, *feeds, *leader;
        int64_t *lags; /* of each lane; STATUS_LAG_UNKNOWN where Kafka did not say */
        int64_t *ends; /* of its partition, likewise */
        size_t halted;
        bool is_stalled; /* something has waited for a relay, and none leads */
};

struct status {
        struct status_database databases[DATABASES];
        bool kafka_is_answered;
        char kafka_error[EV_ERROR_TEXT_MAX];
        int64_t now; /* the instant of asking */
};

/* Whether anything is halted, stalled or parked. */
bool status_is_alarming(const struct status *status);

/* Appends all of it as one JSON object, or as text for people. */
int status_write_json(const struct status *status, struct ev_buffer *out) _must_check_;
int status_write_text(const struct status *status, bool is_coloured,
                      struct ev_buffer *out) _must_check_;

#endif
