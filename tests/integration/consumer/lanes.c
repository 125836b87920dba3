/* wire/consumer.c against a real broker: lanes BROKERS BROKER_PID.
 *
 * What the hooks read stands in `kept`, as it would in PostgreSQL; what was applied is counted for
 * each record, so that a record lost or applied twice is seen whatever caused it. The last check
 * kills the broker. */

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "report.h"
#include "wire/consumer.h"
#include "wire/kafka_private.h"

enum {
        TOPICS = 2,
        PARTITIONS = 4,
        RECORDS = 300, /* at most, of a partition */
        BATCH = 50,
        WAIT_MS = 20000,
        STEP_MS = 50,
        LIMIT = 64 * 1024,
        NAME_MAX_BYTES = 64,
        MANY_HEADERS = 150,
        BACKLOG = 30000, /* of a partition: a second or so of reading */
        BATCH_MOST = 5000,
        FETCHES = 60,    /* well above WAIT_MS in seconds */
        ALONE_MS = 1000, /* a member that joins is seen by the others within a heartbeat */
};

static const char *brokers;
static char names[TOPICS][NAME_MAX_BYTES];
static const char *const topics[TOPICS] = { names[0], names[1] };
static rd_kafka_t *producer;
static char value[] = "value"; /* librdkafka wants it writable */
static unsigned round_number;

/* The offsets that "the database" holds, and what was applied. */
static int64_t kept[TOPICS][PARTITIONS];
static unsigned applied[TOPICS][PARTITIONS][RECORDS];
static bool order_broke;
static uint64_t wanted_sum;

/* How often records before a begin were shown, and of which lane of the first topic they are not
 * what was applied last; -1: of none. */
static unsigned shown_lasts;
static int32_t other_log = -1;

struct member {
        struct ev_consumer *consumer;
        struct ev_messages messages;
        unsigned asked, revoked, failures_left;
        size_t asked_lanes, in_hand_at_revoke;
        enum ev_verdict failure;
        size_t batch;           /* 0: BATCH */
        bool is_short;          /* fetches and holds the least it can */
        bool is_armed;          /* stands still once, in the middle of a batch … */
        struct member *joining; /* … while this one joins */
};

/* Members. */

static void join(struct member *member);

static bool is_rebalancing(void)
{
        const struct rd_kafka_group_list *groups;
        char group[NAME_MAX_BYTES];
        bool is;

        snprintf(group, sizeof(group), "group-%d-%u", (int)getpid(), round_number);
        if (rd_kafka_list_groups(producer, group, &groups, WAIT_MS))
                return false;
        is = groups->group_cnt == 1 && strcmp(groups->groups[0].state, "PreparingRebalance") == 0;
        rd_kafka_group_list_destroy(groups);
        return is;
}

/* Lines of librdkafka's log come out of polls, between records: the one place where a test can stop
 * a collect that is under way. The group waits for this member then, which hears of it with its
 * next heartbeats, every 100 ms. */
static void on_log(void *context, int level, const char *facility, const char *text)
{
        struct member *member = context;
        struct timespec heartbeats = { .tv_nsec = 500000000 };

        (void)level, (void)facility, (void)text;
        if (!member->joining || member->messages.count == 0)
                return;
        join(member->joining);
        member->joining = NULL;
        while (!is_rebalancing())
                ;
        nanosleep(&heartbeats, NULL);
}

static int on_assigned(void *context, struct ev_consumer_lane *lanes, size_t count)
{
        struct member *member = context;

        ++member->asked;
        member->asked_lanes = count;
        if (member->failures_left > 0) {
                --member->failures_left;
                return ev_fail(member->failure, "the database is away");
        }
        for (size_t i = 0; i < count; ++i) {
                lanes[i].begin = kept[lanes[i].topic_index][lanes[i].partition];
                lanes[i].has_last = lanes[i].begin > 0;
        }
        return 0;
}

static int is_last(void *context, const struct ev_consumer_lane *lane, struct ev_bytes key,
                   struct ev_bytes shown, bool *ret_is_last)
{
        (void)context;
        ++shown_lasts;
        order_broke |= key.size != 3 || shown.size != 5 || memcmp(shown.data, value, 5) != 0;
        *ret_is_last = lane->topic_index != 0 || lane->partition != other_log;
        return 0;
}

static void on_revoked(void *context, const struct ev_consumer_lane *lanes, size_t count)
{
        struct member *member = context;

        ++member->revoked;
        for (size_t i = 0; i < count; ++i)
                if (lanes[i].begin != EV_OFFSET_HALTED && lanes[i].position >= 0)
                        member->in_hand_at_revoke +=
                                (size_t)(lanes[i].position -
                                         (lanes[i].applied < 0 ? 0 : lanes[i].applied));
}

