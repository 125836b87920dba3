/* The worker's tables against a real PostgreSQL, as the worker's role: tables CONNINFO
 * ADMIN_CONNINFO.
 *
 * Two sessions of one thread meet in locks: what is sent does not wait until its answer is read, so
 * a session can be blocked in the server while the other one commits. Where a call waits by itself
 * it runs in a child. The admin session looks at tables and at who waits for whom. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "ev_sql.h"
#include "report.h"
#include "store/attempts.h"
#include "store/deadletter.h"
#include "store/inbox.h"
#include "store/offsets.h"
#include "store/outbox.h"
#include "store/parked.h"
#include "store/requests.h"

enum {
        WAIT_MS = 10000,
        PARAMS_BYTES_MAX = 1 << 24,
        TEXT_MAX = 2000,
        FACTS = 500,
        RACERS = 8,
        NAMES = 20,
};

static const char *conninfo;
static struct ev_db *admin;
static struct ev_session a, b;

/* Sessions. */

static void connect_db(struct ev_db **ret_db, const char *info)
{
        const struct ev_db_options options = {
                .conninfo = info,
                .application_name = "tables",
                .connect_ms = WAIT_MS,
                .wait_ms = WAIT_MS,
        };

        require(ev_db_new(ret_db, &options), "a session");
        require(ev_db_connect(*ret_db), "connecting");
}

static void open_session(struct ev_session *session)
{
        *session = (struct ev_session){
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                .group = EV_STR("group"),
        };
        connect_db(&session->db, conninfo);
}

static void close_session(struct ev_session *session)
{
        session->db = ev_db_free(session->db);
        ev_params_done(&session->params);
}

static int keep_first(void *context, const struct ev_str *values, size_t count)
{
        char *text = context;

        assert(count > 0);
        if (!text[0])
                snprintf(text, TEXT_MAX, "%.*s", EV_STR_ARG(values[0]));
        return 0;
}

/* The first value of a query, as text; valid until the next call. */
static const char *look(const char *sql)
{
        static char text[TEXT_MAX];

        text[0] = '\0';
        require(ev_db_script(admin, sql, keep_first, text), sql);
        return text;
}

static bool shows(const char *sql, const char *expected)
{
        const char *text = look(sql);

        if (strcmp(text, expected) == 0)
                return true;
        report_detail("%s\n      is %s, not %s", sql, text, expected);
        return false;
}

/* Waits until `count` sessions of ours wait for a lock. */
static bool are_blocked(const char *count)
{
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        while (ev_clock_monotonic_micros() < deadline)
                if (strcmp(look("SELECT count(*) FROM pg_stat_activity "
                                "WHERE application_name = 'tables' AND wait_event_type = 'Lock'"),
                           count) == 0)
                        return true;
        return false;
}

/* BEGIN, read at once. */
static void begin(struct ev_session *session)
{
        require(ev_db_queue_begin(session->db), "begin");
}

static void send(struct ev_session *session)
{
        require(ev_db_sync(session->db), "sync");
}

static void skip_begin(struct ev_session *session)
{
        struct ev_result *result;

        require(ev_db_next(session->db, &result), "begin");
        ev_result_free(result);
}

static void commit(struct ev_session *session)
{
        require(ev_db_finish(session->db), "the rest");
        require(ev_db_queue_commit(session->db), "commit");
        send(session);
        require(ev_db_finish(session->db), "commit");
}

static void rollback(struct ev_session *session)
{
        int r = ev_db_finish(session->db);

        (void)r; /* a failed statement is what some of these are about */
        require(ev_db_rollback(session->db), "rollback");
}

static void forget_all(void)
{
        look("DELETE FROM ev.consumer_offset; DELETE FROM ev.inbox_a; DELETE FROM ev.inbox_b; "
             "DELETE FROM ev.inbox_mark; DELETE FROM ev.request; DELETE FROM ev.dead_letter; "
             "DELETE FROM ev.outbox; DELETE FROM ev.parked; DELETE FROM ev.attempt; "
             "UPDATE ev.inbox_generation SET current = 'a', since = now()");
}

/* Runs `call` in a child with a session of its own, which says with its exit status what came. */
static pid_t in_child(int (*call)(struct ev_session *session))
{
        pid_t child = fork();

        require(child < 0, "fork");
        if (child == 0) {
                struct ev_session session;

                open_session(&session);
                _exit(call(&session));
        }
        return child;
}

static int child_status(pid_t child)
{
        int status;

        require(waitpid(child, &status, 0) != child, "waiting for a child");
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Offsets. */

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
        send(session);
        skip_begin(session);
        r = ev_offsets_receive_advance(session, EV_ARRAY_SIZE(lanes), &now);
        if (r == 0 && llabs(now - ev_clock_real_micros()) > 60 * EV_MICROS_PER_SECOND)
                return -2;
        require(ev_db_finish(session->db), "the rest");
        return r;
}

