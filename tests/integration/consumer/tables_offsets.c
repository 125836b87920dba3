/* store/offsets and store/attempts against PostgreSQL. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "report.h"
#include "sessions.h"
#include "store/attempts.h"
#include "store/offsets.h"

static struct ev_offset lanes[3];

static void name_lanes(void)
{
        static const struct {
                const char *topic;
                int32_t partition;
        } names[] = { { "t2", 0 }, { "t1", 7 }, { "t1", 3 } };

        memset(lanes, 0, sizeof(lanes));
        for (size_t i = 0; i < EV_ARRAY_SIZE(lanes); ++i) {
                lanes[i].topic = ev_str_of(names[i].topic);
                lanes[i].partition = names[i].partition;
        }
}

static void fill_advances(struct ev_advance *advances, const struct ev_offset *of, int64_t step)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(lanes); ++i) {
                advances[i] = (struct ev_advance){
                        .lane = &of[i],
                        .next_offset = (of[i].next_offset < 0 ? 0 : of[i].next_offset) + step,
                        .has_fingerprint = true,
                };
                memset(advances[i].fingerprint, (int)i + 1, EV_FINGERPRINT_BYTES);
        }
}

/* BEGIN and the barrier; the transaction stays open. */
static int advance(struct ev_session *session, const struct ev_advance *advances)
{
        int64_t now = 0;
        int r;

        begin(session);
        require(ev_offsets_queue_advance(session, advances, EV_ARRAY_SIZE(lanes)), "advance");
        send_queued(session);
        skip_begin(session);
        r = ev_offsets_receive_advance(session, EV_ARRAY_SIZE(lanes), &now);
        if (r == 0 && llabs(now - ev_clock_real_micros()) > 60 * EV_MICROS_PER_SECOND)
                return -2;
        require(ev_db_finish(session->db), "the rest");
        return r;
}

static void check_assign(struct ev_arena *arena)
{
        bool holds = true;

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        for (size_t i = 0; i < EV_ARRAY_SIZE(lanes); ++i)
                holds &= lanes[i].next_offset == -2 && lanes[i].epoch == 1 &&
                         lanes[i].unclean == 1 && !lanes[i].is_halted && !lanes[i].has_fingerprint;
        report(holds, "a first start begins at the beginning, with epoch 1");
        report(shows("SELECT string_agg(topic || partition || ' ' || next_offset, ',' "
                     "ORDER BY topic, partition) FROM ev.consumer_offset",
                     "t13 -2,t17 -2,t20 -2"),
               "rows are made for lanes that have none");

        look("UPDATE ev.consumer_offset SET next_offset = 100 + partition, "
             "fingerprint = decode(repeat('ab', 32), 'hex') WHERE topic = 't1'");
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        report(lanes[0].next_offset == -2 && lanes[1].next_offset == 107 &&
                       lanes[2].next_offset == 103 && lanes[1].epoch == 2,
               "each struct gets its own row, whatever the order");
        report(lanes[2].has_fingerprint && lanes[2].fingerprint[31] == 0xab &&
                       !lanes[0].has_fingerprint,
               "the fingerprint of the last record comes along");
        report(lanes[0].unclean == 2, "takeovers without a release or a commit are counted");

        look("UPDATE ev.consumer_offset SET fingerprint = 'short' WHERE topic = 't2'");
        report(ev_offsets_assign(&a, lanes, 1) < 0 && !ev_db_is_in_transaction(a.db),
               "a fingerprint of another length is refused, and no transaction stays open");
}

static void check_advance(struct ev_arena *arena)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        fill_advances(advances, lanes, 10);
        report(advance(&a, advances) == 0, "expected offsets and epoch move all lanes at once");
        commit(&a);
        report(shows("SELECT string_agg(topic || partition || ' ' || next_offset || ' ' || unclean "
                     "|| ' ' || encode(substr(fingerprint, 1, 1), 'hex'), ',' "
                     "ORDER BY topic, partition) FROM ev.consumer_offset",
                     "t13 10 0 03,t17 10 0 02,t20 10 0 01"),
               "offset and fingerprint are written, and the takeover is forgotten");

        /* lanes[] still expects the beginning. */
        lanes[0].next_offset = 10;
        lanes[1].next_offset = 10;
        fill_advances(advances, lanes, 20);
        report(advance(&a, advances) == EV_OFFSETS_FENCED,
               "one lane at another offset than expected fences the batch");
        rollback(&a);
        report(shows("SELECT count(*) FROM ev.consumer_offset WHERE next_offset = 10", "3"),
               "a fenced batch moves nothing");

        lanes[2].next_offset = 10;
        fill_advances(advances, lanes, 20);
        advances[1].has_fingerprint = false;
        report(advance(&a, advances) == 0, "the right expectation moves them");
        commit(&a);
        report(shows("SELECT count(*) FROM ev.consumer_offset WHERE fingerprint IS NULL", "1"),
               "no fingerprint is NULL");
}

