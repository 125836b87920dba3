#ifndef TESTS_SUPPORT_REFOLD_H
#define TESTS_SUPPORT_REFOLD_H

/* The rebuild property, tried by every test of a decide: the facts that it made, folded into a set
 * of rows that has none of them, give the same rows as the live path has left. */

#include "base/arena.h"
#include "flow/case.h"
#include "flow/worker.h"

struct refold_step;
struct refold_id;

/* What a rebuild begins with, and what it folds, in order. Zeros are a valid beginning. */
struct refold {
        struct refold_step *first, *last;
        struct refold_id *first_id, *last_id; /* that the live path has drawn */
        const struct ev_announced *swept;     /* the last announced fact that is among the steps */
        bool is_live; /* the first event was decided: rows that were put are as they were then */
};

/* A row that stands in the database; it is looked at when the first event is decided, since tests
 * like to change it after they have put it. */
void refold_put(struct refold *refold, const struct ev_cases *cases, const struct ev_table *table,
                const void *image);

/* An id that the live path has drawn: the rebuild draws the same, table by table. */
void refold_drawn(struct refold *refold, struct ev_arena *arena, const struct ev_table *table,
                  int64_t id);

/* Before and after each event: takes in what was announced. */
void refold_sweep(struct refold *refold, const struct ev_cases *cases);

/* A fact of another database that was only folded. */
void refold_received(struct refold *refold, struct ev_cases *cases, const struct ev_record *record,
                     const struct ev_event *event, const void *value);

/* Folds the steps and compares; fails the running test at the first difference. */
void refold_check(const struct refold *refold, struct ev_cases *cases);

#endif
