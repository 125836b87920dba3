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

#include "flow/replay.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "flow/batch.h"
#include "wire/reader.h"

enum {
        TOPICS_MAX = 16,
        LANES_MAX = 1024,
        AHEAD_MAX = 256, /* records of a lane in memory */
        SILENCE_MS = 100,
};

/* A partition that is read. */
struct lane {
        struct ev_reader *reader;
        struct ev_messages messages;
        size_t next;      /* of the messages: those before it are applied, or in hand */
        int64_t sequence; /* of that one */
        int64_t applied_to; /* records before this offset are applied: at most one is looked at again */
        int64_t wanted_to; /* those of this offset and behind it are not wanted */
        bool has_ended;
        bool is_own; /* facts of this database */
};

struct ev_replay {
        struct ev_worker worker; /* the same folds, and a route to each */
        struct ev_route *routes;
        const char *topics[TOPICS_MAX];
        size_t topic_count, own_count;   /* its own come first */
        struct ev_kafka *kafka;          /* borrowed */
        const struct ev_replay_cut *cut; /* borrowed */
        struct ev_shard shard;
        struct ev_batch *batch;
        struct ev_offset *offsets; /* beside the lanes */
        struct lane *lanes;
        size_t lane_count;
        int64_t bounds[2 * LANES_MAX]; /* where the lanes begin, and where they end */
        size_t ends_used;              /* of the cut */
        struct ev_item items[EV_BATCH_MAX];
        struct ev_replay_counts counts;
};

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
                if (replay->topic_count == TOPICS_MAX)
                        return ev_fail(EV_VERDICT_STOP, "more than %d topics", TOPICS_MAX);
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
        replay->worker.name = "replay";
        replay->worker.routes = replay->routes;
        replay->worker.route_count = worker->fold_count;
        replay->worker.timers = NULL;
        replay->worker.timer_count = 0;
        assert(ev_worker_check(&replay->worker));
        return 0;
}

static int add_lanes(struct ev_replay *replay, size_t topic, int32_t partitions)
{
        assert(partitions > 0);

        if (replay->lane_count + (size_t)partitions > LANES_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d partitions", LANES_MAX);
        for (int32_t i = 0; i < partitions; ++i) {
                struct lane *lane = &replay->lanes[replay->lane_count];

                lane->is_own = topic < replay->own_count;
                replay->offsets[replay->lane_count++] = (struct ev_offset){
                        .topic = ev_str_of(replay->topics[topic]),
                        .partition = i,
                };
                if (ev_messages_init(&lane->messages, AHEAD_MAX) < 0)
                        return ev_trace(EV_FAILED);
        }
        return 0;
}

static int find_lanes(struct ev_replay *replay)
{
        struct ev_kafka_topic found[TOPICS_MAX];
        int r;

        replay->lanes = calloc(LANES_MAX, sizeof(*replay->lanes));
        replay->offsets = calloc(LANES_MAX, sizeof(*replay->offsets));
        if (!replay->lanes || !replay->offsets)
                return ev_fail_memory("lanes of a replay");
        for (size_t i = 0; i < replay->topic_count; ++i)
                found[i] = (struct ev_kafka_topic){ .name = replay->topics[i] };
        r = ev_kafka_load_partitions(replay->kafka, found, replay->topic_count);
        for (size_t i = 0; r == 0 && i < replay->topic_count; ++i)
                r = add_lanes(replay, i, found[i].partitions);
        assert(r < 0 || replay->lane_count > 0);
        return ev_trace(r);
}

/* Sets what is wanted of a partition that ends here. Of its own facts the first that is not wanted is
 * read too: what was committed behind it, on other partitions, is not wanted either. */
static int cut_lane(struct ev_replay *replay, const struct ev_offset *offset, struct lane *lane,
                    int64_t *end)
{
        const struct ev_replay_cut *cut = replay->cut;

        assert(cut->ends_count <= EV_REPLAY_ENDS_MAX);

        lane->wanted_to = *end;
        for (size_t i = 0; i < cut->ends_count; ++i) {
                const struct ev_replay_end *wanted = &cut->ends[i];

                if (wanted->partition != offset->partition ||
                    !ev_str_equal(wanted->topic, offset->topic))
                        continue;
                if (wanted->offset > *end)
                        return ev_fail(EV_VERDICT_STOP, "%.*s [%d] ends at %lld, not yet at %lld",
                                       EV_STR_ARG(offset->topic), offset->partition,
                                       (long long)*end, (long long)wanted->offset);
                lane->wanted_to = wanted->offset;
                ++replay->ends_used;
        }
        if (lane->wanted_to < *end)
                *end = lane->wanted_to + (lane->is_own ? 1 : 0);
        return 0;
}

/* A topic that ends before the place where the last process stood is another one, or is wanted to an
 * end that lies behind us. */
static int fail_beyond(const struct ev_offset *offset, int64_t end)
{
        assert(end < offset->next_offset);

        return ev_fail(EV_VERDICT_STOP,
                       "%.*s [%d] is read to %lld already, and ends at %lld: rebuild into an empty "
                       "database",
                       EV_STR_ARG(offset->topic), offset->partition, (long long)offset->next_offset,
                       (long long)end);
}

/* Each partition has a reader, and so a queue of its own: one is waited for while others are full.
 * What lies in front of the beginning is missing, and the watermarks will say so. The record that was
 * applied last is read once more, to see on which side of the cut it lies. */
static int start_lane(struct ev_replay *replay, size_t index, int64_t begin, int64_t end)
{
        const struct ev_offset *offset = &replay->offsets[index];
        struct lane *lane = &replay->lanes[index];
        int64_t from = offset->next_offset > begin ? offset->next_offset - 1 : begin;
        int r;

        assert(begin <= end);

        if (lane->is_own && !ev_shard_has_partition(&replay->shard, offset->partition)) {
                lane->has_ended = true; /* facts of another database */
                return 0;
        }
        r = cut_lane(replay, offset, lane, &end);
        if (r < 0)
                return ev_trace(r);
        if (offset->next_offset > lane->wanted_to)
                return ev_trace(fail_beyond(offset, lane->wanted_to));
        if (from > end)
                from = end; /* the cut lies in front of the beginning */
        lane->applied_to = offset->next_offset;
        replay->counts.to_come += (uint64_t)(end - from);
        r = ev_reader_new(&lane->reader, replay->kafka, true);
        if (r == 0)
                r = ev_reader_add_range(lane->reader, offset->topic.data, offset->partition, from,
                                        end);
        return ev_trace(r);
}

/* All is asked before anything is read. The lanes of a topic stand one behind the other. */
static int start_lanes(struct ev_replay *replay)
{
        int64_t *begins = replay->bounds, *ends = &replay->bounds[LANES_MAX];
        size_t i;
        int r = 0;

        for (i = 0; r == 0 && i < replay->lane_count;) {
                const char *topic = replay->offsets[i].topic.data;
                size_t next = i;

                while (next < replay->lane_count && replay->offsets[next].topic.data == topic)
                        ++next;
                r = ev_ends_load(replay->kafka, topic, (int32_t)(next - i), EV_ENDS_EARLIEST,
                                 &begins[i]);
                if (r == 0)
                        r = ev_ends_load(replay->kafka, topic, (int32_t)(next - i), EV_ENDS_LATEST,
                                         &ends[i]);
                i = next;
        }
        assert(i <= replay->lane_count);
        for (i = 0; r == 0 && i < replay->lane_count; ++i)
                r = start_lane(replay, i, begins[i], ends[i]);
        if (r == 0 && replay->ends_used < replay->cut->ends_count)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "an end is given for a partition that is not read, or twice for one");
        return ev_trace(r);
}