static void check_assign(void)
{
        bool holds = true;

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

static void check_advance(void)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];

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

static void check_fencing(void)
{
        struct ev_offset theirs[EV_ARRAY_SIZE(lanes)];
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];

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

static void check_takeover_waits_for_the_batch(void)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];
        pid_t child;

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

static void check_settle(void)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];
        enum ev_settled settled;
        char kill[TEXT_MAX];
        pid_t child;

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

static void check_halt(void)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];

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

/* Inbox. */

static struct ev_claim claim_of(const char *id, uint8_t hash)
{
        struct ev_claim claim = { .source = EV_STR("shop"), .event_id = ev_str_of(id) };

        memset(claim.content_hash, hash, sizeof(claim.content_hash));
        return claim;
}

static void send_claims(struct ev_session *session, struct ev_claim *claims, size_t count)
{
        begin(session);
        require(ev_inbox_queue_claims(session, claims, count), "claims");
        send(session);
}

static int receive_claims(struct ev_session *session, struct ev_claim *claims, size_t count)
{
        skip_begin(session);
        return ev_inbox_receive_claims(session, claims, count);
}

static int claim(struct ev_session *session, struct ev_claim *claims, size_t count)
{
        send_claims(session, claims, count);
        return receive_claims(session, claims, count);
}

static void check_claims(void)
{
        struct ev_claim first[] = { claim_of("b", 1), claim_of("a", 1), claim_of("c", 1) };
        struct ev_claim second[] = { claim_of("d", 1), claim_of("a", 2), claim_of("b", 1) };
        struct ev_claim other = claim_of("a", 9);

        report(claim(&a, first, 3) == 0 && first[0].claimed == EV_CLAIMED_NEW &&
                       first[1].claimed == EV_CLAIMED_NEW && first[2].claimed == EV_CLAIMED_NEW,
               "events never seen are new");
        rollback(&a);
        require(claim(&a, first, 3), "claims");
        report(first[0].claimed == EV_CLAIMED_NEW, "what was rolled back was not seen");
        commit(&a);

        require(claim(&b, second, 3), "claims");
        report(ev_str_equal(second[0].event_id, EV_STR("a")) &&
                       second[0].claimed == EV_CLAIMED_REUSED,
               "an id with other content is reused");
        report(second[1].claimed == EV_CLAIMED_SEEN, "the same event was seen");
        report(second[2].claimed == EV_CLAIMED_NEW, "and what is new among them is claimed");
        commit(&b);
        report(shows("SELECT string_agg(event_id, '' ORDER BY event_id) FROM ev.inbox_a", "abcd"),
               "each id stands there once");
        other.source = EV_STR("another shop");
        require(claim(&a, &other, 1), "claims");
        report(other.claimed == EV_CLAIMED_NEW, "another source may use the same id");
        commit(&a);
}

static void check_concurrent_claims(void)
{
        struct ev_claim ours[] = { claim_of("x", 1), claim_of("y", 1) };
        struct ev_claim theirs[] = { claim_of("y", 1), claim_of("z", 1) };
        int r;

        require(claim(&a, ours, 2), "claims");
        send_claims(&b, theirs, 2);
        report(are_blocked("1"), "a claim of the same event in another lane waits");
        commit(&a);
        r = receive_claims(&b, theirs, 2);
        report(r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY,
               "after the first one's commit it is not taken for new: the batch is run again");
        rollback(&b);
        require(claim(&b, theirs, 2), "claims");
        report(theirs[0].claimed == EV_CLAIMED_SEEN && theirs[1].claimed == EV_CLAIMED_NEW,
               "and then it was seen");
        rollback(&b);

        forget_all();
        require(claim(&a, ours, 2), "claims");
        send_claims(&b, theirs, 2);
        require(!are_blocked("1"), "a lock");
        rollback(&a);
        report(receive_claims(&b, theirs, 2) == 0 && theirs[0].claimed == EV_CLAIMED_NEW,
               "after the first one's rollback it is new");
        commit(&b);
}

/* Two batches that meet in two events, each having the other's first: sorted, they cannot deadlock.
 */
static void check_claims_are_sorted(void)
{
        struct ev_claim ours[] = { claim_of("q", 1), claim_of("p", 1) };
        struct ev_claim theirs[] = { claim_of("p", 1), claim_of("q", 1) };

        require(claim(&a, ours, 2), "claims");
        send_claims(&b, theirs, 2);
        require(!are_blocked("1"), "a lock");
        report(ev_str_equal(ours[0].event_id, EV_STR("p")), "claims are sorted by id");
        commit(&a);
        require(receive_claims(&b, theirs, 2) == 0, "a race");
        rollback(&b);
}

