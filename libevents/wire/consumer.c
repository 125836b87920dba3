/* The member of a consumer group.
 *
 * Guarantees. A lane is read from the offset that the `assigned` hook gave and from nowhere else: a
 * lane that the hook did not fill in is not assigned at all. Messages of one lane are handed out in
 * the order of their offsets, none twice in one generation. A batch never mixes generations.
 *
 * An offset alone does not tell whether the log is the one that it was kept of: a topic that was made
 * again, or a broker that has lost records, has other ones at the same offsets. So a lane begins one
 * record earlier, with the one that was applied last, and that one is compared and not handed out.
 * What happens to a topic while it is read is not seen this way: Kafka before the ids of topics, and
 * librdkafka 2.0.2, do not tell.
 *
 * If the process dies here, nothing is lost: what Kafka is told about offsets is information for
 * lag tools, and the next owner begins where PostgreSQL says. It dies before the `revoked` hook has
 * run: the takeover looks unclean, which is what it is. It dies between the hook and the assignment
 * of nothing: the lanes are released already, and no message was handed out since.
 *
 * Why these calls of librdkafka (2.0.2) and no others: the batch call
 * rd_kafka_consume_batch_queue() and the cooperative protocol had errors in their offsets, and
 * seeking leaves the position that pausing saves behind. So this file polls one by one, assigns
 * whole sets, and begins anew by leaving the group. Pausing and resuming goes on behind the last
 * message that was polled. */

#include "wire/consumer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "wire/kafka_private.h"

/* A database that restarts is away for a second or two: the first tries come quickly, for a
 * rebalance holds up the whole group, and later ones no more often than twice a second. */
enum {
        /* Brokers are asked what logs hold: at an assignment, while the group waits, and when a lane
         * stands still anyway. */
        BEGINNINGS_MS_MAX = 2000,
        LOG_MS_MAX = 1000,
        /* Between two calls of the `assigned` hook that failed: short at first, because a database
         * that fails over is back at once or after seconds, and bounded, because the group
         * waits. */
        RETRY_MS_MIN = 25,
        RETRY_MS_MAX = 500,
        LEAVE_MS_MAX = 5000, /* ev_consumer_rejoin() waits for the old assignment to go */
        /* How long one poll may wait where a deadline is kept beside it: the error of that
         * deadline. */
        POLL_MS_STEP = 100,
        CLOSE_MS_STEP = 10,
        /* A lane of which nothing comes is told of after so long, and looked at so often; where the
         * last look is longer ago (a batch took its time, or we rested) it begins anew. */
        SILENCE_MS = 10 * 1000,
        SILENCE_LOOK_MS = 1000,
        SILENCE_LOOK_MS_MAX = 5000,
        NO_LANE = -1,
        /* No message is handed out of a lane of which this was told. */
        STANDS_STILL = EV_CONSUMER_UNREADABLE | EV_CONSUMER_OTHER_LOG,
        /* What is known of a lane already when nothing comes. */
        SILENCE_EXPLAINED = STANDS_STILL | EV_CONSUMER_OUT_OF_RANGE | EV_CONSUMER_SILENT,
        /* librdkafka's numbers as text, with the NUL. */
        NUMBER_TEXT_MAX = 32,
};

/* A message names its topic and partition: this is how its lane is found without a search. A
 * table of a thousand small numbers a topic costs 2 kB, and a map would have to be rebuilt just
 * as often. */
struct topic {
        char *name;
        int16_t lane_of[EV_KAFKA_PARTITIONS_MAX]; /* index into lanes, or NO_LANE */
        /* A begin of the lane before which nothing can be read; 0: none. */
        int64_t blind_at[EV_KAFKA_PARTITIONS_MAX];
};

/* Everything here is touched by one thread: librdkafka's own threads only put things into the
 * queue that our poll functions empty, and call back from there. */
struct ev_consumer {
        struct ev_kafka *kafka;
        rd_kafka_t *rk;
        rd_kafka_queue_t *queue; /* that polling takes from */
        size_t ahead_records;    /* librdkafka stops fetching when the queue holds so many */
        size_t polled;           /* since keep_fetching() looked last */
        /* Called on this thread, out of librdkafka's callback; they must not call back into the
         * consumer. */
        struct ev_consumer_hooks hooks;
        char *group;
        struct topic *topics;
        size_t topics_count;
        /* Room for EV_CONSUMER_LANES_MAX, sorted. Pointers into it are good for one generation. */
        struct ev_consumer_lane *lanes;
        size_t lanes_count;
        /* Grows with each callback of a rebalance and never comes back to a number it had: 64 bits
         * do not wrap. */
        uint64_t generation;
        size_t batch_bytes_max;
        int64_t assign_micros_max; /* for the hook and its retries */
        int64_t commit_interval_micros;
        int64_t commit_due;                   /* monotonic */
        int64_t silence_looked;               /* likewise */
        const struct ev_messages *collecting; /* by ev_consumer_collect(); or NULL */
        /* Something was applied since Kafka was told. Forgotten with the lanes: of lanes that are
         * not ours any more nothing is told. */
        bool is_commit_wanted;
        bool is_dealt; /* Kafka has dealt us lanes and not taken them back yet */
        /* All lanes that flow are paused by ev_consumer_rest(), beyond what is_paused says of each.
         * It outlives a rebalance, so new lanes are paused with it. */
        bool is_resting;
        bool wants_rejoin; /* a lane could not look back, and has to begin without */
        bool has_failed;   /* a hook, in the last poll; the error is the thread's */
        bool has_trouble;  /* of the membership, not taken yet */
        bool is_closed;
        rd_kafka_message_t *held; /* polled, of this generation, not handed out yet; or NULL */
        struct ev_consumer_event trouble;
};

/* An index and not a pointer is what callers keep: after a rebalance it is out of range or means
 * another lane, and messages of that time are void anyway. */
static const struct ev_consumer_lane *lane_at(const struct ev_consumer *consumer, size_t lane)
{
        assert(lane < consumer->lanes_count);

        return &consumer->lanes[lane];
}

/* By topic name and partition: the order in which rows are locked in the database, and in which
 * tests and people read them. strcmp() is the order of collation "C". */
static int compare_lanes(const void *a, const void *b)
{
        const struct ev_consumer_lane *left = a, *right = b;
        int order = strcmp(left->topic, right->topic);

        assert(left->partition >= 0 && right->partition >= 0);

        return order ? order
                     : (left->partition > right->partition) - (left->partition < right->partition);
}

/* Lanes are sorted and unlike each other, and the tables of the topics lead back to them. */
bool ev_consumer_check(const struct ev_consumer *consumer)
{
        assert(consumer->lanes || !consumer->lanes_count);

        for (size_t i = 0; i < consumer->lanes_count; ++i) {
                const struct ev_consumer_lane *lane = &consumer->lanes[i];

                if (i > 0 && compare_lanes(lane - 1, lane) >= 0)
                        return false;
                if (consumer->topics[lane->topic_index].lane_of[lane->partition] != (int16_t)i)
                        return false;
        }
        return consumer->lanes_count <= EV_CONSUMER_LANES_MAX;
}