static void make_member(struct member *member, const char *const *of, size_t count,
                        size_t bytes_max)
{
        const struct ev_kafka_setting settings[] = {
                { "bootstrap.servers", brokers },
                { "session.timeout.ms", "3000" },
                { "heartbeat.interval.ms", "100" },
                { "max.poll.interval.ms", "4000" },
                { "topic.metadata.refresh.interval.ms", "500" },
                { "queued.min.messages", member->is_short ? "1" : "1000" },
                { "fetch.message.max.bytes", member->is_short ? "1" : "131072" },
                { "debug", "fetch" },
        };
        char group[NAME_MAX_BYTES];
        const struct ev_consumer_options options = {
                .group = group,
                .topics = of,
                .topics_count = count,
                .settings = settings,
                .settings_count = EV_ARRAY_SIZE(settings) - !member->is_armed,
                .batch_bytes_max = bytes_max,
                .commit_interval_ms = 10,
                .tells_ends = true,
                .hooks = { on_assigned, on_revoked, member, is_last, NULL },
                .log = on_log,
                .log_context = member,
        };

        snprintf(group, sizeof(group), "group-%d-%u", (int)getpid(), round_number);
        require(ev_messages_init(&member->messages, member->batch ? member->batch : BATCH),
                "messages");
        require(ev_consumer_new(&member->consumer, &options), "consumer");
}

static void join_topics(struct member *member, const char *const *of, size_t count,
                        size_t bytes_max)
{
        make_member(member, of, count, bytes_max);
        require(ev_consumer_join(member->consumer), "join");
}

static void join(struct member *member)
{
        join_topics(member, topics, TOPICS, LIMIT);
}

static int leave(struct member *member, int wait_ms)
{
        int r = 0;

        ev_messages_release(&member->messages);
        if (member->consumer)
                r = ev_consumer_close(member->consumer, wait_ms);
        member->consumer = ev_consumer_free(member->consumer);
        ev_messages_done(&member->messages);
        return r;
}

/* Applies what is in hand, as one transaction would. */
static void apply(struct member *member)
{
        const struct ev_consumer_lane *lanes;
        size_t count;

        lanes = ev_consumer_lanes(member->consumer, &count);
        for (size_t i = 0; i < member->messages.count; ++i) {
                const struct ev_message *message = &member->messages.items[i];
                const struct ev_consumer_lane *lane = &lanes[message->lane];
                int64_t *next = &kept[lane->topic_index][lane->partition];

                assert(message->lane < count);
                order_broke |= message->offset != (*next < 0 ? 0 : *next);
                order_broke |=
                        message->topic != lane->topic || message->partition != lane->partition;
                if (message->offset < RECORDS)
                        ++applied[lane->topic_index][lane->partition][message->offset];
                *next = message->offset + 1;
                ev_consumer_note_applied(member->consumer, message->lane, *next);
        }
        ev_messages_release(&member->messages);
}

/* One turn: collect and apply. */
static int turn(struct member *member)
{
        int r = ev_consumer_collect(member->consumer, &member->messages, member->messages.capacity,
                                    STEP_MS);

        if (r == 0)
                apply(member);
        return r;
}

static size_t lanes_of(const struct member *member)
{
        size_t count = 0;

        if (member->consumer)
                ev_consumer_lanes(member->consumer, &count);
        return count;
}

static uint64_t applied_sum(void)
{
        uint64_t sum = 0;

        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        for (size_t i = 0; i < RECORDS; ++i)
                                sum += applied[t][p][i];
        return sum;
}

/* Every record from `from` to `to` of every lane exactly once. */
static bool applied_once(int64_t from, int64_t to)
{
        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        for (int64_t i = from; i < to; ++i)
                                if (applied[t][p][i] != 1) {
                                        report_detail("%s/%zu offset %lld: %u times", names[t], p,
                                                      (long long)i, applied[t][p][i]);
                                        return false;
                                }
        return !order_broke;
}

static void tell_where_it_stands(void)
{
        char text[500];
        size_t used = 0;

        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        used += (size_t)snprintf(text + used, sizeof(text) - used, "%lld ",
                                                 (long long)kept[t][p]);
        report_detail("time is up; %llu of %llu; next offsets %s",
                      (unsigned long long)applied_sum(), (unsigned long long)wanted_sum, text);
}

/* Turns the members until `done` holds for the first one; false when time is up. */
static bool drive(struct member *members, size_t count, bool (*done)(const struct member *))
{
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        while (!done(members)) {
                if (ev_clock_monotonic_micros() > deadline) {
                        tell_where_it_stands();
                        return false;
                }
                for (size_t i = 0; i < count; ++i)
                        if (members[i].consumer && turn(&members[i]) < 0)
                                return false;
        }
        return true;
}

static bool has_applied_all(const struct member *member)
{
        (void)member;
        return applied_sum() >= wanted_sum;
}

static bool has_all_lanes(const struct member *member)
{
        return lanes_of(member) == TOPICS * PARTITIONS;
}

static bool has_half_the_lanes(const struct member *members)
{
        return lanes_of(&members[0]) == TOPICS * PARTITIONS / 2 &&
               lanes_of(&members[1]) == TOPICS * PARTITIONS / 2;
}

struct seen_event {
        enum ev_consumer_event_kind kind;
        enum ev_verdict verdict;
        bool has_lane;
        size_t topic_index;
        int32_t partition;
        char text[EV_CONSUMER_EVENT_TEXT_MAX];
};
static struct seen_event seen_events[100];
static size_t seen_count;

