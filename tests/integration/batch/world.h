#ifndef TESTS_BATCH_WORLD_H
#define TESTS_BATCH_WORLD_H

/* A batch and what retries it against a real database, without a broker: records are made by hand,
 * and the hooks count instead of resting. A second session looks at what is committed. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "consumer/report.h"
#include "flow/batch.h"
#include "flow/retry.h"

enum {
        WAIT_MS = 10000,
        LANES_MAX = 300, /* more than a group of twelve partitions a topic will ever deal out */
        ITEMS_MAX = 1000,
        RESTS_MAX = 200,                /* of one batch: then it is dropped */
        WAIT_MAX_US = 60 * 1000 * 1000, /* of waiting records; made overdue by SQL */
};

struct world {
        struct ev_db *db;    /* the batch's session */
        struct ev_db *admin; /* another one */
        struct ev_batch *batch;
        struct ev_arena *arena; /* of the records */
        struct ev_retry retry;
        struct ev_offset lanes[LANES_MAX];
        int64_t ends[LANES_MAX]; /* the next offset of each log */
        struct ev_item items[ITEMS_MAX];
        size_t count; /* of the batch being made */
        size_t sent;  /* records of this check, for their names */
        /* What the hooks were asked for. */
        unsigned rests, rejoins, connects, applied;
};

void world_open(struct world *w, const char *conninfo, const char *admin_conninfo);
void world_close(struct world *w);

/* Empties all tables, makes products SKU-0 to SKU-99, takes lanes 0 and 1 over anew. */
void world_begin(struct world *w, size_t lanes);

/* Adds a receipt of `quantity` pieces to the batch; the rest of it is the same for all. */
struct ev_item *add(struct world *w, size_t lane, const char *id, const char *sku, int quantity,
                    const char *reference);
/* The same with names that are nobody else's. */
struct ev_item *add_new(struct world *w, size_t lane, const char *sku, int quantity);

/* The same with lanes of a topic of facts of another database. */
void world_begin_facts(struct world *w, size_t lanes);

/* Takes the lanes over again, as a process that begins does: those of world_begin(). */
void world_take(struct world *w, size_t lanes);

/* Adds a fact: a company C-<sequence> was registered. `previous` 0: it names none before it. */
struct ev_item *add_fact(struct world *w, size_t lane, const char *source, int sequence,
                         int previous);

/* Adds a fact that comes from ev.parked and that no route wants (any more). */
void add_unwanted_fact(struct world *w);

/* Runs the batch once, or until it is done; and begins a new one. The items are given again by
 * setting `count`. */
int run_once(struct world *w);
int apply(struct world *w);

/* Makes a batch of what ev.parked gives out to be tried again, as the runner does. */
size_t add_due(struct world *w);

/* SQL in the other session; the first value as text, valid until the next call. */
void sql(struct world *w, const char *text);
const char *look(struct world *w, const char *text);
/* Whether it is what is expected; if not, the next report says what it is. */
bool shows(struct world *w, const char *text, const char *expected);

/* A process of its own that ends the batch's session as soon as it sleeps in the server. */
void kill_sleeper(const char *conninfo);

/* The checks; each begins a world of its own. */
typedef void check_fn(struct world *w);
extern check_fn *const engine_checks[],
        *const trouble_checks[], *const timer_checks[],
                                         *const mark_checks[], *const crash_checks[],
                                                                       *const landed_checks[],
                                                                               *const late_checks[];

/* Runs it in a process of its own, with sessions of its own and EV_FAULTS set to `faults` (NULL:
 * not set). world_wait() says how the last one ended. */
void in_a_child(check_fn *run, const char *faults);
int world_wait(void);

/* The worker of the batch, once world_open() was called; and a timer that is not in it. */
extern struct ev_worker test_worker;
extern const struct ev_timer test_timer;

/* Whether a record with the reference "LATER" ends the process. */
extern bool later_is_deadly;

/* How often the decide of this test was run since world_begin(). */
extern unsigned decides;

#endif
