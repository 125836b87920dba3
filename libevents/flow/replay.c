/* The batch engine, with a route to its fold for each fact, and records in another order.
 *
 * A topic has the facts of a partition in order, and a database has committed those of all its
 * partitions in one: rows of one fact refer to rows of another one, and a name that one gives up
 * another one takes. So partitions are merged by ce_sequence, with a few records of each in memory.
 * A number that was published twice comes a second time, with its old number; the watermarks of the
 * engine pass over it, and stop at a fact before which others are missing.
 *
 * If the process dies here, the transaction in hand is rolled back, and the next one goes on at the
 * offsets of the one before. */

#include "flow/replay_private.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/fault.h"

enum { BYTES_MAX = 64 * 1024 * 1024 }; /* a batch is full with so much */

/* ---- What is read ---- */

static bool is_listed(const struct ev_replay *replay, struct ev_str topic)
{
        for (size_t i = 0; i < replay->topic_count; ++i)
                if (ev_str_equal(ev_str_of(replay->topics[i]), topic))
                        return true;
        assert(topic.data);
        return false;
}

/* Its own topics whole, since a row may be the work of any of their facts; of others those that it
 * has folds for. A contract's topic is a constant with a NUL behind it. */
static int list_topics(struct ev_replay *replay)
{
        const struct ev_worker *worker = &replay->worker;

        for (; worker->facts_topics[replay->own_count]; ++replay->own_count)
                replay->topics[replay->topic_count++] = worker->facts_topics[replay->own_count];
        for (size_t i = 0; i < worker->fold_count; ++i) {
                struct ev_str topic = worker->folds[i].record->contract->topic;

                if (is_listed(replay, topic))
                        continue;
                if (replay->topic_count == EV_REPLAY_TOPICS_MAX)
                        return ev_fail(EV_VERDICT_STOP, "more than %d topics",
                                       EV_REPLAY_TOPICS_MAX);
                replay->topics[replay->topic_count++] = topic.data;
        }
        return 0;
}

/* A fact without a fold changes no rows: it is read, and counts for the watermarks. */
static int make_routes(struct ev_replay *replay, const struct ev_worker *worker)
{
        replay->routes = calloc(worker->fold_count, sizeof(*replay->routes));
        if (!replay->routes)
                return ev_fail_memory("routes of a replay");
        for (size_t i = 0; i < worker->fold_count; ++i)
                replay->routes[i] =
                        (struct ev_route){ worker->folds[i].record, worker->folds[i].want, NULL };
        replay->worker = *worker;
        replay->worker.name = replay->source->group;
        replay->worker.routes = replay->routes;
        replay->worker.route_count = worker->fold_count;
        replay->worker.timers = NULL;
        replay->worker.timer_count = 0;
        assert(ev_worker_check(&replay->worker));
        return 0;
}

/* Freed with the replay, also when the source fails behind this. */
int ev_replay_make_lanes(struct ev_replay *replay, size_t lanes, size_t offsets)
{
        assert(lanes > 0 && offsets > 0);

        replay->lanes = calloc(lanes, sizeof(*replay->lanes));
        replay->offsets = calloc(offsets, sizeof(*replay->offsets));
        return replay->lanes && replay->offsets ? 0 : ev_fail_memory("lanes of a replay");
}

/* Lanes have to be known before their offsets can be taken over, and these before anything is read. Taking them
 * over shuts out another replay of the same database: its next commit finds another epoch. */
static int start(struct ev_replay *replay, const struct ev_replay_options *options)
{
        struct ev_batch_options batch = { .worker = &replay->worker,
                                          .db = options->db,
                                          .schemas = options->schemas,
                                          .is_replay = true };
        int r = make_routes(replay, options->worker);

        assert(replay->source);

        if (r == 0)
                r = list_topics(replay);
        if (r == 0)
                r = replay->source->open(replay);
        if (r == 0)
                r = ev_batch_new(&replay->batch, &batch);
        if (r == 0)
                r = ev_batch_prepare(replay->batch);
        if (r == 0)
                r = ev_offsets_assign(ev_batch_session(replay->batch), replay->offsets,
                                      replay->offset_count);
        if (r == 0)
                r = replay->source->start(replay);
        return ev_trace(r);
}

int ev_replay_new(struct ev_replay **ret_replay, const struct ev_replay_options *options)
{
        _cleanup_(ev_replay_free_p) struct ev_replay *replay = calloc(1, sizeof(*replay));
        int r;

        assert(ret_replay && ev_worker_check(options->worker) && options->cut);

        if (!replay)
                return ev_fail_memory("a replay");
        replay->source = options->archive_count > 0 ? &ev_replay_files : &ev_replay_topics;
        replay->kafka = options->kafka;
        replay->archives = options->archives;
        replay->archive_count = options->archive_count;
        replay->cut = options->cut;
        replay->shard = options->shard ? *options->shard : (struct ev_shard){ .count = 1 };
        r = start(replay, options);
        if (r < 0)
                return ev_trace(r);
        *ret_replay = replay;
        replay = NULL;
        return 0;
}

struct ev_replay *ev_replay_free(struct ev_replay *replay)
{
        if (!replay)
                return NULL;
        replay->source->close(replay);
        ev_batch_free(replay->batch);
        free(replay->lanes);
        free(replay->offsets);
        free(replay->routes);
        free(replay);
        return NULL;
}

struct ev_replay_counts ev_replay_counts(const struct ev_replay *replay)
{
        assert(replay);

        return replay->counts;
}

/* ---- What is wanted ---- */