static void take_events(struct member *member)
{
        struct ev_consumer_event event;

        while (ev_consumer_take_event(member->consumer, &event)) {
                struct seen_event *seen = &seen_events[seen_count];

                if (seen_count == EV_ARRAY_SIZE(seen_events))
                        return;
                *seen = (struct seen_event){
                        .kind = event.kind,
                        .verdict = event.verdict,
                        .has_lane = event.lane,
                        .topic_index = event.lane ? event.lane->topic_index : 0,
                        .partition = event.lane ? event.lane->partition : -1,
                };
                memcpy(seen->text, event.text, sizeof(seen->text));
                ++seen_count;
        }
}

static size_t count_events(enum ev_consumer_event_kind kind)
{
        size_t count = 0;

        for (size_t i = 0; i < seen_count; ++i)
                count += seen_events[i].kind == kind;
        return count;
}

/* Topics. */

static void make_topics(void)
{
        rd_kafka_NewTopic_t *made[TOPICS];
        rd_kafka_queue_t *queue = rd_kafka_queue_new(producer);
        rd_kafka_event_t *event;
        const rd_kafka_topic_result_t **results;
        size_t count;
        char text[200];

        ++round_number;
        for (size_t i = 0; i < TOPICS; ++i) {
                snprintf(names[i], sizeof(names[i]), "topic-%d-%u-%zu", (int)getpid(), round_number,
                         i);
                made[i] = rd_kafka_NewTopic_new(names[i], PARTITIONS, 1, text, sizeof(text));
        }
        rd_kafka_CreateTopics(producer, made, TOPICS, NULL, queue);
        event = rd_kafka_queue_poll(queue, WAIT_MS);
        require(!event || rd_kafka_event_error(event), "making topics");
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event),
                                                      &count);
        for (size_t i = 0; i < count; ++i)
                require(rd_kafka_topic_result_error(results[i]), "making a topic");
        rd_kafka_event_destroy(event);
        rd_kafka_NewTopic_destroy_array(made, TOPICS);
        rd_kafka_queue_destroy(queue);

        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        kept[t][p] = EV_OFFSET_BEGINNING;
        memset(applied, 0, sizeof(applied));
        order_broke = false;
        seen_count = 0;
        shown_lasts = 0;
        other_log = -1;
}

static void flush(void)
{
        require(rd_kafka_flush(producer, WAIT_MS), "writing records");
}

/* `count` records into every lane. */
static void produce(int count)
{
        for (int t = 0; t < TOPICS; ++t)
                for (int p = 0; p < PARTITIONS; ++p)
                        for (int i = 0; i < count; ++i)
                                require(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(names[t]),
                                                          RD_KAFKA_V_PARTITION(p),
                                                          RD_KAFKA_V_VALUE(value, 5),
                                                          RD_KAFKA_V_KEY(value, 3), RD_KAFKA_V_END),
                                        "writing a record");
        flush();
}

static void new_round(int count)
{
        make_topics();
        produce(count);
        wanted_sum = (uint64_t)count * TOPICS * PARTITIONS;
}

/* Checks. */

static void check_reads_all(void)
{
        struct member member = { 0 };
        const struct ev_consumer_lane *lanes;
        size_t count;
        bool is_sorted = true;

        new_round(60);
        join(&member);
        report(drive(&member, 1, has_applied_all) && applied_once(0, 60),
               "one member reads every record of every lane once, in order");
        report(member.asked == 1 && member.asked_lanes == TOPICS * PARTITIONS,
               "the hook is asked once, for all lanes");
        lanes = ev_consumer_lanes(member.consumer, &count);
        for (size_t i = 0; i < count; ++i)
                is_sorted &= lanes[i].topic_index == i / PARTITIONS &&
                             lanes[i].partition == (int32_t)(i % PARTITIONS);
        report(is_sorted && count == TOPICS * PARTITIONS,
               "lanes are sorted by topic and partition");
        report(ev_consumer_lag(member.consumer, 0) == 0, "what was applied leaves no lag");
        report(leave(&member, WAIT_MS) == 0, "it closes in time");
        report(member.revoked == 1, "closing tells the hook that the lanes go");
}

static void check_begins_at_the_hooks_offsets(void)
{
        struct member member = { 0 };

        new_round(40);
        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        kept[t][p] = (int64_t)(7 * t + p);
        kept[1][2] = EV_OFFSET_HALTED;
        wanted_sum = 0;
        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        wanted_sum += kept[t][p] < 0 ? 0 : 40 - (uint64_t)kept[t][p];
        join(&member);
        report(drive(&member, 1, has_applied_all) && applied[0][3][2] == 0 &&
                       applied[0][3][3] == 1 && applied[1][3][9] == 0 && applied[1][3][10] == 1 &&
                       !order_broke,
               "each lane begins exactly where the hook said");
        turn(&member);
        report(applied[1][2][0] == 0 && lanes_of(&member) == TOPICS * PARTITIONS,
               "a halted lane is owned and not read");
        /* Somebody lets it go on: the lane begins with the next assignment. */
        kept[1][2] = EV_OFFSET_BEGINNING;
        wanted_sum += 40;
        require(ev_consumer_rejoin(member.consumer), "rejoining");
        report(drive(&member, 1, has_applied_all) && applied[1][2][39] == 1 && !order_broke,
               "after a rejoin the lane that was halted goes on");
        leave(&member, WAIT_MS);
}