/* Lists of partitions. */

/* Lists are made for a rebalance, a pause or a report to Kafka, never for a message. */
static rd_kafka_topic_partition_list_t *list_new(size_t size)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)size);

        assert(list); /* librdkafka ends the process itself when it gets no memory */
        return list;
}

/* A halted lane stays ours in the group, so that nobody else is dealt it, and is not handed to
 * librdkafka: what is not assigned cannot be fetched by mistake. */
static bool is_read(const struct ev_consumer_lane *lane)
{
        assert(lane->begin >= 0 || lane->begin == EV_OFFSET_BEGINNING ||
               lane->begin == EV_OFFSET_HALTED);

        return lane->begin != EV_OFFSET_HALTED;
}

/* A rest ends by resuming exactly these: a lane that the caller has paused stays paused. */
static bool flows(const struct ev_consumer_lane *lane)
{
        assert(lane);

        return is_read(lane) && !lane->is_paused;
}

/* The lanes for which `wanted` holds, with an offset each. The offset counts for an assignment
 * only; pausing and resuming do not look at it. */
static rd_kafka_topic_partition_list_t *list_lanes(const struct ev_consumer *consumer,
                                                   bool (*wanted)(const struct ev_consumer_lane *))
{
        rd_kafka_topic_partition_list_t *list = list_new(consumer->lanes_count);

        for (size_t i = 0; i < consumer->lanes_count; ++i) {
                const struct ev_consumer_lane *lane = &consumer->lanes[i];

                if (wanted(lane))
                        rd_kafka_topic_partition_list_add(list, lane->topic, lane->partition)
                                ->offset = lane->begin - lane->looks_back;
        }
        return list;
}

/* Pausing. */

/* Both calls wait until librdkafka has done it, and make what is queued of these lanes void:
 * after a pause no record of theirs comes out of the queue. Each partition has an error of its
 * own; a pause that did not happen would lose the order of a batch in hand, so it is a failure. */
static int set_paused(struct ev_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                      bool is_paused)
{
        assert(consumer->rk);
        assert(list);

        if (is_paused)
                rd_kafka_pause_partitions(consumer->rk, list);
        else
                rd_kafka_resume_partitions(consumer->rk, list);
        for (int i = 0; i < list->cnt; ++i)
                if (list->elems[i].err)
                        return ev_kafka_fail(list->elems[i].err, "%s %s/%d",
                                             is_paused ? "pausing" : "resuming",
                                             list->elems[i].topic, list->elems[i].partition);
        return 0;
}

/* All lanes at once, for the one batch in hand may hold records of every lane. The mark is set
 * last: when pausing fails half-way, the next try pauses them again, which does no harm. */
static int set_resting(struct ev_consumer *consumer, bool is_resting)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = NULL;
        int r;

        assert(!consumer->is_closed);

        if (consumer->is_resting == is_resting)
                return 0;

        list = list_lanes(consumer, flows);
        r = set_paused(consumer, list, is_resting);
        if (r)
                return ev_trace(r);
        consumer->is_resting = is_resting;
        return 0;
}

/* While resting, everything is paused in librdkafka anyway, and only our mark changes; the end of
 * the rest acts upon it. */
static int set_lane_paused(struct ev_consumer *consumer, size_t index, bool is_paused)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = list_new(1);
        struct ev_consumer_lane *lane;
        int r;

        assert(index < consumer->lanes_count);

        lane = &consumer->lanes[index];
        if (lane->is_paused == is_paused)
                return 0;
        if (is_read(lane) && !consumer->is_resting) {
                rd_kafka_topic_partition_list_add(list, lane->topic, lane->partition);
                r = set_paused(consumer, list, is_paused);
                if (r)
                        return ev_trace(r);
        }
        lane->is_paused = is_paused;
        return 0;
}

int ev_consumer_pause(struct ev_consumer *consumer, size_t lane)
{
        assert(!consumer->is_closed);

        return ev_trace(set_lane_paused(consumer, lane, true));
}

int ev_consumer_resume(struct ev_consumer *consumer, size_t lane)
{
        assert(!consumer->is_closed);

        return ev_trace(set_lane_paused(consumer, lane, false));
}

/* What Kafka is told about offsets. Its group coordinator may be away or may know better who owns
 * the lanes: nothing depends on it, so nobody waits and no error is looked at. */
static void tell_applied(struct ev_consumer *consumer)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = list_new(consumer->lanes_count);

        assert(consumer->is_commit_wanted);

        for (size_t i = 0; i < consumer->lanes_count; ++i) {
                const struct ev_consumer_lane *lane = &consumer->lanes[i];

                if (lane->applied >= 0)
                        rd_kafka_topic_partition_list_add(list, lane->topic, lane->partition)
                                ->offset = lane->applied;
        }
        /* The last argument is async. No callback is set, so the answer is dropped with the
         * event. */
        if (list->cnt > 0 && !EV_FAULT(before_kafka_commit))
                rd_kafka_commit(consumer->rk, list, 1);
        consumer->is_commit_wanted = false;
        consumer->commit_due = ev_clock_monotonic_micros() + consumer->commit_interval_micros;
}

/* Now and then: a request costs the broker 150 µs or more, and a tool that looks at lag looks
 * every few seconds. */
static void tell_applied_if_due(struct ev_consumer *consumer)
{
        assert(!consumer->is_closed);

        if (consumer->is_commit_wanted && ev_clock_monotonic_micros() >= consumer->commit_due)
                tell_applied(consumer);
}

/* Called after the COMMIT, or Kafka's tools would show as done what a crash can take back. */
void ev_consumer_note_applied(struct ev_consumer *consumer, size_t lane, int64_t next_offset)
{
        assert(lane < consumer->lanes_count);
        assert(next_offset >= 0);

        consumer->lanes[lane].applied = next_offset;
        consumer->is_commit_wanted = true;
}

/* Assignment. */

/* A handful of names: a loop is quicker than a table here. */
static int find_topic(const struct ev_consumer *consumer, const char *name)
{
        assert(name);

        for (size_t i = 0; i < consumer->topics_count; ++i)
                if (strcmp(consumer->topics[i].name, name) == 0)
                        return (int)i;
        return -1;
}

/* What was applied of them need not be told to Kafka any more: the next owner will. */
static void forget_lanes(struct ev_consumer *consumer)
{
        for (size_t i = 0; i < consumer->lanes_count; ++i)
                consumer->topics[consumer->lanes[i].topic_index]
                        .lane_of[consumer->lanes[i].partition] = NO_LANE;
        consumer->lanes_count = 0;
        consumer->is_commit_wanted = false;
        assert(ev_consumer_check(consumer));
}

