#ifndef EV_FLOW_WORKER_H
#define EV_FLOW_WORKER_H

/* What a worker's author writes: some tables and a main.
 *
 *      routes   what comes in: event → facts (decide)
 *      timers   what the clock does: rows that are due → facts (decide)
 *      folds    what facts do to rows (fold), live and in a rebuild
 *      loads    which rows there are, and how they are found and locked
 *
 * Everything else (Kafka, offsets, duplicates, repeats, retries, waiting, parking, outbox, metrics,
 * shutdown) is done here. An event is decided over rows in memory; the library turns a batch of
 * events into two round trips to the database. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "base/uuid.h"
#include "store/rows.h"
#include "store/tables.h"
#include "wire/record.h"

struct ev_case;
struct ev_wants;

enum {
        EV_LISTS_MAX = 16,         /* key lists of a worker */
        EV_LOADS_MAX = 24,         /* loading statements of a worker */
        EV_TIMERS_MAX = 8,         /* timers of a worker */
        EV_TIMER_KEYS_MAX = 500,   /* keys that a timer decides in one transaction */
        EV_REASON_TEXT_MAX = 1000, /* bytes of the detail of a refusal */
};

/* Names a key of one of the worker's lists (its own enum): the rows that the loads find by it are
 * loaded and locked for the whole batch at once. A null key is ignored; the same key may be wanted
 * any number of times. The text must live as long as the batch, as a decoded event's do. */
void ev_want(struct ev_wants *wants, unsigned list, struct ev_str key);

/* What becomes of an event that cannot be decided now. A decide returns them as they are. */
enum ev_decision {
        EV_DECIDED = 0,
        EV_WAITS = 1, /* for something not yet known: tried again until its deadline */
        EV_PARKS = 2, /* a person is asked; later events of the same aggregate wait behind it */
};

/* The working set, for reading (ev_rows_find(), ev_rows_first()). It shows what earlier events of
 * the batch did. */
const struct ev_rows *ev_rows_of(const struct ev_case *c);

/* *Now* is the start of the transaction, which is the `ce_time` of its facts (µs since 1970). */
int64_t ev_now(const struct ev_case *c);

/* Draws the id of a row that a fact is about to make. */
int ev_draw(struct ev_case *c, const struct ev_table *table, int32_t *ret_id) _must_check_;

/* Says that something became true. The fact is encoded, folded into the working set at once, and
 * committed with the batch. Generated: a typed `order_accepted_announce()` for each fact. */
int ev_announce(struct ev_case *c, const struct ev_record *record, const void *value) _must_check_;

/* Ends the event with its refusal (…Declined, OrderRejected): `reason` is a symbol of the context's
 * enum of reasons, `detail` says it to a person, naming field and value. */
int ev_refuse(struct ev_case *c, int32_t reason, const char *detail, ...) _must_check_
        _printf_(3, 4);

/* For a request whose `repeats` is "by_state" and that would change nothing, or is not allowed from
 * the present state: announces …RequestRepeated and returns EV_REPEATED if an accepted request had
 * the same natural key and content; returns 0, and nothing was announced, if none had. */
enum { EV_REPEATED = 3 };
int ev_repeat(struct ev_case *c) _must_check_;

/* Lets the event wait for something not yet known (`for_what`, a constant): returns EV_WAITS. Not
 * to be called on the last try, nor once anything was announced. */
int ev_wait(struct ev_case *c, const char *for_what) _must_check_;

/* Whether the deadline has passed: decide now. */
bool ev_last_try(const struct ev_case *c);

/* Sets the event aside for a person: returns EV_PARKS. `reason` is a constant. Nothing may have
 * been announced. */
int ev_park(struct ev_case *c, const char *reason) _must_check_;

/* Passes over a fact of another worker that is not allowed from the present state, and is no
 * duplicate: returns 0. It is counted and logged with the reason (`why`, a constant). Only for
 * facts, and nothing may have been announced. */
int ev_ignore(struct ev_case *c, const char *why);

