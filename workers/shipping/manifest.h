#ifndef SHIPPING_MANIFEST_H
#define SHIPPING_MANIFEST_H

/* A manifest's states and the steps between them: the one table that decides ask and tests and the
 * documentation are made from. And the want and fold of each fact about a manifest. */

#include "events.h"
#include "schemas/shipping.h"
#include "shipping/rows.h"

enum {
        MANIFEST_STATUSES = MANIFEST_STATUS_UNKNOWN,
        SHIPPING_REASONS = SHIPPING_REASON_OTHER + 1,
        MANIFEST_RETRY_DAYS = 7, /* for mending what was held or rejected */
};

/* What takes a manifest from one state to the next. */
enum manifest_event {
        MANIFEST_SUBMITTED,  /* complete and allowed */
        MANIFEST_FORBIDDEN,  /* by a rule that no revision can satisfy */
        MANIFEST_APPROVED,   /* by customs */
        MANIFEST_REFUSED,    /* by customs */
        MANIFEST_PICKED_UP,  /* by a carrier */
        MANIFEST_CANCELLED,  /* the order was */
        MANIFEST_NOT_MENDED, /* within its 7 days */
        MANIFEST_EVENTS,
};

/* What a step does. */
enum manifest_effect {
        MANIFEST_ILLEGAL, /* there is no such step */
        MANIFEST_MOVES,   /* to the new state */
        MANIFEST_STAYS,   /* as it is, and nothing is said */
        MANIFEST_REFUSES, /* stays, and says so */
};

struct manifest_step {
        enum manifest_status from;
        bool final; /* of a rejection: no revision can mend it */
        enum manifest_event event;
        enum manifest_status to;
        enum manifest_effect effect;
};

extern const struct manifest_step manifest_steps[];
extern const size_t manifest_steps_count;

/* The status as rows spell it, and back. */
struct ev_str manifest_status_name(enum manifest_status status);
enum manifest_status status_of(const struct manifest *manifest);

/* What an event does to a manifest as it stands. */
enum manifest_effect manifest_effect_of(const struct ev_rows *rows, const struct manifest *manifest,
                                        enum manifest_event event);

/* A reason as facts and rows spell it; OTHER for a text that is none. */
struct ev_str shipping_reason_name(enum shipping_reason reason);
enum shipping_reason shipping_reason_of(struct ev_str name);

/* Why a manifest is rejected. */
struct rejection {
        enum shipping_reason reason;
        bool retryable;
        struct ev_str detail;
        bool has_decided_at;
        int64_t decided_at;
};

/* Announces ManifestRejected, from whatever state it is in. */
int announce_rejected(struct ev_case *c, const struct manifest *manifest,
                      const struct rejection *rejection) _must_check_;

/* For requests: waits for a manifest that is not known, or at the last try refuses. */
int wait_for_manifest(struct ev_case *c) _must_check_;

/* Refuses a request that is not allowed from the present state: ILLEGAL_TRANSITION. */
int refuse_step(struct ev_case *c, const struct manifest *manifest) _must_check_;

/* Of every fact that names a manifest by its first field, unique_id. */
void want_manifest_fact(struct ev_wants *wants, const void *fact);

int fold_manifest_drafted(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);
int fold_rates_quoted(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);
int fold_manifest_held(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);
int fold_manifest_submitted(struct ev_rows *rows, const struct ev_fact_head *head,
                            const void *event);
int fold_manifest_approved(struct ev_rows *rows, const struct ev_fact_head *head,
                           const void *event);
int fold_manifest_rejected(struct ev_rows *rows, const struct ev_fact_head *head,
                           const void *event);
int fold_manifest_shipped(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

#endif