int ev_replay_new(struct ev_replay **ret_replay, const struct ev_replay_options *options)
{
        _cleanup_(ev_replay_free_p) struct ev_replay *replay = calloc(1, sizeof(*replay));
        struct ev_batch_options batch = { .db = options->db,
                                          .schemas = options->schemas,
                                          .is_replay = true };
        int r;

        assert(ret_replay && ev_worker_check(options->worker) && options->cut);

        if (!replay)
                return ev_fail_memory("a replay");
        replay->kafka = options->kafka;
        replay->cut = options->cut;
        replay->shard = options->shard ? *options->shard : (struct ev_shard){ .count = 1 };
        batch.worker = &replay->worker;
        r = make_routes(replay, options->worker);
        if (r == 0)
                r = list_topics(replay);
        if (r == 0)
                r = find_lanes(replay);
        if (r == 0)
                r = ev_batch_new(&replay->batch, &batch);
        if (r == 0)
                r = ev_batch_prepare(replay->batch);
        if (r == 0)
                r = ev_offsets_assign(ev_batch_session(replay->batch), replay->offsets,
                                      replay->lane_count);
        if (r == 0)
                r = start_lanes(replay);
        if (r < 0)
                return ev_trace(r);
        *ret_replay = replay;
        replay = NULL;
        return 0;
}

/* Messages go before the reader that they are borrowed from. */
struct ev_replay *ev_replay_free(struct ev_replay *replay)
{
        if (!replay)
                return NULL;
        for (size_t i = 0; i < replay->lane_count; ++i) {
                ev_messages_done(&replay->lanes[i].messages);
                ev_reader_free(replay->lanes[i].reader);
        }
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

/* ---- Reading ---- */

static struct ev_str header_of(const struct ev_message *message, struct ev_str name)
{
        assert(message->topic);