static void check_hook_is_retried(void)
{
        struct member member = { .failures_left = 3, .failure = EV_VERDICT_RETRY };

        new_round(5);
        join(&member);
        report(drive(&member, 1, has_applied_all) && member.asked == 4 && applied_once(0, 5),
               "a database that is away is asked again inside the callback, until it answers");
        leave(&member, WAIT_MS);
}

static bool has_failed_turn(struct member *member, enum ev_verdict verdict)
{
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
        int r = 0;

        while (r >= 0 && ev_clock_monotonic_micros() < deadline)
                r = turn(member);
        return r < 0 && ev_error_last()->verdict == verdict;
}

static void check_hook_fails(void)
{
        struct member member = { .failures_left = 1, .failure = EV_VERDICT_STOP };

        new_round(5);
        join(&member);
        report(has_failed_turn(&member, EV_VERDICT_STOP) && member.asked == 1,
               "a hook that says stop is not asked again, and the poll fails with its error");
        report(lanes_of(&member) == 0 && turn(&member) == 0 && applied_sum() == 0,
               "nothing is assigned then");
        require(ev_consumer_rejoin(member.consumer), "rejoining");
        report(drive(&member, 1, has_applied_all) && applied_once(0, 5),
               "a rejoin begins anew after it");
        leave(&member, WAIT_MS);
}

static void check_hook_gives_up_in_time(void)
{
        struct member member = { .failures_left = 1000, .failure = EV_VERDICT_RETRY };
        int64_t began = ev_clock_monotonic_micros();
        bool failed;

        new_round(1);
        join(&member);
        failed = has_failed_turn(&member, EV_VERDICT_RETRY);
        report(failed && member.asked > 5 &&
                       ev_clock_monotonic_micros() - began < 8 * EV_MICROS_PER_SECOND,
               "the retries end before max.poll.interval.ms does");
        report(lanes_of(&member) == 0, "a lane whose offset was not read is not assigned");
        leave(&member, WAIT_MS);
}

/* Both topics' partitions of one number go to one member: what `range` is chosen for. */
/* Whether a member keeps its lanes while another one asks a question that joining would overtake. */
static bool is_left_alone(struct member *member, struct member *other)
{
        struct ev_kafka_topic topic = { .name = names[0] };
        uint64_t generation = ev_consumer_generation(member->consumer);
        int64_t end = ev_clock_monotonic_micros() + ALONE_MS * EV_MICROS_PER_MS;

        require(ev_kafka_load_partitions(ev_consumer_kafka(other->consumer), &topic, 1),
                "partitions");
        while (ev_clock_monotonic_micros() < end)
                if (turn(member) < 0)
                        return false;
        return topic.partitions == PARTITIONS &&
               ev_consumer_generation(member->consumer) == generation;
}

static void check_two_members_share(void)
{
        struct member members[2] = { 0 };
        const struct ev_consumer_lane *lanes;
        size_t count;
        bool is_paired = true;

        new_round(30);
        join(&members[0]);
        report(drive(members, 1, has_all_lanes), "the first member has all lanes");
        make_member(&members[1], topics, TOPICS, LIMIT);
        report(is_left_alone(&members[0], &members[1]),
               "who has asked the brokers and not joined disturbs nobody");
        require(ev_consumer_join(members[1].consumer), "join");
        report(drive(members, 2, has_half_the_lanes), "the second one gets half of them");
        lanes = ev_consumer_lanes(members[0].consumer, &count);
        for (size_t i = 0; i < count / 2; ++i)
                is_paired &= lanes[i].partition == lanes[i + count / 2].partition;
        report(is_paired && count > 0, "a partition number has one owner in all topics");
        report(drive(members, 2, has_applied_all) && applied_once(0, 30),
               "through the rebalance every record is applied once, in order");
        report(leave(&members[1], WAIT_MS) == 0 && drive(members, 1, has_all_lanes),
               "the lanes of a member that closes come back at once");
        produce(10);
        wanted_sum += 10 * TOPICS * PARTITIONS;
        report(drive(members, 1, has_applied_all) && applied_once(0, 40),
               "and go on where it ended");
        leave(&members[0], WAIT_MS);
}

static bool has_read_backlog(const struct member *member)
{
        bool all = true;

        (void)member;
        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        all &= kept[t][p] == BACKLOG;
        return all;
}

/* The first member stands still in the middle of a batch until the second one's joining has reached
 * it: its next poll, in the same collect, is told of the revocation. */
static void check_revoke_while_collecting(void)
{
        struct member members[2] = { { .batch = BATCH_MOST, .is_armed = true },
                                     { .batch = BATCH_MOST } };
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
        uint64_t generation;
        int r = 0;

        new_round(BACKLOG);
        join(&members[0]);
        members[0].joining = &members[1];
        require(!drive(members, 1, has_all_lanes), "joining");
        generation = ev_consumer_generation(members[0].consumer);
        while (r == 0 && ev_clock_monotonic_micros() < deadline) {
                r = ev_consumer_collect(members[0].consumer, &members[0].messages, BATCH_MOST,
                                        STEP_MS);
                if (r == 0)
                        apply(&members[0]);
        }
        report_detail("%d, %zu in hand", r, members[0].in_hand_at_revoke);
        report(r == EV_CONSUMER_REASSIGNED && members[0].in_hand_at_revoke > 0,
               "a revocation meets a batch that is being collected");
        report(members[0].messages.count == 0, "the batch is thrown away");
        report(ev_consumer_generation(members[0].consumer) > generation && members[0].revoked == 1,
               "the generation has changed, and the hook heard of it");
        report(drive(members, 2, has_half_the_lanes) && drive(members, 2, has_read_backlog) &&
                       !order_broke,
               "what was thrown away comes again, to whoever owns the lane, and once");
        leave(&members[1], WAIT_MS);
        leave(&members[0], WAIT_MS);
}