static void check_fencing(struct ev_arena *arena)
{
        struct ev_offset theirs[EV_ARRAY_SIZE(lanes)];
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        fill_advances(advances, lanes, 10);
        memcpy(theirs, lanes, sizeof(theirs));
        require(ev_offsets_assign(&b, theirs, 1), "assign");
        report(advance(&a, advances) == EV_OFFSETS_FENCED,
               "a takeover of one lane by another process fences the old owner's batch");
        rollback(&a);
        require(ev_offsets_release(&a, lanes, EV_ARRAY_SIZE(lanes)), "release");
        report(shows("SELECT string_agg(topic || partition || ' ' || unclean, ',' "
                     "ORDER BY topic, partition) FROM ev.consumer_offset",
                     "t13 0,t17 0,t20 2"),
               "a release is clean for the lanes that are still ours, and only for them");
}

static int child_takes_over(struct ev_session *session)
{
        struct ev_offset lane = { .topic = EV_STR("t1"), .partition = 3 };

        if (ev_offsets_assign(session, &lane, 1))
                return 99;
        return (int)lane.next_offset;
}

static void check_takeover_waits_for_the_batch(struct ev_arena *arena)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];
        pid_t child;

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        fill_advances(advances, lanes, 42);
        require(advance(&a, advances), "advance");
        child = in_child(child_takes_over);
        report(are_blocked("1"), "a takeover waits for a batch that holds the lane");
        commit(&a);
        report(child_status(child) == 42, "and begins behind it");
}

static const struct ev_advance *child_advances;

static int child_settles(struct ev_session *session)
{
        enum ev_settled settled;

        if (ev_offsets_settle(session, child_advances, EV_ARRAY_SIZE(lanes), &settled))
                return 99;
        return (int)settled;
}

static void check_settle(struct ev_arena *arena)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];
        enum ev_settled settled;
        char kill[TEXT_MAX];
        pid_t child;

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        fill_advances(advances, lanes, 10);

        require(advance(&a, advances), "advance");
        child_advances = advances;
        child = in_child(child_settles);
        report(are_blocked("1"), "settling waits while the batch is undecided");
        /* The connection is cut before the COMMIT is on its way. */
        snprintf(kill, sizeof(kill),
                 "SELECT pg_terminate_backend(l.pid) FROM pg_locks l "
                 "JOIN pg_stat_activity s USING (pid) WHERE l.granted AND "
                 "l.relation = 'ev.consumer_offset'::regclass AND "
                 "s.state = 'idle in transaction'");
        look(kill);
        report(child_status(child) == EV_SETTLED_LOST, "a batch that was cut off is lost");
        require(ev_db_finish(a.db) == 0 && ev_db_queue_commit(a.db) == 0 && ev_db_sync(a.db) == 0 &&
                        ev_db_finish(a.db) == 0,
                "the session is gone");
        require(ev_db_connect(a.db), "connecting");

        require(advance(&a, advances), "advance");
        child = in_child(child_settles);
        require(!are_blocked("1"), "settling");
        commit(&a);
        report(child_status(child) == EV_SETTLED_COMMITTED, "a COMMIT that landed is told");

        require(ev_offsets_settle(&a, advances, EV_ARRAY_SIZE(lanes), &settled), "settle");
        report(settled == EV_SETTLED_COMMITTED, "also later, and by the session itself");

        look("UPDATE ev.consumer_offset SET next_offset = 77 WHERE topic = 't2'");
        require(ev_offsets_settle(&a, advances, EV_ARRAY_SIZE(lanes), &settled), "settle");
        report(settled == EV_SETTLED_FENCED, "an offset set by hand counts as fenced");

        look("UPDATE ev.consumer_offset SET next_offset = -2 WHERE topic = 't2'");
        report(ev_offsets_settle(&a, advances, EV_ARRAY_SIZE(lanes), &settled) < 0 &&
                       ev_error_last()->verdict == EV_VERDICT_STOP,
               "half a batch is impossible and stops the worker");

        require(ev_offsets_assign(&b, lanes, 1), "assign");
        lanes[0].epoch -= 1;
        require(ev_offsets_settle(&a, advances, EV_ARRAY_SIZE(lanes), &settled), "settle");
        report(settled == EV_SETTLED_FENCED, "a takeover of one lane is told");
}