/* The lanes are the group's answer: what does not fit into them is not our subscription. */
static int note_lane(struct ev_consumer *consumer, const char *name, int32_t partition)
{
        struct ev_consumer_lane *lane = &consumer->lanes[consumer->lanes_count];
        int topic = find_topic(consumer, name);

        assert(name);
        assert(partition >= 0);

        if (topic < 0 || partition >= EV_KAFKA_PARTITIONS_MAX ||
            consumer->lanes_count == EV_CONSUMER_LANES_MAX)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "the group gave us %s/%d as number %zu: not a topic of ours, or more "
                        "than %d partitions of one, or more than %d in all",
                        name, partition, consumer->lanes_count + 1, EV_KAFKA_PARTITIONS_MAX,
                        EV_CONSUMER_LANES_MAX);
        *lane = (struct ev_consumer_lane){
                .topic = consumer->topics[topic].name,
                .topic_index = (size_t)topic,
                .partition = partition,
                .begin = EV_OFFSET_HALTED, /* what the hook forgets is not read */
        };
        ++consumer->lanes_count;
        return 0;
}

/* The group deals out whole topics, whatever of them its members want. */
static bool is_wanted(const struct ev_consumer *consumer,
                      const rd_kafka_topic_partition_t *partition)
{
        const struct ev_consumer_hooks *hooks = &consumer->hooks;

        assert(partition->topic);

        return !hooks->is_wanted ||
               hooks->is_wanted(hooks->context, partition->topic, partition->partition);
}

/* From here on the order of the lanes is ours, not the order in which the group named them. */
static int note_lanes(struct ev_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
        int r;

        assert(!consumer->lanes_count);

        for (int i = 0; i < list->cnt; ++i) {
                if (!is_wanted(consumer, &list->elems[i]))
                        continue;
                r = note_lane(consumer, list->elems[i].topic, list->elems[i].partition);
                if (r) {
                        consumer->lanes_count = 0;
                        return ev_trace(r);
                }
        }
        qsort(consumer->lanes, consumer->lanes_count, sizeof(*consumer->lanes), compare_lanes);
        for (size_t i = 0; i < consumer->lanes_count; ++i)
                consumer->topics[consumer->lanes[i].topic_index]
                        .lane_of[consumer->lanes[i].partition] = (int16_t)i;
        assert(ev_consumer_check(consumer));
        return 0;
}

/* Half of the delay is left to chance, so that members whose database was away do not all come back
 * in one moment. The clock's last digits are chance enough for that. */
static void wait_before_retry(int64_t delay_ms)
{
        int64_t half = delay_ms * EV_MICROS_PER_MS / 2;
        int64_t micros = half + ev_clock_monotonic_micros() % half;
        struct timespec time = { .tv_nsec = micros * 1000 };

        assert(delay_ms >= RETRY_MS_MIN && delay_ms <= RETRY_MS_MAX);

        nanosleep(&time, NULL);
}

/* The group waits for us here: heart beats go on from librdkafka's thread, but only for as long as
 * max.poll.interval.ms. Giving up in time leaves the lanes to nobody instead of to a wrong offset,
 * and the caller joins again. */
static int ask_begins(struct ev_consumer *consumer)
{
        const struct ev_consumer_hooks *hooks = &consumer->hooks;
        int64_t deadline = ev_clock_monotonic_micros() + consumer->assign_micros_max;
        int64_t delay_ms = RETRY_MS_MIN;

        assert(consumer->lanes_count > 0);

        while (hooks->assigned(hooks->context, consumer->lanes, consumer->lanes_count)) {
                if (ev_error_last()->verdict != EV_VERDICT_RETRY)
                        return ev_trace(EV_FAILED);
                if (ev_clock_monotonic_micros() + delay_ms * EV_MICROS_PER_MS > deadline)
                        return ev_fail_while("offsets of %zu lanes could not be read in time",
                                             consumer->lanes_count);
                wait_before_retry(delay_ms);
                delay_ms = 2 * delay_ms < RETRY_MS_MAX ? 2 * delay_ms : RETRY_MS_MAX;
        }
        for (size_t i = 0; i < consumer->lanes_count; ++i) {
                consumer->lanes[i].position = consumer->lanes[i].begin;
                consumer->lanes[i].applied = consumer->lanes[i].begin;
        }
        return 0;
}

/* NULL for what is no lane of this generation. */
static struct ev_consumer_lane *find_lane(const struct ev_consumer *consumer, const char *name,
                                          int32_t partition)
{
        int topic = find_topic(consumer, name);
        int lane = NO_LANE;

        assert(name);

        if (topic >= 0 && partition >= 0 && partition < EV_KAFKA_PARTITIONS_MAX)
                lane = consumer->topics[topic].lane_of[partition];
        return lane == NO_LANE ? NULL : &consumer->lanes[lane];
}

/* A record that retention has taken away cannot be looked at, and to ask for it would be out of
 * range; so the brokers are asked where the logs begin, in one question to each. Where there is no
 * answer the lane looks back all the same: see is_out_of_range(). */
static void choose_looking_back(struct ev_consumer *consumer)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = list_new(consumer->lanes_count + 1);

        for (size_t i = 0; i < consumer->lanes_count; ++i) {
                struct ev_consumer_lane *lane = &consumer->lanes[i];

                assert(!lane->has_last || consumer->hooks.is_last);
                lane->looks_back = lane->has_last && lane->begin > 0 &&
                                   consumer->topics[lane->topic_index].blind_at[lane->partition] !=
                                           lane->begin;
                if (lane->looks_back)
                        rd_kafka_topic_partition_list_add(list, lane->topic, lane->partition)
                                ->offset = RD_KAFKA_OFFSET_BEGINNING;
        }
        if (list->cnt == 0 || rd_kafka_offsets_for_times(consumer->rk, list, BEGINNINGS_MS_MAX))
                return;
        for (int i = 0; i < list->cnt; ++i) {
                struct ev_consumer_lane *lane =
                        find_lane(consumer, list->elems[i].topic, list->elems[i].partition);

                if (lane && !list->elems[i].err && list->elems[i].offset >= lane->begin)
                        lane->looks_back = false;
        }
}

/* In this order, because each step may be the last one of this process: without the first,
 * librdkafka does not read; without the second, nobody knows where; the assignment itself comes
 * last, with every offset given. No offset is ever left for librdkafka to look up. */
static int assign_lanes(struct ev_consumer *consumer, const rd_kafka_topic_partition_list_t *dealt)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = NULL;
        rd_kafka_resp_err_t code;
        int r;

        assert(dealt);

        r = note_lanes(consumer, dealt);
        if (r)
                return ev_trace(r);
        if (consumer->lanes_count > 0) {
                r = ask_begins(consumer);
                if (r == 0)
                        r = EV_FAULT(offsets_read);
                if (r)
                        return ev_trace(r);
        }

        choose_looking_back(consumer);
        list = list_lanes(consumer, is_read);
        code = rd_kafka_assign(consumer->rk, list);
        if (code)
                return ev_kafka_fail(code, "assigning %d lanes", list->cnt);
        r = EV_FAULT(partitions_assigned);
        if (r)
                return ev_trace(r);
        /* librdkafka keeps the mark of a pause with the partition, not with the assignment. */
        if (consumer->is_resting)
                return ev_trace(set_paused(consumer, list, true));
        return 0;
}

