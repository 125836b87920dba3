#ifndef TESTS_SUPPORT_DECIDE_H
#define TESTS_SUPPORT_DECIDE_H

/* Decides and folds without a database: rows in, facts and rows out.
 *
 *      struct decide t;
 *
 *      decide_begin(&t, &order_worker);
 *      decide_put(&t, &products_table, &(struct product){ .id = 1, .sku = EV_STR("A") });
 *      cr_assert_eq(decide(&t, &goods_received_record, &event), 0);
 *      fact = decide_fact(&t, &stock_received_record);
 *      lot = ev_rows_first(t.rows, &lots_table, 1);
 *      decide_end(&t);
 *
 * Facts of other workers are decided or folded in the same way; `t.event.source` and
 * `t.event.sequence` say where they stand. A timer is decided by decide_timer().
 *
 * It is what a batch does, without the round trips: the event's route decides, facts are encoded
 * and folded, and the next event sees what the one before it did. A failed expectation of these
 * functions fails the running test. */

#include "base/arena.h"
#include "flow/case.h"
#include "flow/worker.h"
#include "support/refold.h"

struct decide {
        const struct ev_worker *worker;
        struct ev_arena *arena;
        struct ev_rows *rows;
        struct ev_cases cases;
        int64_t drawn; /* the last id that was drawn; the first one is 1001 */

        /* What the next event comes with; to be changed at will. A fact has a UUID as its id, a
         * time, and the next sequence of its source. */
        struct ev_event event; /* id "event-1", "event-2", …; key "KEY"; source "/test" */
        bool is_last_try;
        const struct ev_first_request *first_request;

        /* Of the last event. */
        struct ev_case c;
        size_t count;                     /* events so far */
        int64_t sequence;                 /* of the last fact that came in */
        const struct ev_announced *facts; /* in the order of announcement */
        size_t facts_count;

        struct refold refold; /* decide_end() tries it … */
        bool is_not_rebuilt;  /* … unless the test has changed rows by other means than facts */
};

void decide_begin(struct decide *t, const struct ev_worker *worker);
void decide_end(struct decide *t);

/* A row that stands in the database. */
void decide_put(struct decide *t, const struct ev_table *table, const void *image);

/* Decides one event: what ev_case_decide() says of it. */
int decide(struct decide *t, const struct ev_record *record, const void *event);

/* Decides one key of a timer: what ev_case_decide_due() says of it. */
int decide_timer(struct decide *t, const struct ev_timer *timer, struct ev_str key);

/* How many facts of a type the last event made. */
size_t decide_count(const struct decide *t, const struct ev_record *record);

/* The only fact of this type that the last event made, read back from the bytes that the outbox
 * gets; and the same with its envelope. */
const void *decide_fact(struct decide *t, const struct ev_record *record);
const struct ev_announced *decide_announced(const struct decide *t, const struct ev_record *record);

#endif