/* A lane gives one batch of the log with each fetch here, and one is as much as may be held: were
 * fetching to stop for a second each time, this would take longer than is waited for. */
static void check_keeps_fetching(void)
{
        struct member member = { .is_short = true };

        new_round(1);
        for (int i = 1; i < FETCHES; ++i)
                produce(1);
        wanted_sum *= FETCHES;
        join(&member);
        report(drive(&member, 1, has_applied_all) && applied_once(0, FETCHES),
               "a queue that was full does not keep the next records away for a second");
        leave(&member, WAIT_MS);
}

static bool has_event(const struct member *member)
{
        (void)member;
        return count_events(EV_CONSUMER_OUT_OF_RANGE) > 0;
}

static void check_out_of_range(void)
{
        struct member member = { 0 };
        int64_t deadline;

        new_round(30);
        kept[0][1] = 1000000;
        wanted_sum = 30 * (TOPICS * PARTITIONS - 1);
        join(&member);
        deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
        while ((applied_sum() < wanted_sum || !has_event(&member)) &&
               ev_clock_monotonic_micros() < deadline && turn(&member) >= 0)
                take_events(&member);
        report(applied_sum() == wanted_sum && !order_broke,
               "the other lanes of a lane that is out of range go on");
        for (int i = 0; i < 20; ++i) {
                require(turn(&member) < 0, "polling");
                take_events(&member);
        }
        report_detail("%zu events", count_events(EV_CONSUMER_OUT_OF_RANGE));
        report(count_events(EV_CONSUMER_OUT_OF_RANGE) == 1, "out of range is told once");
        for (size_t i = 0; i < seen_count; ++i)
                if (seen_events[i].kind == EV_CONSUMER_OUT_OF_RANGE)
                        report(seen_events[i].has_lane && seen_events[i].topic_index == 0 &&
                                       seen_events[i].partition == 1 &&
                                       seen_events[i].verdict == EV_VERDICT_STOP &&
                                       strstr(seen_events[i].text, "/1: offset 1000000 lies"),
                               "for that lane only, and the text says where");
        produce(5);
        wanted_sum += 5 * (TOPICS * PARTITIONS - 1);
        while (applied_sum() < wanted_sum && ev_clock_monotonic_micros() < deadline &&
               turn(&member) >= 0)
                take_events(&member);
        for (int i = 0; i < 5; ++i) {
                require(turn(&member) < 0, "polling");
                take_events(&member);
        }
        report_detail("%zu events", count_events(EV_CONSUMER_END));
        report(count_events(EV_CONSUMER_END) == TOPICS * PARTITIONS - 1,
               "the end of each other lane is told once");
        leave(&member, WAIT_MS);
}

/* As retention would: all lanes begin at `offset`. */
static void delete_before(int64_t offset)
{
        rd_kafka_topic_partition_list_t *list =
                rd_kafka_topic_partition_list_new(TOPICS * PARTITIONS);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(producer);
        rd_kafka_DeleteRecords_t *request;
        rd_kafka_event_t *event;

        for (int t = 0; t < TOPICS; ++t)
                for (int p = 0; p < PARTITIONS; ++p)
                        rd_kafka_topic_partition_list_add(list, names[t], p)->offset = offset;
        request = rd_kafka_DeleteRecords_new(list);
        rd_kafka_DeleteRecords(producer, &request, 1, NULL, queue);
        event = rd_kafka_queue_poll(queue, WAIT_MS);
        require(!event || rd_kafka_event_error(event), "deleting records");
        rd_kafka_event_destroy(event);
        rd_kafka_DeleteRecords_destroy(request);
        rd_kafka_queue_destroy(queue);
        rd_kafka_topic_partition_list_destroy(list);
}

static void keep_all_at(int64_t offset)
{
        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        kept[t][p] = offset;
}

static void check_looks_back(void)
{
        struct member member = { 0 };

        new_round(30);
        keep_all_at(10);
        wanted_sum = 20 * TOPICS * PARTITIONS;
        join(&member);
        drive(&member, 1, has_applied_all);
        report(applied_once(10, 30) && applied_sum() == wanted_sum &&
                       shown_lasts == TOPICS * PARTITIONS,
               "the record that was applied last is shown once, and not handed out");
        leave(&member, WAIT_MS);

        delete_before(30);
        shown_lasts = 0;
        produce(5);
        wanted_sum += 5 * TOPICS * PARTITIONS;
        join(&member);
        drive(&member, 1, has_applied_all);
        take_events(&member);
        report(applied_once(10, 35) && shown_lasts == 0 &&
                       count_events(EV_CONSUMER_OUT_OF_RANGE) == 0,
               "where it was deleted the lane begins all the same");
        leave(&member, WAIT_MS);
}