/* The answer to a revocation: librdkafka goes on with the rebalance only after it. */
static void unassign(struct ev_consumer *consumer)
{
        forget_lanes(consumer);
        rd_kafka_assign(consumer->rk, NULL);
        assert(!consumer->lanes_count);
}

/* An empty assignment, not none: with none librdkafka takes the member for one that is being
 * revoked, never calls back, and never joins again. */
static void assign_nothing(struct ev_consumer *consumer)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = list_new(1);

        forget_lanes(consumer);
        rd_kafka_assign(consumer->rk, list);
        assert(!consumer->lanes_count);
}

/* Places where a test makes the revocation fail; the lanes go all the same. */
static int reach_revocation(const struct ev_consumer *consumer)
{
        int r = 0;

        assert(consumer->lanes_count > 0);

        if (consumer->collecting && consumer->collecting->count > 0)
                r = EV_FAULT(revoked_while_collecting);
        if (r == 0)
                r = EV_FAULT(before_unassign);
        return ev_trace(r);
}

/* The hook first, while the lanes are still assigned and nothing is fetched for anybody else;
 * then, for the tools, what Kafka is told; then the assignment. A hook that fails changes nothing
 * of this: the lanes go in any case, and are taken over as unclean. */
static void give_lanes_up(struct ev_consumer *consumer)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = NULL;
        bool had_lanes = consumer->lanes_count > 0;

        assert(ev_consumer_check(consumer));

        if (had_lanes) {
                consumer->has_failed |= reach_revocation(consumer) != 0;
                consumer->hooks.revoked(consumer->hooks.context, consumer->lanes,
                                        consumer->lanes_count);
                if (consumer->is_commit_wanted)
                        tell_applied(consumer);
                /* A lane that comes back must not still be paused. It may be lost already, and a
                 * partition that is no more cannot be resumed: both do not matter here. */
                list = list_lanes(consumer, is_read);
                rd_kafka_resume_partitions(consumer->rk, list);
        }
        unassign(consumer);
        consumer->has_failed |= had_lanes && EV_FAULT(after_unassign) != 0;
        assert(!consumer->lanes_count);
}

/* The message comes again, from the offset that the next `assigned` hook reads. */
static void drop_held(struct ev_consumer *consumer)
{
        if (consumer->held)
                rd_kafka_message_destroy(consumer->held);
        consumer->held = NULL;
        assert(!consumer->held);
}

/* Called inside the poll functions. rd_kafka_assignment_lost() is not asked: it says nothing that
 * the hook's own look at the epochs would not say better. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
        struct ev_consumer *consumer = ev_kafka_owner(opaque);

        assert(consumer->rk == rk);
        assert(strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE") != 0);

        ++consumer->generation;
        consumer->is_dealt = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        drop_held(consumer);
        if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                give_lanes_up(consumer);
                return;
        }
        /* The callback has to answer the group whatever has happened, and cannot return an error.
         * The failure waits in has_failed and in the thread's error for poll_once(). */
        if (assign_lanes(consumer, list)) {
                consumer->has_failed = true;
                assign_nothing(consumer);
        }
        assert(ev_consumer_check(consumer));
}

/* Messages. */

/* NULL for what is not ours: events about a whole topic, and stragglers of a partition that was
 * revoked. */
static struct ev_consumer_lane *lane_of(const struct ev_consumer *consumer,
                                        const rd_kafka_message_t *polled)
{
        assert(polled);

        return polled->rkt
                       ? find_lane(consumer, rd_kafka_topic_name(polled->rkt), polled->partition)
                       : NULL;
}

/* What was told of a lane that stands still, and still has to be told. */
static void tell(struct ev_consumer_lane *lane, enum ev_consumer_event_kind kind)
{
        assert(lane);

        lane->told |= kind;
        lane->pending |= kind;
}

/* The first message of a lane that looks back. Where the record itself is not in the log any more
 * (compaction takes single ones), nothing can be compared. */
static int look_back(struct ev_consumer *consumer, struct ev_consumer_lane *lane,
                     const rd_kafka_message_t *polled)
{
        const struct ev_bytes key = { polled->key, polled->key_len };
        const struct ev_bytes value = { polled->payload, polled->len };
        bool is_last = true;
        int r = 0;

        assert(lane->looks_back && !polled->err);

        lane->looks_back = false;
        if (polled->offset == lane->begin - 1)
                r = consumer->hooks.is_last(consumer->hooks.context, lane, key, value, &is_last);
        if (r == 0 && !is_last)
                tell(lane, EV_CONSUMER_OTHER_LOG);
        return ev_trace(r);
}

/* Takes `polled` over, whatever comes out. A message behind our back, of a lane that is not ours or
 * from before the position, is dropped: it has been handed out, or comes again to its owner, or was
 * applied last; so is one behind what could not be read, or of another log. A gap is no reason to
 * refuse: compaction, retention and transaction markers leave holes in the offsets, so the position
 * only ever has to grow. */
static int take_message(struct ev_consumer *consumer, struct ev_messages *messages,
                        rd_kafka_message_t *polled)
{
        struct ev_consumer_lane *lane = lane_of(consumer, polled);
        struct ev_message *message;
        int r = 0;

        assert(polled && !polled->err);
        assert(messages->count < messages->capacity);

        if (lane && lane->looks_back)
                r = look_back(consumer, lane, polled);
        if (r || !lane || polled->offset < lane->position || lane->told & STANDS_STILL) {
                rd_kafka_message_destroy(polled);
                return ev_trace(r);
        }
        r = ev_messages_add(messages, polled, &message);
        message->topic = lane->topic;
        message->partition = lane->partition;
        message->lane = (uint32_t)(lane - consumer->lanes);
        lane->position = message->offset + 1;
        return ev_trace(r);
}

/* Events. */

/* Bytes of the log that are no records to librdkafka: damaged ones, those of a compression or a
 * format that it does not know, those that it has no memory for. Some of it (an unknown format) it
 * steps over by itself and hands out what lies behind, some it fetches again and again; neither
 * must be what becomes of a record. */
static bool is_unreadable(rd_kafka_resp_err_t code)
{
        static const rd_kafka_resp_err_t codes[] = {
                RD_KAFKA_RESP_ERR__BAD_MSG,         RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
                RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
                RD_KAFKA_RESP_ERR_INVALID_MSG,      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        };

        assert(code);

        for (size_t i = 0; i < EV_ARRAY_SIZE(codes); ++i)
                if (codes[i] == code)
                        return true;
        return false;
}