static int child_rotates(struct ev_session *session)
{
        return ev_inbox_rotate(session) ? 99 : 0;
}

static void check_rotation(void)
{
        struct ev_claim x = claim_of("x", 1), y = claim_of("y", 1);
        pid_t child;

        require(claim(&a, &x, 1), "claims");
        commit(&a);
        require(ev_inbox_rotate(&a), "rotate");
        report(shows("SELECT current FROM ev.inbox_generation", "a"),
               "a generation of less than a week stays");
        look("UPDATE ev.inbox_generation SET since = now() - interval '8 days'");
        require(ev_inbox_rotate(&a), "rotate");
        report(shows("SELECT current FROM ev.inbox_generation", "b"), "an old one is followed");
        require(claim(&a, &x, 1), "claims");
        report(x.claimed == EV_CLAIMED_SEEN, "what the other generation knows was seen");
        commit(&a);
        require(claim(&a, &y, 1), "claims");
        commit(&a);
        report(shows("SELECT event_id FROM ev.inbox_b", "y"), "new claims go to the current one");

        /* A claim, then a rotation that waits for it, then a claim of the same event behind both.
         */
        look("UPDATE ev.inbox_generation SET since = now() - interval '8 days'");
        y = claim_of("w", 1);
        x = y;
        require(claim(&a, &x, 1), "claims");
        child = in_child(child_rotates);
        require(!are_blocked("1"), "a lock");
        send_claims(&b, &y, 1);
        report(are_blocked("2"), "a rotation waits for claims under way, and new claims for it");
        commit(&a);
        require(receive_claims(&b, &y, 1), "claims");
        report(child_status(child) == 0 && shows("SELECT current FROM ev.inbox_generation", "a"),
               "the rotation goes through");
        report(y.claimed == EV_CLAIMED_SEEN,
               "a claim across a rotation is not lost: the second one has seen the first");
        commit(&b);
        report(shows("SELECT count(*) FROM ev.inbox WHERE event_id = 'x'", "0"),
               "what is older than two generations is forgotten");
}

static void check_marks(void)
{
        struct ev_mark marks[] = {
                { EV_STR("/quenty/a"), EV_STR("t1"), 0, 5 },
                { EV_STR("/quenty/a"), EV_STR("t1"), 1, 6 },
                { EV_STR("/quenty/b"), EV_STR("t1"), 0, 7 },
        };

        begin(&a);
        require(ev_inbox_queue_marks(&a, marks, 3), "marks");
        send(&a);
        skip_begin(&a);
        require(ev_inbox_receive_marks(&a, marks, 3), "marks");
        report(marks[0].last_sequence == -1 && marks[2].last_sequence == -1,
               "a source never seen has no mark");
        require(ev_db_finish(a.db), "the rest");
        for (int i = 0; i < 3; ++i)
                marks[i].last_sequence = 5 + i;
        require(ev_inbox_queue_save_marks(&a, marks, 3), "marks");
        marks[1].last_sequence = 60;
        require(ev_inbox_queue_save_marks(&a, &marks[1], 1), "marks");
        send(&a);
        report(ev_inbox_receive_save_marks(&a, 3) == 0 && ev_inbox_receive_save_marks(&a, 1) == 0,
               "marks are inserted and moved");
        commit(&a);
        begin(&a);
        require(ev_inbox_queue_marks(&a, marks, 3), "marks");
        send(&a);
        skip_begin(&a);
        require(ev_inbox_receive_marks(&a, marks, 3), "marks");
        report(marks[0].last_sequence == 5 && marks[1].last_sequence == 60 &&
                       marks[2].last_sequence == 7,
               "and read again, for each source and lane");
        commit(&a);
}

/* Requests. */

static struct ev_request request_of(const char *key, uint8_t hash, const char *event_id)
{
        struct ev_request request = {
                .natural_key = ev_str_of(key),
                .type = EV_STR("quenty.order.OrderPlaced"),
                .event_id = ev_str_of(event_id),
                .outcome_type = EV_STR("quenty.order.OrderAccepted"),
        };

        memset(request.content_hash, hash, sizeof(request.content_hash));
        memset(request.outcome_event_id.bytes, hash, sizeof(request.outcome_event_id.bytes));
        return request;
}

static void find(struct ev_session *session, struct ev_request *requests, size_t count,
                 struct ev_arena *arena)
{
        begin(session);
        require(ev_requests_queue_find(session, requests, count), "find");
        send(session);
        skip_begin(session);
        require(ev_requests_receive_find(session, requests, count, arena), "find");
        require(ev_db_finish(session->db), "find");
}