static void check_other_log(void)
{
        struct member member = { 0 };
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        new_round(30);
        keep_all_at(10);
        other_log = 2;
        wanted_sum = 20 * (TOPICS * PARTITIONS - 1);
        join(&member);
        while ((applied_sum() < wanted_sum || count_events(EV_CONSUMER_OTHER_LOG) == 0) &&
               ev_clock_monotonic_micros() < deadline && turn(&member) >= 0)
                take_events(&member);
        for (int i = 0; i < 20; ++i) {
                require(turn(&member) < 0, "polling");
                take_events(&member);
        }
        report(applied_sum() == wanted_sum && applied[0][2][10] == 0 && !order_broke,
               "of a lane with another record there nothing is handed out; the others go on");
        report(count_events(EV_CONSUMER_OTHER_LOG) == 1, "it is told once");
        for (size_t i = 0; i < seen_count; ++i)
                if (seen_events[i].kind == EV_CONSUMER_OTHER_LOG)
                        report(seen_events[i].has_lane && seen_events[i].topic_index == 0 &&
                                       seen_events[i].partition == 2 &&
                                       strstr(seen_events[i].text, "/2: the record before"),
                               "for that lane only, and the text says so");
        leave(&member, WAIT_MS);
}

static void check_pause(void)
{
        struct member member = { 0 };

        new_round(60);
        join(&member);
        require(!drive(&member, 1, has_all_lanes), "joining");
        require(ev_consumer_pause(member.consumer, 3), "pausing");
        wanted_sum = applied_sum() + 10;
        drive(&member, 1, has_applied_all);
        wanted_sum = 60 * (TOPICS * PARTITIONS - 1);
        drive(&member, 1, has_applied_all);
        report(applied[0][3][59] == 0 && applied[0][2][59] == 1,
               "a paused lane stands while the others go on");
        require(ev_consumer_resume(member.consumer, 3), "resuming");
        wanted_sum = 60 * TOPICS * PARTITIONS;
        report(drive(&member, 1, has_applied_all) && applied_once(0, 60),
               "resumed, it goes on behind its last record");
        leave(&member, WAIT_MS);
}

/* A batch is in hand for longer than max.poll.interval.ms, as in a long outage of the database. */
static void check_rest(void)
{
        struct member member = { 0 };
        int64_t until;
        uint64_t generation;
        int r = 0;

        new_round(100);
        join(&member);
        require(!drive(&member, 1, has_all_lanes), "joining");
        do {
                require(ev_consumer_collect(member.consumer, &member.messages, BATCH, STEP_MS),
                        "collecting");
        } while (member.messages.count == 0);
        generation = ev_consumer_generation(member.consumer);
        until = ev_clock_monotonic_micros() + 5 * EV_MICROS_PER_SECOND;
        while (r == 0 && ev_clock_monotonic_micros() < until)
                r = ev_consumer_rest(member.consumer, STEP_MS);
        report(r == 0 && generation == ev_consumer_generation(member.consumer),
               "resting with a batch in hand keeps the lanes beyond max.poll.interval.ms");
        report(member.messages.count > 0 && member.messages.items[0].value.size == 5,
               "the batch is untouched");
        apply(&member);
        report(drive(&member, 1, has_applied_all) && applied_once(0, 100),
               "after the rest every record comes once, behind the batch");
        leave(&member, WAIT_MS);
}

/* Lanes that come while resting are paused too: their first record would be one too many in hand.
 */
static void check_lanes_come_while_resting(void)
{
        struct member members[2] = { 0 };
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
        uint64_t generation;
        int r = 0;

        new_round(20);
        join(&members[0]);
        require(!drive(members, 1, has_all_lanes), "joining");
        join(&members[1]);
        while (!has_half_the_lanes(members) && r >= 0 && ev_clock_monotonic_micros() < deadline) {
                r = ev_consumer_rest(members[0].consumer, STEP_MS);
                turn(&members[1]);
        }
        generation = ev_consumer_generation(members[0].consumer);
        for (r = 0;
             r == 0 && deadline - ev_clock_monotonic_micros() > 0 && applied_sum() < wanted_sum / 2;
             turn(&members[1]))
                r = ev_consumer_rest(members[0].consumer, STEP_MS);
        for (int i = 0; r == 0 && i < 10; ++i)
                r = ev_consumer_rest(members[0].consumer, STEP_MS);
        report(r == 0 && ev_consumer_generation(members[0].consumer) == generation &&
                       has_half_the_lanes(members),
               "lanes that come while resting rest too");
        report(drive(members, 2, has_applied_all) && applied_once(0, 20),
               "and begin with the next collect");
        leave(&members[1], WAIT_MS);
        leave(&members[0], WAIT_MS);
}