/* With auto.offset.reset=error librdkafka tells of an offset outside the log once, in its own
 * code; a broker's code is taken for the same. */
static enum ev_consumer_event_kind kind_of(rd_kafka_resp_err_t code)
{
        assert(code);

        if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                return EV_CONSUMER_END;
        if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
                return EV_CONSUMER_OUT_OF_RANGE;
        return is_unreadable(code) ? EV_CONSUMER_UNREADABLE : EV_CONSUMER_TROUBLE;
}

/* Whether the lane itself is out of range, and not only the record before it, which may have been
 * deleted since the brokers were asked, or they could not be asked. What the log holds is for whoever
 * reads of it. */
static bool is_out_of_range(struct ev_consumer *consumer, struct ev_consumer_lane *lane)
{
        bool is_known =
                !rd_kafka_query_watermark_offsets(consumer->rk, lane->topic, lane->partition,
                                                  &lane->log_begin, &lane->log_end, LOG_MS_MAX);

        assert(is_read(lane));

        if (!is_known)
                lane->log_begin = lane->log_end = -1;
        if (!lane->looks_back)
                return true;
        return is_known && (lane->begin < lane->log_begin || lane->begin > lane->log_end);
}

/* What is wrong with the record before the lane alone says nothing of the lane: it begins anew, without
 * looking back.
 *
 * All but trouble are states: told once an assignment. Trouble is told each time, but only the
 * latest stays: a lane whose leader is away complains several times a second, and nobody gains from
 * a queue of that. */
static void note_lane_event(struct ev_consumer *consumer, struct ev_consumer_lane *lane,
                            const rd_kafka_message_t *polled)
{
        enum ev_consumer_event_kind kind = kind_of(polled->err);

        assert(lane);

        if (kind != EV_CONSUMER_TROUBLE && lane->told & kind)
                return;
        if ((kind == EV_CONSUMER_OUT_OF_RANGE && !is_out_of_range(consumer, lane)) ||
            (kind == EV_CONSUMER_UNREADABLE && lane->looks_back)) {
                consumer->topics[lane->topic_index].blind_at[lane->partition] = lane->begin;
                consumer->wants_rejoin = true;
                return;
        }
        if (kind == EV_CONSUMER_TROUBLE || kind == EV_CONSUMER_UNREADABLE)
                lane->code = polled->err;
        /* Of a batch in whose middle the lane stands, the part before was read. */
        if (kind == EV_CONSUMER_UNREADABLE)
                lane->unreadable =
                        polled->offset > lane->position ? polled->offset : lane->position;
        tell(lane, kind);
}

/* An error of no lane is kept in one place, likewise. It is text as well as a code here, because
 * librdkafka says more in it than the code tells. */
static void note_event(struct ev_consumer *consumer, const rd_kafka_message_t *polled)
{
        struct ev_consumer_lane *lane = lane_of(consumer, polled);
        struct ev_consumer_event *trouble = &consumer->trouble;

        assert(polled);
        assert(polled->err);

        if (lane) {
                note_lane_event(consumer, lane, polled);
                return;
        }
        /* States of a partition that is not ours any more are nobody's concern. */
        if (kind_of(polled->err) != EV_CONSUMER_TROUBLE)
                return;
        *trouble = (struct ev_consumer_event){
                .kind = EV_CONSUMER_TROUBLE,
                .code = polled->err,
                .verdict = ev_kafka_verdict(polled->err),
        };
        snprintf(trouble->text, sizeof(trouble->text), "%s", rd_kafka_message_errstr(polled));
        consumer->has_trouble = true;
}

/* The command that goes on belongs to whoever knows the programs' names; here stands what is wrong.
 */
static void describe_event(struct ev_consumer_event *event)
{
        const struct ev_consumer_lane *lane = event->lane;

        assert(lane);

        switch (event->kind) {
        case EV_CONSUMER_END:
                snprintf(event->text, sizeof(event->text), "%s/%d: all read, up to offset %lld",
                         lane->topic, lane->partition, (long long)lane->position);
                break;
        case EV_CONSUMER_OUT_OF_RANGE:
                snprintf(event->text, sizeof(event->text),
                         "%s/%d: offset %lld lies outside the log: records are gone, or the topic "
                         "was made anew",
                         lane->topic, lane->partition, (long long)lane->position);
                break;
        case EV_CONSUMER_UNREADABLE:
                snprintf(event->text, sizeof(event->text),
                         "%s/%d: what stands at offset %lld cannot be read: %s", lane->topic,
                         lane->partition, (long long)lane->unreadable,
                         rd_kafka_err2str((rd_kafka_resp_err_t)event->code));
                break;
        case EV_CONSUMER_OTHER_LOG:
                snprintf(event->text, sizeof(event->text),
                         "%s/%d: the record before offset %lld is not the one that was applied "
                         "last: this is another log",
                         lane->topic, lane->partition, (long long)lane->begin);
                break;
        case EV_CONSUMER_SILENT:
                snprintf(event->text, sizeof(event->text),
                         "%s/%d: the log has more behind offset %lld, and nothing has come for %d "
                         "s: what stands there may be damaged, which kafka.debug=fetch would tell",
                         lane->topic, lane->partition,
                         lane->position < 0 ? 0 : (long long)lane->position, SILENCE_MS / 1000);
                break;
        case EV_CONSUMER_TROUBLE:
                snprintf(event->text, sizeof(event->text), "%s/%d: %s", lane->topic,
                         lane->partition, rd_kafka_err2str((rd_kafka_resp_err_t)event->code));
                break;
        }
}

/* The worst comes first; what is taken is not told again in this assignment, except trouble,
 * which may come again and say something else. */
static bool take_lane_event(struct ev_consumer_lane *lane, struct ev_consumer_event *ret_event)
{
        static const struct {
                enum ev_consumer_event_kind kind;
                rd_kafka_resp_err_t code; /* NO_ERROR: the lane's */
        } kinds[] = {
                { EV_CONSUMER_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET },
                { EV_CONSUMER_OTHER_LOG, RD_KAFKA_RESP_ERR__INCONSISTENT },
                { EV_CONSUMER_UNREADABLE, RD_KAFKA_RESP_ERR_NO_ERROR },
                { EV_CONSUMER_TROUBLE, RD_KAFKA_RESP_ERR_NO_ERROR },
                { EV_CONSUMER_SILENT, RD_KAFKA_RESP_ERR__TIMED_OUT },
                { EV_CONSUMER_END, RD_KAFKA_RESP_ERR__PARTITION_EOF },
        };

        assert(ret_event);
        assert(lane);

        for (size_t i = 0; i < EV_ARRAY_SIZE(kinds); ++i) {
                int code = kinds[i].code ? (int)kinds[i].code : lane->code;

                if (!(lane->pending & kinds[i].kind))
                        continue;
                lane->pending &= ~(unsigned)kinds[i].kind;
                *ret_event = (struct ev_consumer_event){
                        .kind = kinds[i].kind,
                        .lane = lane,
                        .code = code,
                        .verdict = ev_kafka_verdict((rd_kafka_resp_err_t)code),
                };
                describe_event(ret_event);
                return true;
        }
        return false;
}

