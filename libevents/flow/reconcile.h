#ifndef EV_FLOW_RECONCILE_H
#define EV_FLOW_RECONCILE_H

/* Outbox = topics, in both directions: each fact of a database is on its topic, each record there is
 * a fact, and both are the same byte for byte.
 *
 * Rows are read in order of seq, and beside them the partitions of the database's topics. For each row
 * the record is made as the relay makes it, and compared with the one that stands there. It may run
 * while the system does: rows up to the relay's position at the beginning have to have records, later
 * ones may. Memory does not grow with the tables. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "flow/shard.h"
#include "store/db.h"
#include "wire/kafka.h"

/* What is found. `seq` 0 or `offset` -1: there is none. */
enum ev_finding_kind {
        EV_FINDING_MISSING_RECORD,  /* a row at or before the position without a record */
        EV_FINDING_MISSING_ROW,     /* a record of ours whose row is not there */
        EV_FINDING_CHANGED,         /* row and record differ; a repetition, too */
        EV_FINDING_REORDERED,       /* it stands behind later ones of its partition */
        EV_FINDING_WRONG_PARTITION, /* it stands where its key does not belong */
        EV_FINDING_GAP,             /* numbers that are missing, and no gap explains */
        EV_FINDING_FOREIGN,         /* a record of another source */
        EV_FINDING_UNREADABLE,      /* a record without source or number */
        EV_FINDING_VOID,            /* of a timeline whose lost facts a person has accepted */
        EV_FINDING_REPEATED,        /* once more, with the same bytes: at least once is promised */
        EV_FINDINGS,
};

/* "missing_record", …: for people and programs. */
const char *ev_finding_name(enum ev_finding_kind kind);

/* Whether it is a difference: VOID and REPEATED are as they may be. A relay promises its records at least
 * once, so repetitions are counted and shown, and nobody has to act on them. */
bool ev_finding_is_difference(enum ev_finding_kind kind);

/* Slices are valid during the call. Who shows findings has to bound how many: a topic that was made anew
 * gives one for each row. */
struct ev_finding {
        enum ev_finding_kind kind;
        int64_t seq;
        struct ev_str id;    /* of the event; null: it has none */
        struct ev_str topic; /* null: none is concerned */
        int32_t partition;   /* -1: none */
        int64_t offset;
        struct ev_str detail; /* what differs, in words; null: the kind says all */
};
typedef void ev_finding_fn(void *context, const struct ev_finding *finding);

struct ev_reconcile;

struct ev_reconcile_options {
        struct ev_db *db;             /* connected, not in a transaction; borrowed, as all here */
        struct ev_kafka *kafka;       /* role EV_KAFKA_READER */
        const char *const *topics;    /* of the database's facts, NULL behind the last */
        const struct ev_shard *shard; /* whose partitions they are published on; NULL: all */
        int64_t since_seq;            /* 0: from the first that is there */
        const int64_t *since_time;    /* an instant; NULL: of any time */
        ev_finding_fn *found;         /* called for each finding, in the order of reading */
        void *context;
};

/* Reads the relay's position, then where the topics end. Fails as the database and Kafka do, and
 * without one of the topics. The caller owns *ret_reconcile (ev_reconcile_free). */
int ev_reconcile_new(struct ev_reconcile **ret_reconcile,
                     const struct ev_reconcile_options *options) _must_check_;
struct ev_reconcile *ev_reconcile_free(struct ev_reconcile *reconcile);
EV_DEFINE_CLEANUP(struct ev_reconcile *, ev_reconcile_free)

/* Compares a page of rows, or what is left of a partition. 0; EV_RECONCILE_END, and everything was
 * compared; or EV_FAILED (verdict retry, too, when partitions of the outbox were dropped meanwhile).
 */
enum { EV_RECONCILE_END = 1 };
int ev_reconcile_step(struct ev_reconcile *reconcile) _must_check_;

struct ev_reconcile_counts {
        int64_t from, to;    /* the numbers that are compared, both included */
        int64_t lower;       /* below it partitions of the outbox were dropped */
        int64_t at;          /* the number that it has come to */
        uint64_t rows;       /* compared with their record; or their record is missing */
        uint64_t later;      /* facts behind `to` that are on their topic, and compared */
        uint64_t records;    /* read, those passed over included */
        uint64_t before;     /* of them: passed over, as their number is below `from` */
        uint64_t never_came; /* numbers that a gap explains */
        uint64_t found[EV_FINDINGS];
};
const struct ev_reconcile_counts *ev_reconcile_counts(const struct ev_reconcile *reconcile);

#endif