/* Of others' facts a time is asked for record by record, since they have no common order with our own. */
bool ev_replay_is_wanted(const struct ev_replay *replay, const struct ev_replay_lane *lane,
                         int64_t sequence, int64_t recorded_at)
{
        assert(replay->cut);

        return lane->is_own ? sequence <= replay->cut->last_sequence
                            : recorded_at <= replay->cut->until;
}

int ev_replay_check_applied(const struct ev_replay *replay, const struct ev_replay_lane *lane,
                            struct ev_str topic, int64_t sequence, int64_t recorded_at)
{
        assert(topic.size > 0);

        if (ev_replay_is_wanted(replay, lane, sequence, recorded_at) &&
            recorded_at <= replay->cut->until)
                return 0;
        return ev_fail(
                EV_VERDICT_STOP,
                "fact %lld of %.*s lies behind what is wanted, and was applied before: rebuild "
                "into an empty database",
                (long long)sequence, EV_STR_ARG(topic));
}

void ev_replay_end_lane(struct ev_replay_lane *lane)
{
        assert(lane);

        lane->has_ended = true;
        lane->next = NULL;
}

/* From the first of its own facts on that is not wanted none is. */
static void end_own_lanes(struct ev_replay *replay)
{
        assert(replay->lane_count <= EV_REPLAY_LANES_MAX);

        for (size_t i = 0; i < replay->lane_count; ++i)
                if (replay->lanes[i].is_own)
                        ev_replay_end_lane(&replay->lanes[i]);
}

/* ---- One order ---- */

static int fill_all(struct ev_replay *replay)
{
        int r = replay->source->begin(replay);

        assert(replay->lane_count <= EV_REPLAY_LANES_MAX);

        for (size_t i = 0; r == 0 && i < replay->lane_count; ++i)
                if (!replay->lanes[i].has_ended)
                        r = replay->source->fill(replay, &replay->lanes[i]);
        return r < 0 ? ev_trace(r) : EV_FAULT(replay_read);
}

static bool is_before(const struct ev_replay_lane *a, const struct ev_replay_lane *b)
{
        assert(a->next && b->next);

        return a->is_own == b->is_own ? a->sequence < b->sequence : b->is_own;
}

/* The lane whose record comes next; NULL: one has to be filled before that can be said, or all have
 * ended. */
static struct ev_replay_lane *choose(struct ev_replay *replay)
{
        struct ev_replay_lane *best = NULL;

        assert(replay->lane_count > 0);

        for (size_t i = 0; i < replay->lane_count; ++i) {
                struct ev_replay_lane *lane = &replay->lanes[i];

                if (!lane->next && !lane->has_ended)
                        return NULL;
                if (lane->next && (!best || is_before(lane, best)))
                        best = lane;
        }
        return best;
}

/* Asked of the record that comes next of all own ones, so the answer holds for everything behind it. */
static bool is_beyond(const struct ev_replay *replay, const struct ev_replay_lane *lane)
{
        assert(lane->next);

        return lane->is_own &&
               (lane->next->offset >= lane->wanted_to || lane->recorded_at > replay->cut->until);
}

/* A batch ends where a lane runs empty, too: what comes next cannot be known before it is filled. */
static int merge(struct ev_replay *replay, size_t *ret_count)
{
        struct ev_replay_lane *lane;
        size_t count = 0, bytes = 0;
        int r = 0;

        while (r == 0 && count < EV_BATCH_MAX && bytes < BYTES_MAX && (lane = choose(replay))) {
                const struct ev_message *message = lane->next;
                struct ev_offset *offset = &replay->offsets[lane->offset];

                if (is_beyond(replay, lane)) {
                        end_own_lanes(replay);
                        break;
                }
                replay->items[count++] = (struct ev_item){
                        .raw = { .place = { offset->topic, message->partition, message->offset },
                                 .key = message->key,
                                 .value = message->value },
                        .message = message,
                        .lane = offset,
                };
                bytes += message->value.size;
                r = replay->source->take(replay, lane);
        }
        assert(count <= EV_BATCH_MAX);
        *ret_count = count;
        return ev_trace(r);
}

/* ---- Applying ---- */

static int fail_hole(const struct ev_replay *replay)
{
        const struct ev_batch_hole *hole = ev_batch_hole(replay->batch);
        const struct ev_place *place = &replay->items[hole->index].raw.place;

        assert(hole->index < EV_BATCH_MAX);

        return ev_fail(EV_VERDICT_STOP, "facts are missing before %.*s [%d] @%lld",
                       EV_STR_ARG(place->topic), place->partition, (long long)place->offset);
}

static int apply(struct ev_replay *replay, size_t count)
{
        int r = ev_batch_run(replay->batch, replay->items, count);

        assert(count > 0);

        if (r == EV_BATCH_HOLE)
                return ev_trace(fail_hole(replay));
        if (r == EV_BATCH_FENCED)
                return ev_fail(EV_VERDICT_STOP, "another replay has taken this database over");
        if (r < 0)
                return ev_trace(r);
        replay->counts.facts += count;
        replay->counts.to_come -= count < replay->counts.to_come ? count : replay->counts.to_come;
        replay->counts.repeated += ev_batch_counts(replay->batch)->duplicates;
        return EV_FAULT(replay_between_commits);
}

int ev_replay_step(struct ev_replay *replay)
{
        size_t count = 0;
        int r = fill_all(replay);

        assert(replay->lane_count > 0);

        if (r == 0)
                r = merge(replay, &count);
        if (r < 0)
                return ev_trace(r);
        return count > 0 ? ev_trace(apply(replay, count)) : EV_REPLAY_END;
}