static void check_requests(struct ev_arena *arena)
{
        struct ev_request requests[] = {
                request_of("o1", 1, "first"),
                request_of("o2", 2, "second"),
                request_of("o1", 1, "third"),
                request_of("o1", 3, "fourth"),
        };

        find(&a, requests, 4, arena);
        report(!requests[0].is_known && !requests[3].is_known, "nothing was accepted yet");
        require(ev_requests_queue_save(&a, requests, 2), "save");
        send(&a);
        report(ev_requests_receive_save(&a, 2) == 0, "accepted requests are saved");
        commit(&a);

        requests[0].event_id = EV_STR_NULL;
        find(&b, requests, 4, arena);
        report(requests[0].is_known && requests[2].is_known && requests[1].is_known &&
                       ev_str_equal(requests[2].event_id, EV_STR("first")) &&
                       requests[2].outcome_event_id.bytes[15] == 1 &&
                       ev_str_equal(requests[1].outcome_type, EV_STR("quenty.order.OrderAccepted")),
               "the same again is known, with what it led to");
        report(!requests[3].is_known, "other content of the same key is another request");

        requests[1].event_id = EV_STR("later");
        requests[3].event_id = EV_STR("fourth");
        require(ev_requests_queue_save(&b, &requests[1], 1), "save");
        require(ev_requests_queue_save(&b, &requests[3], 1), "save");
        send(&b);
        report(ev_requests_receive_save(&b, 1) == 0 && ev_requests_receive_save(&b, 1) == 0,
               "a known one is overwritten, a new one inserted");
        commit(&b);
        report(shows("SELECT string_agg(event_id, ',' ORDER BY natural_key, content_hash) "
                     "FROM ev.request",
                     "first,fourth,later"),
               "both stand there");
}

static void check_concurrent_requests(struct ev_arena *arena)
{
        struct ev_request ours = request_of("o9", 9, "ours"),
                          theirs = request_of("o9", 9, "theirs");
        int r;

        find(&a, &ours, 1, arena);
        find(&b, &theirs, 1, arena);
        require(ev_requests_queue_save(&a, &ours, 1), "save");
        send(&a);
        require(ev_requests_receive_save(&a, 1), "save");
        require(ev_requests_queue_save(&b, &theirs, 1), "save");
        require(ev_db_queue_commit(b.db), "commit");
        send(&b);
        report(are_blocked("1"), "the same request accepted in another lane waits");
        commit(&a);
        r = ev_requests_receive_save(&b, 1);
        report(r < 0 && ev_error_last()->verdict == EV_VERDICT_AGAIN,
               "the second one fails with `again`, before its COMMIT");
        rollback(&b);
        report(shows("SELECT event_id FROM ev.request WHERE natural_key = 'o9'", "ours"),
               "only the first one stands");
        find(&b, &theirs, 1, arena);
        report(theirs.is_known && ev_str_equal(theirs.event_id, EV_STR("ours")),
               "run again, it finds the first one");
        rollback(&b);
}

/* Outbox. */

static struct ev_outbox_row fact_of(uint16_t number, int16_t source, const int16_t *names)
{
        struct ev_outbox_row row = {
                .source_id = source,
                .topic_id = names[0],
                .type_id = names[1],
                .schema_id = 700001,
                .key = EV_STR("company"),
                .subject = EV_STR("order"),
                .payload = { (const uint8_t *)"\x02\x00", 2 },
        };

        row.event_id.bytes[14] = (uint8_t)(number >> 8);
        row.event_id.bytes[15] = (uint8_t)number;
        return row;
}

