/* Facts from their topics: a lane for each partition, with a few records of it in memory. */

#include "flow/replay_private.h"

#include <assert.h>

#include "base/clock.h"
#include "base/error.h"
#include "wire/ends.h"

/* ---- Lanes ---- */

static int add_lanes(struct ev_replay *replay, size_t topic, int32_t partitions)
{
        assert(partitions > 0);

        if (replay->lane_count + (size_t)partitions > EV_REPLAY_LANES_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d partitions", EV_REPLAY_LANES_MAX);
        for (int32_t i = 0; i < partitions; ++i) {
                struct ev_replay_lane *lane = &replay->lanes[replay->lane_count];

                lane->is_own = topic < replay->own_count;
                lane->offset = replay->lane_count;
                replay->offsets[replay->lane_count++] = (struct ev_offset){
                        .topic = ev_str_of(replay->topics[topic]),
                        .partition = i,
                };
                if (ev_tap_init(&lane->tap) < 0)
                        return ev_trace(EV_FAILED);
        }
        return 0;
}

static int open_topics(struct ev_replay *replay)
{
        struct ev_kafka_topic found[EV_REPLAY_TOPICS_MAX];
        int r;

        for (size_t i = 0; i < replay->topic_count; ++i)
                found[i] = (struct ev_kafka_topic){ .name = replay->topics[i] };
        r = ev_kafka_load_partitions(replay->kafka, found, replay->topic_count);
        if (r == 0)
                r = ev_replay_make_lanes(replay, EV_REPLAY_LANES_MAX, EV_REPLAY_LANES_MAX);
        for (size_t i = 0; r == 0 && i < replay->topic_count; ++i)
                r = add_lanes(replay, i, found[i].partitions);
        replay->offset_count = replay->lane_count;
        assert(r < 0 || replay->lane_count > 0);
        return ev_trace(r);
}

/* Sets what is wanted of a partition that ends here. Of its own facts the first that is not wanted is
 * read too: what was committed behind it, on other partitions, is not wanted either. */
static int cut_lane(struct ev_replay *replay, const struct ev_offset *offset,
                    struct ev_replay_lane *lane, int64_t *end)
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

/* What lies in front of the beginning is missing, and the watermarks will say so. The record that was
 * applied last is read once more, to see on which side of the cut it lies. */
static int start_lane(struct ev_replay *replay, size_t index, int64_t begin, int64_t end)
{
        const struct ev_offset *offset = &replay->offsets[index];
        struct ev_replay_lane *lane = &replay->lanes[index];
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
        return ev_trace(ev_tap_start(&lane->tap, replay->kafka, offset->topic.data,
                                     offset->partition, from, end));
}

/* All is asked before anything is read. The lanes of a topic stand one behind the other. */
static int start_topics(struct ev_replay *replay)
{
        int64_t *begins = replay->bounds, *ends = &replay->bounds[EV_REPLAY_LANES_MAX];
        size_t i;
        int r = 0;

        for (i = 0; r == 0 && i < replay->lane_count;) {
                const char *topic = replay->offsets[i].topic.data;
                size_t next = i;

                while (next < replay->lane_count && replay->offsets[next].topic.data == topic)
                        ++next;
                r = ev_tap_bounds(replay->kafka, topic, (int32_t)(next - i), EV_ENDS_EARLIEST,
                                  &begins[i], &ends[i]);
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

/* ---- Records ---- */

/* The number that the relay gave it. One that has none is opened at once, and refused. */
static int64_t sequence_of(const struct ev_message *message)
{
        int64_t sequence;
        bool is_there = ev_str_to_int64(ev_message_find(message, EV_STR("ce_sequence")), &sequence);

        assert(message->offset >= 0);

        return is_there ? sequence : 0;
}

/* When it was recorded, if anybody wants to know. */
static int64_t recorded_at(const struct ev_replay *replay, const struct ev_message *message)
{
        int64_t instant;

        assert(replay->cut);

        if (replay->cut->until == INT64_MAX ||
            !ev_instant_parse(ev_message_find(message, EV_STR("ce_time")), &instant))
                return 0;
        return instant;
}

static int begin_batch(struct ev_replay *replay)
{
        assert(replay->lane_count > 0);

        return 0;
}

/* Behind the last that is wanted there are later ones only, and repetitions of earlier ones. */
static void look(const struct ev_replay *replay, struct ev_replay_lane *lane)
{
        assert(replay->cut);

        lane->next = ev_tap_peek(&lane->tap);
        if (!lane->next)
                return;
        lane->sequence = sequence_of(lane->next);
        lane->recorded_at = recorded_at(replay, lane->next);
        if (!ev_replay_is_wanted(replay, lane, lane->sequence, lane->recorded_at))
                ev_replay_end_lane(lane);
}

/* The first record of a lane that was read before was applied then. */
static int look_first(const struct ev_replay *replay, struct ev_replay_lane *lane)
{
        const struct ev_message *first = ev_tap_peek(&lane->tap);
        int r = 0;

        assert(!lane->next);

        if (first && first->offset < lane->applied_to) {
                r = ev_replay_check_applied(replay, lane, ev_str_of(first->topic),
                                            sequence_of(first), recorded_at(replay, first));
                ev_tap_take(&lane->tap);
        }
        if (r == 0)
                look(replay, lane);
        return ev_trace(r);
}

/* Every lane that has not ended, also one whose next record is known. */
static int fill_lane(struct ev_replay *replay, struct ev_replay_lane *lane)
{
        int r;

        assert(!lane->has_ended);

        do {
                r = ev_tap_fill(&lane->tap);
                lane->has_ended = lane->tap.has_ended;
                if (r == 0 && !lane->next)
                        r = look_first(replay, lane);
        } while (r == 0 && !lane->has_ended && !lane->next);
        return ev_trace(r);
}

static int take_next(struct ev_replay *replay, struct ev_replay_lane *lane)
{
        assert(lane->next == ev_tap_peek(&lane->tap));

        ev_tap_take(&lane->tap);
        look(replay, lane);
        return 0;
}

static void close_topics(struct ev_replay *replay)
{
        assert(replay->lane_count <= EV_REPLAY_LANES_MAX);

        for (size_t i = 0; i < replay->lane_count; ++i)
                ev_tap_done(&replay->lanes[i].tap);
}

const struct ev_replay_source ev_replay_topics = {
        "replay", open_topics, start_topics, begin_batch, fill_lane, take_next, close_topics,
};