/* A look at a flag for each lane: this is asked once a batch, and lanes are few. */
bool ev_consumer_take_event(struct ev_consumer *consumer, struct ev_consumer_event *ret_event)
{
        assert(ev_consumer_check(consumer));

        for (size_t i = 0; i < consumer->lanes_count; ++i)
                if (take_lane_event(&consumer->lanes[i], ret_event))
                        return true;
        if (!consumer->has_trouble)
                return false;
        *ret_event = consumer->trouble;
        consumer->has_trouble = false;
        return true;
}

/* Polling. */

/* One poll: 0, and a message or NULL; or what makes everything in hand void.
 *
 * One call of librdkafka may run the callback of an assignment and return the first message of that
 * assignment. It is not void, and it does not come again: it is held for the next collect. */
static int poll_once(struct ev_consumer *consumer, int wait_ms, rd_kafka_message_t **ret_polled)
{
        uint64_t generation = consumer->generation;
        rd_kafka_message_t *polled;

        assert(wait_ms >= 0);
        assert(!consumer->is_closed);

        consumer->has_failed = false;
        polled = rd_kafka_consumer_poll(consumer->rk, wait_ms);
        ++consumer->polled;
        if (consumer->generation == generation) {
                *ret_polled = polled;
                return polled ? 0 : ev_trace(ev_kafka_check_alive(consumer->kafka));
        }
        assert(!consumer->held);
        consumer->held = polled;
        return consumer->has_failed ? ev_trace(EV_FAILED) : EV_CONSUMER_REASSIGNED;
}

/* What is held comes first, or the order of its lane would break. */
static int next_message(struct ev_consumer *consumer, int wait_ms, rd_kafka_message_t **ret_polled)
{
        assert(wait_ms >= 0);

        if (!consumer->held)
                return ev_trace(poll_once(consumer, wait_ms, ret_polled));
        *ret_polled = consumer->held;
        consumer->held = NULL;
        return 0;
}

/* Without this a lane that is behind would give at most a queue a second: once the queue is full the
 * threads of librdkafka sleep for up to a second, however soon it is empty again (see
 * ev_kafka_wake_fetchers()).
 *
 * They have slept since the last look if the queue was full at some time since, which is when what
 * is there and what was taken from it come to that many. */
static void keep_fetching(struct ev_consumer *consumer)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = NULL;
        size_t queued = rd_kafka_queue_length(consumer->queue);
        bool is_wanted = queued < consumer->ahead_records &&
                         queued + consumer->polled >= consumer->ahead_records;

        assert(consumer->ahead_records);

        consumer->polled = 0;
        if (!is_wanted)
                return;
        list = list_lanes(consumer, flows);
        ev_kafka_wake_fetchers(consumer->kafka, list);
}

/* By what the last fetch told of the log. */
static bool has_more(const struct ev_consumer *consumer, const struct ev_consumer_lane *lane)
{
        int64_t low = 0, high = 0;

        assert(is_read(lane));

        if (rd_kafka_get_watermark_offsets(consumer->rk, lane->topic, lane->partition, &low, &high))
                return false;
        return high > (lane->position < 0 ? low : lane->position);
}

/* Called when the queue is empty, so that nothing of any lane lies there. A batch of records whose
 * checksum is right and whose inner lengths are not is fetched by librdkafka 2.0.2 again and again,
 * and told of by nothing but a line of debug=fetch ("Fetch backoff for 500ms: Local: Read underflow").
 * From here it looks like a broker that is slow, or like the markers of a transaction, which are no
 * records and stand at the end for ever; so the lane is told of and not halted: there is no proof. */
static void note_silence(struct ev_consumer *consumer)
{
        int64_t now = ev_clock_monotonic_micros();
        int64_t passed = now - consumer->silence_looked;

        if (passed < SILENCE_LOOK_MS * EV_MICROS_PER_MS)
                return;
        consumer->silence_looked = now;
        for (size_t i = 0; i < consumer->lanes_count; ++i) {
                struct ev_consumer_lane *lane = &consumer->lanes[i];

                if (passed > SILENCE_LOOK_MS_MAX * EV_MICROS_PER_MS ||
                    lane->silent_at != lane->position || !flows(lane) ||
                    !has_more(consumer, lane)) {
                        lane->silent_at = lane->position;
                        lane->silent_since = now;
                } else if (now - lane->silent_since > SILENCE_MS * EV_MICROS_PER_MS &&
                           !(lane->told & SILENCE_EXPLAINED)) {
                        tell(lane, EV_CONSUMER_SILENT);
                }
        }
        assert(ev_consumer_check(consumer));
}

/* As when the lanes were dealt anew, which they will be. */
static int begin_anew(struct ev_consumer *consumer)
{
        int r = ev_consumer_rejoin(consumer);

        assert(!consumer->wants_rejoin || r);

        return r ? ev_trace(r) : EV_CONSUMER_REASSIGNED;
}

/* Polls until the batch is full or nothing more is there; an event ends the waiting. Waiting ends
 * with the first record, because a fuller batch is worth less than an earlier commit; under load
 * the client has fetched ahead and the batch fills by itself. The bound of bytes is looked at
 * between records, so the last one may pass it. */
static int collect(struct ev_consumer *consumer, struct ev_messages *messages, size_t max,
                   int wait_ms)
{
        rd_kafka_message_t *polled = NULL;
        bool has_event = false;
        int r;

        assert(max <= messages->capacity);

        while (messages->count < max && messages->bytes < consumer->batch_bytes_max) {
                r = next_message(consumer, messages->count > 0 || has_event ? 0 : wait_ms, &polled);
                if (r)
                        return ev_trace(r);
                if (!polled) {
                        note_silence(consumer);
                        return 0;
                }
                if (polled->err) {
                        /* The caller is to hear of it soon, also when no record comes. */
                        note_event(consumer, polled);
                        rd_kafka_message_destroy(polled);
                        if (consumer->wants_rejoin)
                                return ev_trace(begin_anew(consumer));
                        has_event = true;
                        continue;
                }
                r = take_message(consumer, messages, polled);
                if (r)
                        return ev_trace(r);
        }
        return 0;
}

/* Nothing was handed out when this fails or the lanes were dealt anew: what had been collected is
 * released here, so that no caller can apply it by mistake. */