static void check_outbox(void)
{
        static const struct ev_str names[] = { EV_STR_INIT("quenty.order.events.v1"),
                                               EV_STR_INIT("quenty.order.OrderAccepted"),
                                               EV_STR_INIT("quenty.order.events.v1") };
        static struct ev_outbox_row rows[FACTS];
        struct ev_str channel, payload;
        int16_t ids[3], again[3], source = 0, source_again = 0;

        require(ev_outbox_name_ids(&a, names, 3, ids), "names");
        require(ev_outbox_name_ids(&b, names, 3, again), "names");
        report(ids[0] > 0 && ids[1] > 0 && ids[0] != ids[1] && ids[2] == ids[0] &&
                       memcmp(ids, again, sizeof(ids)) == 0,
               "a name has one id, in the order asked for");
        require(ev_outbox_source_id(&a, &source), "source");
        require(ev_outbox_source_id(&b, &source_again), "source");
        report(source > 0 && source == source_again &&
                       shows("SELECT count(*) FROM ev.source "
                             "WHERE uri ~ '^/quenty/order_db/[0-9]+/1$'",
                             "1"),
               "the source is database, system and timeline");

        for (uint16_t i = 0; i < FACTS; ++i)
                rows[i] = fact_of((uint16_t)(FACTS - i), source, ids);
        rows[0].outcome = 1;
        rows[0].correlation_id = EV_STR("correlation");
        rows[0].traceparent = EV_STR("00-1-2-01");
        begin(&a);
        require(ev_outbox_queue(&a, rows, FACTS, false), "facts");
        require(ev_db_queue_commit(a.db), "commit");
        send(&a);
        skip_begin(&a);
        report(ev_outbox_receive(&a, FACTS, false) == 0, "the facts of a batch are one statement");
        require(ev_db_finish(a.db), "commit");
        report(shows("SELECT count(*) || ' ' || bool_and(is_behind) FROM (SELECT "
                     "event_id::text < lag(event_id::text, 1, 'g') OVER (ORDER BY seq) "
                     "AS is_behind FROM ev.outbox) o",
                     "500 true"),
               "seq follows the order in which facts were announced");
        report(shows("SELECT concat_ws(' ', topic, type, key, outcome, correlation_id, "
                     "causation_id IS NULL, traceparent, payload) "
                     "FROM ev.outbox_events ORDER BY seq LIMIT 1",
                     "quenty.order.events.v1 quenty.order.OrderAccepted company accepted "
                     "correlation t 00-1-2-01 \\x0200"),
               "a fact's columns are what was announced");
        report(shows("SELECT count(*) FROM ev.outbox WHERE outcome IS NULL", "499"),
               "no outcome is NULL");

        require(ev_db_script(b.db, "LISTEN ev_outbox", NULL, NULL), "listen");
        begin(&a);
        require(ev_outbox_queue(&a, rows, 1, true), "facts");
        send(&a);
        skip_begin(&a);
        require(ev_outbox_receive(&a, 1, true), "facts");
        rollback(&a);
        begin(&a);
        require(ev_outbox_queue(&a, rows, 2, true), "facts");
        send(&a);
        skip_begin(&a);
        report(ev_outbox_receive(&a, 2, true) == 0, "a small batch can wake the relay");
        commit(&a);
        require(ev_db_wait(b.db, WAIT_MS), "a notification");
        report(ev_db_take_notification(b.db, &channel, &payload) &&
                       ev_str_equal(channel, EV_STR("ev_outbox")) &&
                       !ev_db_take_notification(b.db, &channel, &payload),
               "by one notification, sent at COMMIT, and none for what was rolled back");
        require(ev_db_script(b.db, "UNLISTEN *", NULL, NULL), "unlisten");

        require(ev_outbox_make_partitions(&a), "partitions");
        report(shows("SELECT count(*) >= 5 FROM ev.outbox_partition", "t"),
               "partitions lie ahead of the last number");
}

/* The exit status is a hash of the ids: all racers must get the same ones. */
static int child_names(struct ev_session *session)
{
        static char texts[NAMES][TEXT_MAX / 10];
        struct ev_str names[NAMES];
        int16_t ids[NAMES];
        unsigned sum = 0;
        pid_t self = getpid();

        for (size_t i = 0; i < NAMES; ++i) {
                /* Each racer begins elsewhere, so that the orders differ. */
                size_t name = (i + (size_t)self) % NAMES;

                snprintf(texts[i], sizeof(texts[i]), "race.name.%zu", name);
                names[i] = ev_str_of(texts[i]);
        }
        require(ev_db_script(session->db, "SELECT pg_advisory_lock_shared(1)", NULL, NULL), "gate");
        if (ev_outbox_name_ids(session, names, NAMES, ids))
                return 255;
        for (size_t i = 0; i < NAMES; ++i)
                sum += (unsigned)ids[i] * (unsigned)((i + (size_t)self) % NAMES + 1);
        return (int)(sum % 251);
}

static void check_dictionary_race(void)
{
        pid_t children[RACERS];
        int first, same = 0;

        look("SELECT pg_advisory_lock(1)");
        for (size_t i = 0; i < RACERS; ++i)
                children[i] = in_child(child_names);
        require(!are_blocked("8"), "racers at the gate");
        look("SELECT pg_advisory_unlock(1)");
        first = child_status(children[0]);
        for (size_t i = 1; i < RACERS; ++i)
                same += child_status(children[i]) == first;
        report(first < 251 && same == RACERS - 1,
               "eight sessions that start at once get the same ids");
        report(shows("SELECT count(*) FROM ev.dictionary WHERE name LIKE 'race.%'", "20") &&
                       shows("SELECT max(id) = count(*) FROM ev.dictionary", "t"),
               "each name has one, and no number is burnt");
}

/* Dead letters. */

