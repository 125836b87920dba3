#ifndef EV_FLOW_RETRY_H
#define EV_FLOW_RETRY_H

/* Applies records until they are applied, whatever that takes.
 *
 * What stands between the batch and the rest of the process are four hooks, so that everything in
 * here can be tried against a real database without a broker. */

#include "base/error.h"
#include "base/log.h"
#include "base/macro.h"
#include "flow/batch.h"

/* What has become of records that ev_retry_apply() was given. */
enum {
        EV_APPLY_VOID = 1, /* dropped: their lanes are not ours any more, or the process is to end;
                            * whoever owns the lanes begins at the offsets that were committed */
};

struct ev_retry_hooks {
        /* Connects the session if it is lost. Fails with RETRY while the database is not there. */
        int (*connect)(void *context);
        /* Lets wait_ms pass, with the lanes paused and the membership of the group kept alive. 0,
         * EV_APPLY_VOID, or EV_FAILED; RETRY: what is in hand is dropped by rejoining. */
        int (*rest)(void *context, int wait_ms);
        /* Drops what is in hand and begins anew from the kept offsets. 0 or EV_FAILED. */
        int (*rejoin)(void *context);
        /* A transaction was committed: the lanes' offsets and ev_batch_counts() are those of it.
         * Called once for each, so several times for a batch that was halved. */
        void (*applied)(void *context);
        void *context;
};

/* One for a process; the caller fills in the first part. */
struct ev_retry {
        struct ev_batch *batch; /* borrowed, as all pointers here */
        struct ev_db *db;       /* the batch's */
        struct ev_log *log;     /* of the table in flow/worker_log.h */
        struct ev_retry_hooks hooks;
        int backoff_max_ms; /* > 0 */

        unsigned failures;              /* in a row: sets the back-off */
        char poison[EV_ERROR_TEXT_MAX]; /* why the record in hand is at fault */
        /* Attempts that were noted in a session that is lost: to be taken back in the next one. The
         * names of topics outlive the records. */
        struct ev_place owed[EV_BATCH_MAX];
        size_t owed_count;
};

/* Whoever connects the session calls this next, before lanes are taken over in it: attempts at
 * records that were dropped with the session before are taken back. */
int ev_retry_take_back(struct ev_retry *retry) _must_check_;

/* Applies `count` records (1 to EV_BATCH_MAX) in one transaction or, where one of them is at fault,
 * in several; always in their order. Tries again with back-off while a server is in trouble, halves
 * a batch to find the record at fault, and parks that one. 0 when all are applied or set aside;
 * EV_APPLY_VOID; or EV_FAILED for what only a person can mend: what was committed until then stays,
 * and the offsets stand behind it. */
int ev_retry_apply(struct ev_retry *retry, struct ev_item *items, size_t count) _must_check_;

#endif
