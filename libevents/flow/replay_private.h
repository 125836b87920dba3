#ifndef EV_FLOW_REPLAY_PRIVATE_H
#define EV_FLOW_REPLAY_PRIVATE_H

/* The inside of a replay: where facts come from (replay_topics.c, replay_files.c) and what becomes of
 * them (replay.c). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macro.h"
#include "flow/batch.h"
#include "flow/relay_record.h"
#include "flow/replay.h"
#include "flow/tap.h"

enum { EV_REPLAY_TOPICS_MAX = 16, EV_REPLAY_LANES_MAX = 1024 };

/* Facts that come in their order: a partition, or the files of all databases one after the other. */
struct ev_replay_lane {
        const struct ev_message
                *next;       /* what comes next; NULL: it has to be filled, or has ended */
        size_t offset;       /* of the replay's offsets: that of `next` */
        int64_t sequence;    /* of `next` */
        int64_t recorded_at; /* likewise; 0 where nobody asks for times */
        bool has_ended;
        bool is_own;        /* facts of this database */
        int64_t applied_to; /* what is before this offset is applied, and perhaps seen again */
        int64_t wanted_to;  /* what is at or behind it is not wanted */
        /* Of a partition. */
        struct ev_tap tap;
};

/* Where facts come from. */
struct ev_replay_source {
        const char *group; /* under which offsets are kept, behind "quenty-" */
        /* Finds lanes and offsets, before these are taken over; starts reading after it. */
        int (*open)(struct ev_replay *replay);
        int (*start)(struct ev_replay *replay);
        /* Begins a batch: what was in hand is not needed any more. */
        int (*begin)(struct ev_replay *replay);
        /* At the beginning of a batch, of a lane that has not ended: has its next record at hand, or
         * ends it; and as many of those behind it as are there without waiting. */
        int (*fill)(struct ev_replay *replay, struct ev_replay_lane *lane);
        /* Its next record is in hand: `next` is the one behind it, or NULL. */
        int (*take)(struct ev_replay *replay, struct ev_replay_lane *lane);
        void (*close)(struct ev_replay *replay);
};
extern const struct ev_replay_source ev_replay_topics, ev_replay_files;

struct ev_archive;

struct ev_replay {
        const struct ev_replay_source *source;
        struct ev_worker worker; /* the same folds, and a route to each */
        struct ev_route *routes;
        const char *topics[EV_REPLAY_TOPICS_MAX];
        size_t topic_count, own_count;   /* its own come first */
        const struct ev_replay_cut *cut; /* borrowed */
        struct ev_shard shard;
        struct ev_batch *batch;
        struct ev_offset *offsets;
        size_t offset_count;
        struct ev_replay_lane *lanes;
        size_t lane_count;
        struct ev_item items[EV_BATCH_MAX];
        struct ev_replay_counts counts;
        /* Of topics. */
        struct ev_kafka *kafka;                  /* borrowed */
        int64_t bounds[2 * EV_REPLAY_LANES_MAX]; /* where partitions begin, and where they end */
        size_t ends_used;                        /* of the cut */
        /* Of files. */
        struct ev_archive *const *archives; /* borrowed */
        size_t archive_count, archive_at;
        struct ev_arena *arenas[2]; /* of the batch in hand, and of the one before */
        size_t arena_at;
        struct ev_relay_record record;
        int64_t *chain; /* the last number of each topic and source */
};

/* Memory for so many of both. */
int ev_replay_make_lanes(struct ev_replay *replay, size_t lanes, size_t offsets) _must_check_;

/* Whether a fact of the lane is before the cut, as far as it tells by itself: whether an own one is later
 * than the cut's instant is asked where it comes next of all own ones, since the cut goes through their
 * common order. */
bool ev_replay_is_wanted(const struct ev_replay *replay, const struct ev_replay_lane *lane,
                         int64_t sequence, int64_t recorded_at);

/* Fails when a fact that was applied before is behind the cut. */
int ev_replay_check_applied(const struct ev_replay *replay, const struct ev_replay_lane *lane,
                            struct ev_str topic, int64_t sequence,
                            int64_t recorded_at) _must_check_;

/* Nothing more of it is wanted. */
void ev_replay_end_lane(struct ev_replay_lane *lane);

#endif