static void check_dead_letters(void)
{
        const struct ev_dead_letter letters[] = {
                { .record = { { EV_STR("t1"), 3, 17 },
                              { NULL, 0 },
                              { (const uint8_t *)"\0\0\0\1h\377\377\377\377", 9 },
                              { (const uint8_t *)"", 0 } },
                  .reason = EV_STR("undecodable"),
                  .detail = EV_STR("field total_amount") },
                { .record = { { EV_STR("t1"), 3, 18 },
                              { (const uint8_t *)"", 0 },
                              { NULL, 0 },
                              { NULL, 0 } },
                  .reason = EV_STR("poison") },
        };

        begin(&a);
        require(ev_dead_letters_queue(&a, letters, 2), "letters");
        send(&a);
        skip_begin(&a);
        report(ev_dead_letters_receive(&a, 2) == 0, "dead letters of a batch are one statement");
        commit(&a);
        report(shows("SELECT string_agg(concat_ws(' ', group_name, topic, partition, \"offset\", "
                     "key IS NULL, value IS NULL, octet_length(headers), reason, detail), ',' "
                     "ORDER BY seq) FROM ev.dead_letter",
                     "group t1 3 17 t f 9 undecodable field total_amount,"
                     "group t1 3 18 f t 0 poison "),
               "null and empty are kept apart, headers and place are kept");
        report(shows("SELECT (h).name || coalesce((h).value, '-') FROM "
                     "(SELECT ev.headers(headers) h FROM ev.dead_letter) x",
                     "h-"),
               "headers are read by ev.headers()");
}

/* Parked records. */

static const struct ev_str parked_topics[] = { EV_STR_INIT("t1"), EV_STR_INIT("t1") };
static const int32_t parked_partitions[] = { 0, 1 };

static struct ev_parked parked_of(int32_t partition, int64_t offset, const char *aggregate,
                                  int64_t deadline)
{
        return (struct ev_parked){
                .record = { { EV_STR("t1"), partition, offset },
                            { (const uint8_t *)"key", 3 },
                            { NULL, 0 },
                            { (const uint8_t *)"value", 5 } },
                .aggregate = ev_str_of(aggregate),
                .reason = EV_STR("why"),
                .has_deadline = deadline != 0,
                .deadline = deadline,
        };
}

static void park(struct ev_session *session, const struct ev_parked *parked, size_t count)
{
        begin(session);
        require(ev_parked_queue_add(session, parked, count), "park");
        send(session);
        skip_begin(session);
        require(ev_parked_receive_add(session, count), "park");
        commit(session);
}

/* The offsets of what is due, as "1 2 3 ". */
static const char *due(struct ev_arena *arena, size_t max, struct ev_parked **ret_parked)
{
        static char text[TEXT_MAX];
        size_t count = 0, used = 0;

        require(ev_parked_queue_due(&a, parked_topics, parked_partitions, 2, max), "due");
        send(&a);
        require(ev_parked_receive_due(&a, arena, ret_parked, &count), "due");
        require(ev_db_finish(a.db), "due");
        text[0] = '\0';
        for (size_t i = 0; i < count; ++i)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%lld ",
                                         (long long)(*ret_parked)[i].record.place.offset);
        report_detail("due are %s", text);
        return text;
}

static void check_held(void)
{
        const struct ev_parked parked[] = {
                parked_of(0, 5, "order 1", 0),
                parked_of(0, 6, "order 2", ev_clock_real_micros() + 60 * EV_MICROS_PER_SECOND),
        };
        struct ev_held held[] = {
                { EV_STR("t1"), 0, EV_STR("order 2"), true },
                { EV_STR("t1"), 0, EV_STR("order 1"), false },
                { EV_STR("t1"), 1, EV_STR("order 1"), true },
                { EV_STR("t1"), 0, EV_STR("order 3"), true },
        };

        park(&a, parked, 2);
        begin(&a);
        require(ev_parked_queue_held(&a, held, 4), "held");
        send(&a);
        skip_begin(&a);
        require(ev_parked_receive_held(&a, held, 4), "held");
        commit(&a);
        report(held[1].is_held, "what is parked for a person holds its aggregate");
        report(!held[0].is_held, "what waits holds nobody, not even its own aggregate");
        report(!held[2].is_held && !held[3].is_held, "other lanes and aggregates flow");
}