/* librdkafka keeps the mark of a pause with the partition: it must not outlive the assignment. */
static void check_pause_ends_with_the_assignment(void)
{
        struct member members[2] = { 0 };
        int r = 0;

        new_round(20);
        join(&members[0]);
        require(!drive(members, 1, has_all_lanes), "joining");
        for (size_t i = 0; i < TOPICS * PARTITIONS; i += 2)
                require(ev_consumer_pause(members[0].consumer, i), "pausing");
        join(&members[1]);
        for (int64_t end = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
             r == 0 && ev_clock_monotonic_micros() < end; turn(&members[1]))
                r = ev_consumer_rest(members[0].consumer, STEP_MS);
        report(r == EV_CONSUMER_REASSIGNED, "a rebalance is told while resting");
        leave(&members[1], WAIT_MS);
        report(drive(members, 1, has_all_lanes) && drive(members, 1, has_applied_all) &&
                       applied_once(0, 20),
               "lanes that come back are not paused any more");
        leave(&members[0], WAIT_MS);
}

static void check_rejoin(void)
{
        struct member members[2] = { 0 };
        uint64_t generation;

        new_round(20);
        join(&members[0]);
        join(&members[1]);
        require(!drive(members, 2, has_half_the_lanes), "joining");
        require(!drive(members, 2, has_applied_all), "reading");
        produce(20);
        wanted_sum = 40 * TOPICS * PARTITIONS;
        /* Fenced: what is in hand is dropped, not applied. */
        do {
                require(ev_consumer_collect(members[0].consumer, &members[0].messages, BATCH,
                                            STEP_MS),
                        "collecting");
        } while (members[0].messages.count == 0);
        ev_messages_release(&members[0].messages);
        generation = ev_consumer_generation(members[0].consumer);
        require(ev_consumer_rejoin(members[0].consumer), "rejoining");
        report(ev_consumer_generation(members[0].consumer) > generation && members[0].revoked > 0 &&
                       lanes_of(&members[0]) == 0,
               "a rejoin gives the lanes up");
        report(drive(members, 2, has_applied_all) && applied_once(0, 40),
               "what was dropped comes again, from the offsets of the hook");
        report(drive(members, 2, has_half_the_lanes), "the group is as before");
        leave(&members[1], WAIT_MS);
        leave(&members[0], WAIT_MS);
}

static int64_t committed(struct member *member, size_t topic, int32_t partition)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        int64_t offset;

        rd_kafka_topic_partition_list_add(list, names[topic], partition);
        rd_kafka_committed(ev_kafka_handle(ev_consumer_kafka(member->consumer)), list, WAIT_MS);
        offset = list->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(list);
        return offset;
}

static void check_kafka_is_told(void)
{
        struct member member = { 0 };
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        new_round(25);
        join(&member);
        require(!drive(&member, 1, has_applied_all), "reading");
        while ((committed(&member, 1, 3) != 25 || committed(&member, 0, 0) != 25) &&
               ev_clock_monotonic_micros() < deadline)
                turn(&member);
        report(committed(&member, 1, 3) == 25 && committed(&member, 0, 0) == 25,
               "lag tools see what was applied");
        /* … and nothing is read from there. */
        leave(&member, WAIT_MS);
        memset(applied, 0, sizeof(applied));
        for (size_t t = 0; t < TOPICS; ++t)
                for (size_t p = 0; p < PARTITIONS; ++p)
                        kept[t][p] = EV_OFFSET_BEGINNING;
        member = (struct member){ 0 };
        join(&member);
        report(drive(&member, 1, has_applied_all) && applied_once(0, 25),
               "and what Kafka was told decides nothing");
        leave(&member, WAIT_MS);
}

static void check_lag(void)
{
        struct member member = { 0 };

        new_round(30);
        join(&member);
        do {
                require(ev_consumer_collect(member.consumer, &member.messages, 1, STEP_MS) < 0,
                        "collecting");
        } while (member.messages.count == 0);
        report(ev_consumer_lag(member.consumer, member.messages.items[0].lane) == 30,
               "lag is what lies behind the applied offset, also before the first");
        ev_messages_release(&member.messages);
        leave(&member, WAIT_MS);
}

static const struct ev_message *collect_one(struct member *member)
{
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        ev_messages_release(&member->messages);
        while (member->messages.count == 0 && ev_clock_monotonic_micros() < deadline)
                require(ev_consumer_collect(member->consumer, &member->messages, 1, STEP_MS) < 0,
                        "collecting");
        require(member->messages.count == 0, "a record");
        return &member->messages.items[0];
}

static void produce_shapes(void)
{
        rd_kafka_headers_t *many = rd_kafka_headers_new(MANY_HEADERS);
        char name[NAME_MAX_BYTES];

        for (int i = 0; i < MANY_HEADERS; ++i) {
                snprintf(name, sizeof(name), "h%d", i);
                rd_kafka_header_add(many, name, -1, name, -1);
        }
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(names[0]), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_VALUE(NULL, 0), RD_KAFKA_V_HEADER("a", "1", 1),
                          RD_KAFKA_V_HEADER("a", NULL, 0), RD_KAFKA_V_HEADER("", "", 0),
                          RD_KAFKA_V_END);
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(names[0]), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_VALUE(value, 0), RD_KAFKA_V_KEY(value, 0),
                          RD_KAFKA_V_TIMESTAMP(1700000000123), RD_KAFKA_V_HEADERS(many),
                          RD_KAFKA_V_END);
        flush();
}