static void check_halt(struct ev_arena *arena)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        require(ev_offsets_halt(&a, &lanes[1], EV_STR("first")), "halt");
        require(ev_offsets_halt(&a, &lanes[1], EV_STR("second")), "halt");
        report(shows("SELECT halted_reason FROM ev.consumer_offset WHERE halted_at IS NOT NULL",
                     "first"),
               "the first reason of a halt stays");
        fill_advances(advances, lanes, 10);
        report(advance(&a, advances) == EV_OFFSETS_FENCED, "a halted lane cannot be moved");
        rollback(&a);
        require(ev_offsets_assign(&b, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        report(lanes[1].is_halted && !lanes[0].is_halted, "the next owner is told");
        lanes[0].epoch -= 1;
        require(ev_offsets_halt(&a, &lanes[0], EV_STR("third")), "halt");
        report(shows("SELECT count(*) FROM ev.consumer_offset WHERE halted_at IS NOT NULL", "1"),
               "a lane of another owner is not halted");
}

static void check_attempts(struct ev_arena *arena)
{
        const struct ev_place place = { EV_STR("t1"), 0, 41 };
        const struct ev_place both[] = { { EV_STR("t1"), 0, 41 }, { EV_STR("t1"), 0, 42 } };
        int32_t tries = 0;

        (void)arena;
        require(ev_attempts_note(&a, &place, 1, &tries), "attempt");
        report(tries == 1, "a first attempt is one");
        require(ev_attempts_note(&b, both, 2, &tries), "attempts");
        report(tries == 2, "another process counts on, and is told the most of several");
        begin(&a);
        require(ev_attempts_queue_forget(&a, both, 1), "forget");
        send_queued(&a);
        skip_begin(&a);
        require(ev_attempts_receive_forget(&a), "forget");
        commit(&a);
        report(shows("SELECT string_agg(\"offset\" || ' ' || tries, ',') FROM ev.attempt", "42 1"),
               "attempts at a record are forgotten, those at others are not");
        require(ev_attempts_note(&a, both, 2, &tries), "attempts");
        require(ev_attempts_take_back(&b, both, 2), "take back");
        report(shows("SELECT string_agg(\"offset\" || ' ' || tries, ',') FROM ev.attempt", "42 1"),
               "one attempt at each is taken back, and what others have tried stays");
        require(ev_attempts_take_back(&b, both, 2), "take back");
        report(shows("SELECT count(*) FROM ev.attempt", "0"), "also outside of a transaction");
}

/* A batch that moves nothing: a barrier before parked records. */
static void check_settle_without_a_move(struct ev_arena *arena)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];
        enum ev_settled settled;

        (void)arena;
        name_lanes();
        require(ev_offsets_assign(&a, lanes, EV_ARRAY_SIZE(lanes)), "assign");
        fill_advances(advances, lanes, 0);
        advances[0].next_offset = advances[1].next_offset = advances[2].next_offset = -2;
        report(advance(&a, advances) == 0, "a barrier need not move a lane");
        commit(&a);
        require(ev_offsets_settle(&a, advances, EV_ARRAY_SIZE(lanes), &settled), "settle");
        report(settled == EV_SETTLED_FENCED, "whether it landed cannot be told: begin anew");
        advances[1].next_offset = 4;
        require(ev_offsets_settle(&a, advances, EV_ARRAY_SIZE(lanes), &settled), "settle");
        report(settled == EV_SETTLED_LOST, "a lane that was to move tells for all");
}

check_fn *const offsets_checks[] = {
        check_assign, check_advance, check_fencing,  check_takeover_waits_for_the_batch,
        check_settle, check_halt,    check_attempts, check_settle_without_a_move,
        NULL,
};