static void check_due(struct ev_arena *arena)
{
        int64_t later = ev_clock_real_micros() + 60 * EV_MICROS_PER_SECOND;
        int64_t earlier = ev_clock_real_micros() - EV_MICROS_PER_SECOND;
        struct ev_parked parked[] = {
                parked_of(1, 9, "a", later), parked_of(0, 3, "b", earlier),
                parked_of(0, 1, "c", later), parked_of(0, 2, "d", 0),
                parked_of(0, 4, "d", 0),     parked_of(7, 1, "e", earlier),
        };
        struct ev_parked *found;

        parked[2].subject = EV_STR("subject");
        parked[2].detail = EV_STR("detail");
        parked[2].attempts = 2;
        park(&a, parked, 6);
        report(strcmp(due(arena, 10, &found), "3 ") == 0 && found[0].is_overdue &&
                       !found[0].redrive,
               "what is past its deadline is due, on our lanes only");
        look("UPDATE ev.parked SET parked_at = now() - interval '0.71 s'");
        report(strcmp(due(arena, 10, &found), "1 3 9 ") == 0 && !found[0].is_overdue,
               "what waits is due again after its back-off, in order of lane and offset");
        report(ev_str_equal(found[0].record.place.topic, EV_STR("t1")) &&
                       found[0].record.key.size == 3 && found[0].record.headers.size == 0 &&
                       found[0].record.headers.data && found[0].record.value.size == 5 &&
                       ev_str_equal(found[0].subject, EV_STR("subject")) &&
                       ev_str_is_null(found[1].subject) && found[0].attempts == 2 &&
                       ev_str_equal(found[0].aggregate, EV_STR("c")) &&
                       ev_str_equal(found[0].detail, EV_STR("detail")) &&
                       found[0].deadline == later,
               "a record comes back as it was");
        look("UPDATE ev.parked SET parked_at = now() - interval '0.69 s'");
        report(strcmp(due(arena, 10, &found), "3 9 ") == 0,
               "the third try comes 0.7 s after parking, not before");
        look("UPDATE ev.parked SET attempts = 6, parked_at = now() - interval '7.0 s'");
        report(strcmp(due(arena, 10, &found), "3 ") == 0, "the seventh after 7.1 s, not before");
        look("UPDATE ev.parked SET attempts = 6, parked_at = now() - interval '7.11 s'");
        report(strcmp(due(arena, 2, &found), "1 3 ") == 0, "and no more than asked for come");
}

static void check_redrive(struct ev_arena *arena)
{
        const struct ev_parked parked[] = { parked_of(0, 2, "d", 0), parked_of(0, 4, "d", 0),
                                            parked_of(0, 5, "e", 0) };
        const struct ev_place first = { EV_STR("t1"), 0, 2 };
        struct ev_parked *found;

        park(&a, parked, 3);
        report(strcmp(due(arena, 10, &found), "") == 0, "what waits for a person waits");
        look("UPDATE ev.parked SET redrive = true WHERE \"offset\" = 4");
        report(strcmp(due(arena, 10, &found), "") == 0,
               "a later record is not given out before the first of its aggregate");
        look("UPDATE ev.parked SET redrive = true");
        report(strcmp(due(arena, 10, &found), "2 5 ") == 0 && found[0].redrive &&
                       !found[0].is_overdue,
               "the first of each aggregate is given out when a person asks");

        begin(&a);
        require(ev_parked_queue_remove(&a, &first, 1), "remove");
        send(&a);
        skip_begin(&a);
        report(ev_parked_receive_remove(&a, 1) == 0, "what was decided is removed");
        require(ev_parked_queue_add(&b, &parked[2], 1) == 0 ? 0 : 1, "queue");
        commit(&a);
        report(strcmp(due(arena, 10, &found), "4 5 ") == 0, "then the next one comes");
        require(ev_db_sync(b.db), "sync");
        report(ev_db_finish(b.db) < 0, "a record cannot be parked twice");
}

static void check_remove_and_attempt(struct ev_arena *arena)
{
        int64_t later = ev_clock_real_micros() + 60 * EV_MICROS_PER_SECOND;
        const struct ev_parked parked[] = { parked_of(0, 1, "a", later),
                                            parked_of(0, 2, "b", later) };
        const struct ev_place places[] = { { EV_STR("t1"), 0, 1 }, { EV_STR("t1"), 0, 2 } };
        struct ev_parked *found;
        int r;

        park(&a, parked, 2);
        look("UPDATE ev.parked SET redrive = true");
        begin(&a);
        require(ev_parked_queue_attempt(&a, places, 2), "attempt");
        send(&a);
        skip_begin(&a);
        report(ev_parked_receive_attempt(&a, 2) == 0 &&
                       shows("SELECT string_agg(attempts || ' ' || redrive, ',') FROM ev.parked",
                             "0 true,0 true"),
               "an attempt is noted in the transaction");
        commit(&a);
        report(shows("SELECT string_agg(attempts || ' ' || redrive, ',') FROM ev.parked",
                     "1 false,1 false"),
               "and ends what a person asked for");
        (void)due(arena, 10, &found);

        look("DELETE FROM ev.parked WHERE \"offset\" = 2");
        begin(&a);
        require(ev_parked_queue_remove(&a, places, 2), "remove");
        require(ev_db_queue_commit(a.db), "commit");
        send(&a);
        skip_begin(&a);
        r = ev_parked_receive_remove(&a, 2);
        report(r < 0 && ev_error_last()->verdict == EV_VERDICT_STOP,
               "removing what is gone already stops the worker");
        rollback(&a);
        report(shows("SELECT count(*) FROM ev.parked", "1"), "before its COMMIT");
}