static void check_shapes(void)
{
        struct member member = { 0 };
        const struct ev_message *message;
        struct ev_header header;

        make_topics();
        produce_shapes();
        join(&member);

        message = collect_one(&member);
        report(!message->key.data && !message->value.data, "a null key and value are null");
        report(message->headers_count == 3 && message->headers_total == 3 &&
                       ev_str_equal(message->headers[0].name, EV_STR("a")) &&
                       message->headers[0].value.size == 1 &&
                       ev_str_equal(message->headers[1].name, EV_STR("a")) &&
                       !message->headers[1].value.data && message->headers[2].name.size == 0 &&
                       message->headers[2].value.data && message->headers[2].value.size == 0,
               "headers keep their order, equal names, null and empty values");

        message = collect_one(&member);
        report(message->key.data && message->key.size == 0 && message->value.data &&
                       message->value.size == 0,
               "an empty key and value are not null");
        report(message->timestamp_ms == 1700000000123, "the timestamp is the record's");
        report(message->headers_count == EV_MESSAGE_HEADERS_MAX &&
                       message->headers_total == MANY_HEADERS &&
                       ev_message_header(message, MANY_HEADERS - 1, &header) &&
                       ev_str_equal(header.name, EV_STR("h149")) &&
                       !ev_message_header(message, MANY_HEADERS, &header),
               "headers above the limit are flagged and can still be read");
        leave(&member, WAIT_MS);
}

static void check_bytes_bound(void)
{
        struct member member = { 0 };
        size_t most = 0;

        new_round(20);
        join_topics(&member, topics, TOPICS, 40); /* 8 bytes a record */
        for (int64_t end = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
             applied_sum() < wanted_sum && ev_clock_monotonic_micros() < end;) {
                require(ev_consumer_collect(member.consumer, &member.messages, BATCH, STEP_MS) < 0,
                        "collecting");
                most = member.messages.count > most ? member.messages.count : most;
                apply(&member);
        }
        report(most == 5 && applied_once(0, 20), "a batch is full with batch_bytes_max");
        leave(&member, WAIT_MS);
}

static void check_missing_topic(void)
{
        struct member member = { 0 };
        const char *const some[] = { names[0], "no-such-topic" };
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        new_round(10);
        join_topics(&member, some, 2, LIMIT);
        wanted_sum = 10 * PARTITIONS;
        while ((count_events(EV_CONSUMER_TROUBLE) == 0 || applied_sum() < wanted_sum) &&
               ev_clock_monotonic_micros() < deadline && turn(&member) >= 0)
                take_events(&member);
        report(applied_sum() == wanted_sum, "a topic that is missing does not stop the others");
        for (size_t i = 0; i < seen_count; ++i)
                if (seen_events[i].kind == EV_CONSUMER_TROUBLE) {
                        report_detail("%s", seen_events[i].text);
                        report(!seen_events[i].has_lane &&
                                       strstr(seen_events[i].text, "no-such-topic"),
                               "it is named");
                        break;
                }
        report(count_events(EV_CONSUMER_TROUBLE) > 0, "it is told");
        leave(&member, WAIT_MS);
}

static void check_close_without_broker(pid_t broker)
{
        struct member member = { 0 };
        int64_t began;
        int r;

        new_round(10);
        join(&member);
        require(!drive(&member, 1, has_applied_all), "reading");
        require(kill(broker, SIGKILL), "killing the broker");
        began = ev_clock_monotonic_micros();
        r = leave(&member, 500);
        report_detail("%d after %lld ms", r,
                      (long long)((ev_clock_monotonic_micros() - began) / EV_MICROS_PER_MS));
        report(r >= 0 && ev_clock_monotonic_micros() - began < 3 * EV_MICROS_PER_SECOND,
               "closing is bounded when the broker is gone");
        report(member.revoked == 1, "the hook is called all the same, once");
}

static void make_producer(void)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[200];

        require(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof(text)), text);
        require(rd_kafka_conf_set(conf, "linger.ms", "5", text, sizeof(text)), text);
        require(rd_kafka_conf_set(conf, "queue.buffering.max.messages", "1000000", text,
                                  sizeof(text)),
                text);
        require(rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof(text)), text);
        producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        require(!producer, text);
}

int main(int argc, char **argv)
{
        static void (*const checks[])(void) = {
                check_reads_all,
                check_begins_at_the_hooks_offsets,
                check_hook_is_retried,
                check_hook_fails,
                check_hook_gives_up_in_time,
                check_two_members_share,
                check_revoke_while_collecting,
                check_keeps_fetching,
                check_out_of_range,
                check_looks_back,
                check_other_log,
                check_pause,
                check_rest,
                check_lanes_come_while_resting,
                check_pause_ends_with_the_assignment,
                check_rejoin,
                check_kafka_is_told,
                check_lag,
                check_shapes,
                check_bytes_bound,
                check_missing_topic,
        };

        int64_t broker = 0;

        if (argc != 3 || !ev_str_to_int64(ev_str_of(argv[2]), &broker)) {
                fputs("usage: lanes BROKERS BROKER_PID\n", stderr);
                return EXIT_FAILURE;
        }
        brokers = argv[1];
        make_producer();
        for (size_t i = 0; i < EV_ARRAY_SIZE(checks); ++i)
                checks[i]();
        check_close_without_broker((pid_t)broker);
        rd_kafka_destroy(producer);
        return report_status();
}