/* In a timer's decide, before it announces anything: the conversation that its facts belong to, as
 * the row keeps it. Without it each fact begins one of its own. The text must live as long as the
 * batch, as those of rows do. */
void ev_correlate(struct ev_case *c, struct ev_str correlation_id);

/* Writes the one thing that no fact may carry (a password's hash, a carrier's key) into a TEXT
 * column of the row with this `find_by` key. The row must be there: a fold has made it, with a text
 * in the column that opens nothing, as it does in a rebuild. */
int ev_secret(struct ev_case *c, const struct ev_table *table, struct ev_str key,
              const char *column, struct ev_str value) _must_check_;

/* One event, decided. It may look at rows and announce facts; it knows no SQL, no offsets and no
 * retries, and may be run again with the same event. A fact of another database that is only to be
 * remembered has no decide: it is given to its fold. */
struct ev_route {
        const struct ev_record *record; /* its contract names the topic */
        void (*want)(struct ev_wants *wants,
                     const void *event);                     /* names every row it may look at */
        int (*decide)(struct ev_case *c, const void *event); /* enum ev_decision, or EV_FAILED */
};

/* What the clock does. At its interval, in a transaction of its own and beside all lanes, the keys
 * that are due are asked for, and each is decided over the rows that it wants. Any number of
 * workers may do so at one time: rows that are locked are passed over, so `due` must lock a row of
 * each key that it gives. What it has seen of other rows may be out of date when they are loaded,
 * so a decide looks whether its key is due still. */
struct ev_timer {
        const char *name; /* "expire-reservations": in logs */
        int interval_ms;
        /* in: max int4; out: key text. … ORDER BY … LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED */
        const struct ev_statement *due;
        void (*want)(struct ev_wants *wants, struct ev_str key);
        int (*decide)(struct ev_case *c, struct ev_str key); /* 0 or EV_FAILED */
};

/* What a fact is beside its fields. */
struct ev_fact_head {
        struct ev_uuid id;          /* ce_id */
        int64_t time;               /* ce_time */
        struct ev_str causation_id; /* null: made by time */
        struct ev_str source;       /* ce_source; null: announced in this transaction */
        int64_t sequence;           /* ce_sequence; 0: announced in this transaction */
};

/* One fact, applied: nothing but the fact, and the rows it names; no clock, no configuration, no
 * query. What it changes must have been wanted: by the event in the live path, by `want` in a
 * rebuild. Facts without a fold change no rows. */
struct ev_fold {
        const struct ev_record *record;
        void (*want)(struct ev_wants *wants, const void *fact);
        int (*fold)(struct ev_rows *rows, const struct ev_fact_head *head, const void *fact);
};

/* The tables, and what they belong to. A constant: nothing in it changes while it runs. */
struct ev_worker {
        const char *name;     /* "order": the program is quenty-order, as is its consumer group */
        const char *database; /* "order_db": names its settings */
        int migration;        /* the last one of its database that its statements need */
        const char *const *facts_topics; /* where its facts go, NULL at the end */
        const struct ev_route *routes;
        size_t route_count;
        const struct ev_timer *timers;
        size_t timer_count;
        const struct ev_fold *folds;
        size_t fold_count;
        const struct ev_load *loads; /* in the order in which rows are locked */
        size_t load_count;
        const struct ev_table *const *tables; /* a row's table stands behind those it refers to */
        size_t table_count;
        size_t list_count; /* of the worker's enum of key lists, see ev_want() */
        /* What belongs to one company refers to nothing of another's, but for what is remembered of
         * other databases: so that it may be bound to a shard (flow/shard.h). */
        bool is_divisible;
};

/* Checks the tables against each other, for asserts. */
bool ev_worker_check(const struct ev_worker *worker);

/* The whole program: reads its configuration, runs until SIGTERM or SIGINT, returns the exit code
 * (0 stopped as asked, 1 failed, 2 usage). */
int ev_worker_main(const struct ev_worker *worker, int argc, char **argv);

#endif
