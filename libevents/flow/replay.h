#ifndef EV_FLOW_REPLAY_H
#define EV_FLOW_REPLAY_H

/* A database folded from its facts, as an auditor does it to compare the result with the live one.
 *
 * Facts are read from their topics and applied to an empty, migrated database by the wants and
 * folds of the same worker, in the order of their numbers, which is the order of their commits:
 * first those of other databases that this one remembers, then its own, over all topics and
 * partitions. Offsets move in the transaction of the rows, so that a replay which dies anywhere goes
 * on where it stood, and two of them on one database shut each other out. */

#include <stdint.h>

#include "flow/schemas.h"
#include "flow/shard.h"
#include "flow/worker.h"
#include "store/db.h"
#include "wire/kafka.h"

struct ev_archive;
struct ev_replay;

enum { EV_REPLAY_ENDS_MAX = 1024 };

/* Records of a partition before this offset are wanted. */
struct ev_replay_end {
        struct ev_str topic; /* borrowed */
        int32_t partition;
        int64_t offset;
};

/* How far the facts are wanted. What was committed at any moment is the beginning of their order, so
 * each of these is a state in which the database was, or would have been. Several hold together. */
struct ev_replay_cut {
        /* The last of its own facts. Facts are published in many partitions at a time, so that one may
         * be there before one that it builds on; up to the position of the relay, if that was asked
         * for before, all are there. INT64_MAX: to the ends, where nobody publishes. */
        int64_t last_sequence;
        /* Its own facts in front of the first that was recorded later than this instant; of other
         * databases' those in front of the first of their partition. INT64_MAX: all. */
        int64_t until;
        /* Its own facts in front of the first that stands behind an end; of other databases' those in
         * front of the end of their partition. Partitions that are not named are read to their ends. */
        struct ev_replay_end ends[EV_REPLAY_ENDS_MAX];
        size_t ends_count;
};

struct ev_replay_options {
        const struct ev_worker *worker; /* whose folds; borrowed, as is everything here */
        struct ev_db *db;               /* connected to the database that is filled */
        struct ev_kafka *kafka;         /* role EV_KAFKA_READER; NULL with archives */
        /* In place of topics: archives of other databases whose facts are remembered, then its own, from
         * the first fact on. */
        struct ev_archive *const *archives;
        size_t archive_count;            /* 0: topics */
        struct ev_schemas *schemas;      /* NULL: those of the build */
        const struct ev_shard *shard;    /* whose facts are its own; NULL: all are */
        const struct ev_replay_cut *cut; /* as long as the replay */
};

/* Takes the database and begins to read, to where the topics end now or to the cut. Fails (verdict:
 * stop) where a cut names a partition that is not read, or an end that is not there yet. The caller
 * owns *ret_replay (ev_replay_free). */
int ev_replay_new(struct ev_replay **ret_replay,
                  const struct ev_replay_options *options) _must_check_;
struct ev_replay *ev_replay_free(struct ev_replay *replay);
EV_DEFINE_CLEANUP(struct ev_replay *, ev_replay_free)

/* Applies the next facts, in one transaction. 0; EV_REPLAY_END, and there are none; or EV_FAILED,
 * with the place of a fact that cannot be read or does not fit (verdict: stop or record), before which
 * others are missing, or which was applied already and lies behind the cut. What was applied before
 * stays. */
enum { EV_REPLAY_END = 1 };
int ev_replay_step(struct ev_replay *replay) _must_check_;

struct ev_replay_counts {
        uint64_t facts;    /* read and applied since the beginning of this process */
        uint64_t repeated; /* of them: published twice, and passed over */
        uint64_t to_come;  /* offsets before the ends, still to be read; some may have no record */
};
struct ev_replay_counts ev_replay_counts(const struct ev_replay *replay);

#endif