int ev_consumer_collect(struct ev_consumer *consumer, struct ev_messages *messages, size_t max,
                        int wait_ms)
{
        int r;

        assert(!messages->count);
        assert(max > 0 && max <= messages->capacity);

        /* Going on after a rest belongs here and nowhere else: the caller need not remember that he
         * has rested. */
        r = set_resting(consumer, false);
        if (r)
                return ev_trace(r);
        tell_applied_if_due(consumer);
        keep_fetching(consumer);

        messages->generation = consumer->generation;
        /* So that a revocation which comes in the middle can be told from one between two
         * batches. */
        consumer->collecting = messages;
        r = collect(consumer, messages, max, wait_ms);
        consumer->collecting = NULL;
        if (r)
                ev_messages_release(messages);
        assert(r || messages->generation == consumer->generation);
        return ev_trace(r);
}

/* A message of a paused lane should not come. One can be held for the next collect, for a batch may
 * be in hand; with a second one the lane would have a hole, so that everything begins anew. */
static int hold(struct ev_consumer *consumer, rd_kafka_message_t *polled)
{
        bool is_one_too_many = !polled->err && consumer->held;

        assert(polled);

        if (!polled->err && !is_one_too_many) {
                consumer->held = polled;
                return 0;
        }
        if (polled->err)
                note_event(consumer, polled);
        rd_kafka_message_destroy(polled);
        return is_one_too_many || consumer->wants_rejoin ? ev_trace(begin_anew(consumer)) : 0;
}

/* The batch in hand is not looked at: its messages stay valid in memory for as long as they are
 * not released, also when their lanes are gone; the generation says whether they still count. */
int ev_consumer_rest(struct ev_consumer *consumer, int wait_ms)
{
        rd_kafka_message_t *polled = NULL;
        int r;

        assert(wait_ms >= 0 && !consumer->is_closed);

        r = set_resting(consumer, true);
        if (r)
                return ev_trace(r);
        tell_applied_if_due(consumer);

        r = poll_once(consumer, wait_ms, &polled);
        if (r || !polled)
                return ev_trace(r);
        return ev_trace(hold(consumer, polled));
}

/* Names only. A pattern would let a new topic join by itself, with a number of partitions that
 * nobody has looked at. */
static int subscribe(struct ev_consumer *consumer)
{
        _cleanup_list_ rd_kafka_topic_partition_list_t *list = list_new(consumer->topics_count);
        rd_kafka_resp_err_t code;

        assert(consumer->topics_count > 0);

        for (size_t i = 0; i < consumer->topics_count; ++i)
                rd_kafka_topic_partition_list_add(list, consumer->topics[i].name,
                                                  RD_KAFKA_PARTITION_UA);
        code = rd_kafka_subscribe(consumer->rk, list);
        return code ? ev_kafka_fail(code, "subscribing as %s", consumer->group) : 0;
}

/* The old assignment goes in a callback, that is, in a poll. librdkafka is asked for the new one
 * only then: a subscription while the old assignment is being taken back was never served. What is
 * polled meanwhile is of the old assignment, and is dropped. The generation grows here too: a
 * member that had no lanes gets no callback, and its caller must see the change all the same. */
int ev_consumer_rejoin(struct ev_consumer *consumer)
{
        int64_t deadline = ev_clock_monotonic_micros() + LEAVE_MS_MAX * EV_MICROS_PER_MS;
        rd_kafka_message_t *polled;
        rd_kafka_resp_err_t code;

        assert(!consumer->is_closed);

        code = rd_kafka_unsubscribe(consumer->rk);
        if (code)
                return ev_kafka_fail(code, "leaving %s", consumer->group);
        while (consumer->is_dealt) {
                if (ev_clock_monotonic_micros() > deadline)
                        return ev_kafka_fail(RD_KAFKA_RESP_ERR__TIMED_OUT, "leaving %s",
                                             consumer->group);
                polled = rd_kafka_consumer_poll(consumer->rk, POLL_MS_STEP);
                if (polled)
                        rd_kafka_message_destroy(polled);
        }
        ++consumer->generation;
        /* New lanes are not paused: the batch that the rest was for is void. */
        consumer->is_resting = consumer->wants_rejoin = false;
        return ev_trace(subscribe(consumer));
}

/* What can be asked. */

struct ev_kafka *ev_consumer_kafka(struct ev_consumer *consumer)
{
        assert(consumer->kafka);

        return consumer->kafka;
}

uint64_t ev_consumer_generation(const struct ev_consumer *consumer)
{
        assert(consumer);

        return consumer->generation;
}

const struct ev_consumer_lane *ev_consumer_lanes(const struct ev_consumer *consumer,
                                                 size_t *ret_count)
{
        assert(ev_consumer_check(consumer));

        *ret_count = consumer->lanes_count;
        return consumer->lanes;
}

/* The end of the log is the one that the last fetch brought: no question to the broker, so it
 * costs nothing and may be asked for every lane whenever metrics are read. */
int64_t ev_consumer_lag(const struct ev_consumer *consumer, size_t index)
{
        const struct ev_consumer_lane *lane = lane_at(consumer, index);
        int64_t low = RD_KAFKA_OFFSET_INVALID, high = RD_KAFKA_OFFSET_INVALID;
        int64_t from;

        assert(consumer->rk);

        /* The client's own memory of the last fetch: no request, so it may be asked for every lane
         * on every scrape. */
        if (rd_kafka_get_watermark_offsets(consumer->rk, lane->topic, lane->partition, &low, &high))
                return -1;
        from = lane->applied == EV_OFFSET_BEGINNING ? low : lane->applied;
        if (high < 0 || from < 0)
                return -1;
        return high > from ? high - from : 0;
}

/* Life. */

/* Without a callback of ours librdkafka would assign by itself, at the offsets that Kafka knows. */
static void on_prepare(rd_kafka_conf_t *conf)
{
        assert(conf);

        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
}

/* What librdkafka has made of the operator's lines, whichever name they used. */
static int read_setting(const struct ev_consumer *consumer, const char *name, char *value,
                        size_t size)
{
        assert(name && value);
        assert(size > 0);

        if (rd_kafka_conf_get(rd_kafka_conf(consumer->rk), name, value, &size) == RD_KAFKA_CONF_OK)
                return 0;
        return ev_fail(EV_VERDICT_STOP, "configuration: kafka.%s cannot be read", name);
}

/* librdkafka has checked that it is one, and that it is not negative. */
static int read_number(const struct ev_consumer *consumer, const char *name, int64_t *ret_number)
{
        char text[NUMBER_TEXT_MAX];
        int r = read_setting(consumer, name, text, sizeof(text));

        assert(ret_number);

        if (r)
                return ev_trace(r);
        if (!ev_str_to_int64(ev_str_of(text), ret_number))
                return ev_fail(EV_VERDICT_STOP, "configuration: kafka.%s is %s", name, text);
        return 0;
}

/* What the operator's settings must agree with. Three quarters of max.poll.interval.ms are for the
 * hook: the rest must be enough to answer the group and to come back to polling, or the lanes are
 * gone before they are read. */
