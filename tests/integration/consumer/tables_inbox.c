/* store/inbox against PostgreSQL. */

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "report.h"
#include "sessions.h"
#include "store/inbox.h"

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
        send_queued(session);
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

static void check_claims(struct ev_arena *arena)
{
        struct ev_claim first[] = { claim_of("a", 1), claim_of("b", 1), claim_of("c", 1) };
        struct ev_claim second[] = { claim_of("a", 2), claim_of("b", 1), claim_of("d", 1) };
        struct ev_claim other = claim_of("a", 9);

        (void)arena;
        report(claim(&a, first, 3) == 0 && first[0].claimed == EV_CLAIMED_NEW &&
                       first[1].claimed == EV_CLAIMED_NEW && first[2].claimed == EV_CLAIMED_NEW,
               "events never seen are new");
        rollback(&a);
        require(claim(&a, first, 3), "claims");
        report(first[0].claimed == EV_CLAIMED_NEW, "what was rolled back was not seen");
        commit(&a);

        require(claim(&b, second, 3), "claims");
        report(second[0].claimed == EV_CLAIMED_REUSED, "an id with other content is reused");
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

static void check_concurrent_claims(struct ev_arena *arena)
{
        struct ev_claim ours[] = { claim_of("x", 1), claim_of("y", 1) };
        struct ev_claim theirs[] = { claim_of("y", 1), claim_of("z", 1) };
        int r;

        (void)arena;
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

static int child_rotates(struct ev_session *session)
{
        return ev_inbox_rotate(session) ? 99 : 0;
}

static void check_rotation(struct ev_arena *arena)
{
        struct ev_claim x = claim_of("x", 1), y = claim_of("y", 1);
        pid_t child;

        (void)arena;
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

static void check_marks(struct ev_arena *arena)
{
        struct ev_mark marks[] = {
                { EV_STR("/quenty/a"), EV_STR("t1"), 0, 5 },
                { EV_STR("/quenty/a"), EV_STR("t1"), 1, 6 },
                { EV_STR("/quenty/b"), EV_STR("t1"), 0, 7 },
        };

        (void)arena;
        begin(&a);
        require(ev_inbox_queue_marks(&a, marks, 3), "marks");
        send_queued(&a);
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
        send_queued(&a);
        report(ev_inbox_receive_save_marks(&a, 3) == 0 && ev_inbox_receive_save_marks(&a, 1) == 0,
               "marks are inserted and moved");
        commit(&a);
        begin(&a);
        require(ev_inbox_queue_marks(&a, marks, 3), "marks");
        send_queued(&a);
        skip_begin(&a);
        require(ev_inbox_receive_marks(&a, marks, 3), "marks");
        report(marks[0].last_sequence == 5 && marks[1].last_sequence == 60 &&
                       marks[2].last_sequence == 7,
               "and read again, for each source and lane");
        commit(&a);
}

check_fn *const inbox_checks[] = {
        check_claims, check_concurrent_claims, check_rotation, check_marks, NULL,
};