        for (size_t i = 0; i < message->headers_count; ++i) {
                const struct ev_header *header = &message->headers[i];

                if (ev_str_equal(header->name, name))
                        return (struct ev_str){ (const char *)header->value.data,
                                                header->value.size };
        }
        return EV_STR_NULL;
}

/* The number that the relay gave it. One that has none is opened at once, and refused. */
static int64_t sequence_of(const struct ev_message *message)
{
        int64_t sequence;
        bool is_there = ev_str_to_int64(header_of(message, EV_STR("ce_sequence")), &sequence);

        assert(message->offset >= 0);

        return is_there ? sequence : 0;
}

/* Whether it was recorded later than is wanted. */
static bool is_later(const struct ev_replay *replay, const struct ev_message *message)
{
        int64_t recorded_at;

        assert(message->topic);

        return replay->cut->until != INT64_MAX &&
               ev_instant_parse(header_of(message, EV_STR("ce_time")), &recorded_at) &&
               recorded_at > replay->cut->until;
}

static void end_lane(struct lane *lane)
{
        assert(lane->next <= lane->messages.count);

        lane->has_ended = true;
        lane->next = lane->messages.count;
}

/* Behind the last that is wanted there are later ones only, and repetitions of earlier ones. Whether
 * an own fact is later than the cut's instant is asked where it comes next of all own ones: the cut
 * goes through their common order. */
static void look(const struct ev_replay *replay, struct lane *lane, size_t next)
{
        assert(next <= lane->messages.count);

        lane->next = next;
        if (next == lane->messages.count)
                return;
        lane->sequence = sequence_of(&lane->messages.items[next]);
        if (lane->is_own ? lane->sequence > replay->cut->last_sequence
                         : is_later(replay, &lane->messages.items[next]))
                end_lane(lane);
}

/* The first record of a lane that was read before was applied then. */
static int look_first(const struct ev_replay *replay, struct lane *lane)
{
        const struct ev_message *first = lane->messages.items;

        if (lane->messages.count == 0 || first->offset >= lane->applied_to) {
                look(replay, lane, 0);
                return 0;
        }
        if (is_later(replay, first) ||
            (lane->is_own && sequence_of(first) > replay->cut->last_sequence))
                return ev_fail(EV_VERDICT_STOP,
                               "%s [%d] @%lld lies behind what is wanted, and was applied before: "
                               "rebuild into an empty database",
                               first->topic, first->partition, (long long)first->offset);
        look(replay, lane, 1);
        return 0;
}

/* The lane has a record to look at, or has come to its end. */
static int fill(const struct ev_replay *replay, struct lane *lane)
{
        int r = 0;

        assert(lane->next <= lane->messages.count);

        while (r == 0 && !lane->has_ended && lane->next == lane->messages.count) {
                r = ev_reader_collect(lane->reader, SILENCE_MS, AHEAD_MAX, &lane->messages);
                if (r < 0)
                        return ev_trace(r);
                /* At once: a lane that may have more would end the merge where it runs empty. */
                lane->has_ended = ev_reader_has_ended(lane->reader);
                r = look_first(replay, lane);
        }
        return ev_trace(r);
}

static int fill_all(struct ev_replay *replay)
{
        int r = 0;

        assert(replay->lane_count <= LANES_MAX);

        for (size_t i = 0; r == 0 && i < replay->lane_count; ++i)
                r = fill(replay, &replay->lanes[i]);
        return r < 0 ? ev_trace(r) : EV_FAULT(replay_read);
}

static bool is_before(const struct lane *a, const struct lane *b)
{
        assert(a->next < a->messages.count && b->next < b->messages.count);

        return a->is_own == b->is_own ? a->sequence < b->sequence : b->is_own;
}

/* The lane whose record comes next; lane_count: one has to be filled before that can be said, or
 * all have ended. */
static size_t choose(const struct ev_replay *replay)
{
        size_t best = replay->lane_count;

        assert(best > 0);

        for (size_t i = 0; i < replay->lane_count; ++i) {
                const struct lane *lane = &replay->lanes[i];

                if (lane->next == lane->messages.count) {
                        if (lane->has_ended)
                                continue;
                        return replay->lane_count;
                }
                if (best == replay->lane_count || is_before(lane, &replay->lanes[best]))
                        best = i;
        }
        return best;
}

/* From the first of its own facts on that is not wanted none is. */
static void end_own_lanes(struct ev_replay *replay)
{
        assert(replay->lane_count <= LANES_MAX);

        for (size_t i = 0; i < replay->lane_count; ++i)
                if (replay->lanes[i].is_own)
                        end_lane(&replay->lanes[i]);
}

static size_t merge(struct ev_replay *replay)
{
        size_t count = 0;

        while (count < EV_BATCH_MAX) {
                size_t at = choose(replay);
                struct lane *lane = &replay->lanes[at];
                const struct ev_message *message;

                if (at == replay->lane_count)
                        break;
                message = &lane->messages.items[lane->next];
                if (lane->is_own &&
                    (message->offset >= lane->wanted_to || is_later(replay, message))) {
                        end_own_lanes(replay);
                        break;
                }
                look(replay, lane, lane->next + 1);
                replay->items[count++] = (struct ev_item){
                        .raw = { .place = { replay->offsets[at].topic, message->partition,
                                            message->offset },
                                 .key = message->key,
                                 .value = message->value },
                        .message = message,
                        .lane = &replay->offsets[at],
                };
        }
        assert(count <= EV_BATCH_MAX);
        return count;
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
        int r = fill_all(replay);
        size_t count;

        assert(replay->lane_count > 0);

        if (r < 0)
                return ev_trace(r);
        count = merge(replay);
        return count > 0 ? ev_trace(apply(replay, count)) : EV_REPLAY_END;
}