static int check_settings(struct ev_consumer *consumer)
{
        char group[EV_KAFKA_REASON_MAX];
        int64_t interval_ms, ahead;
        int r;

        assert(consumer->group && consumer->rk);

        r = read_setting(consumer, "group.id", group, sizeof(group));
        if (r)
                return ev_trace(r);
        if (strcmp(group, consumer->group) != 0)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "configuration: kafka.group.id cannot be changed: the offsets in the "
                        "database belong to %s",
                        consumer->group);
        r = read_number(consumer, "max.poll.interval.ms", &interval_ms);
        if (!r)
                r = read_number(consumer, "queued.min.messages", &ahead);
        if (r)
                return ev_trace(r);
        consumer->ahead_records = (size_t)ahead;
        consumer->assign_micros_max = interval_ms * EV_MICROS_PER_MS / 4 * 3;
        return 0;
}

/* The group is ours to set and not the operator's: it names rows of the database. The rest of
 * what must not be changed is guarded in wire/kafka.c. */
static int make_client(struct ev_consumer *consumer, const struct ev_consumer_options *options)
{
        const struct ev_kafka_setting extra[] = {
                { "group.id", options->group },
                { "enable.partition.eof", options->tells_ends ? "true" : "false" },
        };
        const struct ev_kafka_options kafka = {
                .role = EV_KAFKA_CONSUMER,
                .settings = options->settings,
                .settings_count = options->settings_count,
                .extra = extra,
                .extra_count = EV_ARRAY_SIZE(extra),
                .log = options->log,
                .log_context = options->log_context,
        };
        int r;

        assert(!consumer->kafka);

        r = ev_kafka_new_owned(&consumer->kafka, &kafka, on_prepare, consumer);
        if (r)
                return ev_trace(r);
        consumer->rk = ev_kafka_handle(consumer->kafka);
        /* Rebalances, logs and errors come out of rd_kafka_consumer_poll() with the messages. */
        rd_kafka_poll_set_consumer(consumer->rk);
        consumer->queue = rd_kafka_queue_get_consumer(consumer->rk);
        return ev_trace(check_settings(consumer));
}

/* Names are copied once; lanes and messages point to these copies, so that a topic can be
 * compared as a pointer. */
static int copy_names(struct ev_consumer *consumer, const struct ev_consumer_options *options)
{
        assert(!consumer->topics && !consumer->lanes);

        consumer->topics = calloc(options->topics_count, sizeof(*consumer->topics));
        consumer->lanes = calloc(EV_CONSUMER_LANES_MAX, sizeof(*consumer->lanes));
        consumer->group = strdup(options->group);
        if (!consumer->topics || !consumer->lanes || !consumer->group)
                return ev_fail_memory("a consumer");

        for (size_t i = 0; i < options->topics_count; ++i) {
                struct topic *topic = &consumer->topics[i];

                assert(options->topics[i] && options->topics[i][0] != '^');
                for (size_t p = 0; p < EV_KAFKA_PARTITIONS_MAX; ++p)
                        topic->lane_of[p] = NO_LANE;
                topic->name = strdup(options->topics[i]);
                if (!topic->name)
                        return ev_fail_memory("a consumer");
                ++consumer->topics_count;
        }
        return 0;
}

/* Nothing is asked of a broker for the group yet. */
int ev_consumer_new(struct ev_consumer **ret_consumer, const struct ev_consumer_options *options)
{
        _cleanup_(ev_consumer_free_p) struct ev_consumer *consumer = calloc(1, sizeof(*consumer));
        int r;

        assert(options->group && options->hooks.assigned && options->hooks.revoked);
        assert(options->topics_count > 0 && options->topics_count <= EV_CONSUMER_TOPICS_MAX);
        assert(options->batch_bytes_max > 0 && options->commit_interval_ms > 0);

        if (!consumer)
                return ev_fail_memory("a consumer");
        consumer->hooks = options->hooks;
        consumer->batch_bytes_max = options->batch_bytes_max;
        consumer->commit_interval_micros = options->commit_interval_ms * EV_MICROS_PER_MS;
        r = copy_names(consumer, options);
        if (r)
                return ev_trace(r);
        r = make_client(consumer, options);
        if (r)
                return ev_trace(r);

        *ret_consumer = consumer;
        consumer = NULL;
        return 0;
}

/* Joining begins in the background, and its first word comes out of the first poll. */
int ev_consumer_join(struct ev_consumer *consumer)
{
        assert(!consumer->is_dealt && !consumer->is_closed);

        return ev_trace(subscribe(consumer));
}

/* rd_kafka_consumer_close() would wait for as long as it takes; with a queue of our own the waiting
 * is ours. The lanes go through on_rebalance(), as ever. Leaving in good order saves the others the
 * session timeout. When it does not work in time the process ends anyway: the hook is called
 * without Kafka's consent then, which is safe because from here on nothing more is handed out. */
int ev_consumer_close(struct ev_consumer *consumer, int wait_ms)
{
        _cleanup_(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue =
                rd_kafka_queue_new(consumer->rk);
        int64_t deadline = ev_clock_monotonic_micros() + wait_ms * EV_MICROS_PER_MS;
        rd_kafka_message_t *polled;
        rd_kafka_error_t *error;

        assert(queue);
        assert(!consumer->is_closed && wait_ms >= 0);

        error = rd_kafka_consumer_close_queue(consumer->rk, queue);
        rd_kafka_error_destroy(error); /* it accepts NULL; an error means: closed already */
        while (!rd_kafka_consumer_closed(consumer->rk) && ev_clock_monotonic_micros() < deadline) {
                /* It holds records too, which rd_kafka_queue_poll_callback() does not expect. */
                polled = rd_kafka_consume_queue(queue, CLOSE_MS_STEP);
                if (polled)
                        rd_kafka_message_destroy(polled);
        }

        /* The callback may not have come: the brokers are away, or the bound is over. The lanes are
         * given up all the same, so that the database knows of a clean end. */
        drop_held(consumer);
        consumer->is_closed = true;
        if (rd_kafka_consumer_closed(consumer->rk))
                return 0;
        if (consumer->lanes_count > 0)
                give_lanes_up(consumer);
        return EV_CONSUMER_UNFINISHED;
}

/* Destroying waits for librdkafka's threads. It does not leave the group again: that was done by
 * the close, or is left to the session timeout. */
struct ev_consumer *ev_consumer_free(struct ev_consumer *consumer)
{
        if (!consumer)
                return NULL;

        drop_held(consumer);
        if (consumer->queue)
                rd_kafka_queue_destroy(consumer->queue);
        consumer->kafka = ev_kafka_free(consumer->kafka);
        for (size_t i = 0; i < consumer->topics_count; ++i)
                free(consumer->topics[i].name);
        free(consumer->topics);
        free(consumer->lanes);
        free(consumer->group);
        free(consumer);
        return NULL;
}