static void check_attempts(void)
{
        const struct ev_place place = { EV_STR("t1"), 0, 41 }, next = { EV_STR("t1"), 0, 42 };
        int32_t tries = 0;

        require(ev_attempts_note(&a, &place, &tries), "attempt");
        report(tries == 1, "a first attempt is one");
        require(ev_attempts_note(&b, &place, &tries), "attempt");
        report(tries == 2, "another process counts on");
        require(ev_attempts_note(&a, &next, &tries), "attempt");
        begin(&a);
        require(ev_attempts_queue_forget(&a, &next), "forget");
        send(&a);
        skip_begin(&a);
        require(ev_attempts_receive_forget(&a), "forget");
        commit(&a);
        report(shows("SELECT string_agg(\"offset\" || ' ' || tries, ',') FROM ev.attempt", "42 1"),
               "attempts before an offset are forgotten, later ones are not");
}

/* A batch that moves nothing: a barrier before parked records. */
static void check_settle_without_a_move(void)
{
        struct ev_advance advances[EV_ARRAY_SIZE(lanes)];
        enum ev_settled settled;

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

/* Every statement as PostgreSQL sees it, on tables that are nearly empty. */

static int find_scan(void *context, const struct ev_str *values, size_t count)
{
        char *text = context;

        assert(count == 1);
        if (memmem(values[0].data, values[0].size, "Seq Scan on", 11) &&
            !memmem(values[0].data, values[0].size, "inbox_generation", 16))
                snprintf(text, TEXT_MAX, "%.*s", EV_STR_ARG(values[0]));
        return 0;
}

static void check_plan(const struct ev_statement *statement)
{
        char sql[TEXT_MAX], scan[TEXT_MAX] = "";
        size_t used;

        used = (size_t)snprintf(sql, sizeof(sql), "EXPLAIN EXECUTE \"%s\"", statement->name);
        for (size_t i = 0; i < statement->params_count; ++i)
                used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%sNULL", i ? ", " : " (");
        if (statement->params_count > 0)
                snprintf(sql + used, sizeof(sql) - used, ")");
        require(ev_db_script(a.db, sql, find_scan, scan), sql);
        report_detail("%s", scan);
        report(!scan[0], "%s reads no table from end to end", statement->name);
}

static void check_statements(void)
{
        static const char *const prefixes[] = { "offsets_",      "inbox_",  "requests_", "outbox_",
                                                "dead_letters_", "parked_", "attempts_" };
        size_t checked = 0;

        for (size_t i = 0; i < ev_sql_count; ++i)
                for (size_t p = 0; p < EV_ARRAY_SIZE(prefixes); ++p)
                        if (strstr(ev_sql_all[i]->name, prefixes[p]) &&
                            !strstr(ev_sql_all[i]->name, "outbox_name_ids")) {
                                report(ev_db_check_statement(a.db, ev_sql_all[i]) == 0,
                                       "%s says the types that PostgreSQL says",
                                       ev_sql_all[i]->name);
                                check_plan(ev_sql_all[i]);
                                ++checked;
                                break;
                        }
        report(checked >= 15, "the statements were found");
}

int main(int argc, char **argv)
{
        static void (*const checks[])(void) = {
                check_assign,
                check_advance,
                check_fencing,
                check_takeover_waits_for_the_batch,
                check_settle,
                check_halt,
                check_claims,
                check_concurrent_claims,
                check_claims_are_sorted,
                check_rotation,
                check_marks,
                check_outbox,
                check_dictionary_race,
                check_dead_letters,
                check_held,
                check_attempts,
                check_settle_without_a_move,
                check_statements,
        };
        static void (*const with_arena[])(struct ev_arena *) = {
                check_requests, check_concurrent_requests, check_due,
                check_redrive,  check_remove_and_attempt,
        };
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;

        if (argc != 3) {
                fputs("usage: tables CONNINFO ADMIN_CONNINFO\n", stderr);
                return EXIT_FAILURE;
        }
        conninfo = argv[1];
        connect_db(&admin, argv[2]);
        open_session(&a);
        open_session(&b);
        require(ev_arena_new(&arena, PARAMS_BYTES_MAX), "an arena");
        for (size_t i = 0; i < EV_ARRAY_SIZE(checks); ++i) {
                forget_all();
                checks[i]();
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(with_arena); ++i) {
                forget_all();
                with_arena[i](arena);
        }
        close_session(&a);
        close_session(&b);
        ev_db_free(admin);
        return report_status();
}
