/* store/parked against PostgreSQL. */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "report.h"
#include "sessions.h"
#include "store/attempts.h"
#include "store/parked.h"

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
        send_queued(session);
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
        send_queued(&a);
        require(ev_parked_receive_due(&a, arena, ret_parked, &count), "due");
        require(ev_db_finish(a.db), "due");
        text[0] = '\0';
        for (size_t i = 0; i < count; ++i)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%lld ",
                                         (long long)(*ret_parked)[i].record.place.offset);
        report_detail("due are %s", text);
        return text;
}

/* The same, as if everything had been parked so long ago: in one transaction, for which the time
 * stands still. */
static const char *due_after(const char *age, struct ev_arena *arena, struct ev_parked **ret_parked)
{
        char sql[TEXT_MAX];
        const char *text;

        snprintf(sql, sizeof(sql), "BEGIN; UPDATE ev.parked SET parked_at = now() - interval '%s'",
                 age);
        require(ev_db_script(a.db, sql, NULL, NULL), "parking earlier");
        text = due(arena, 10, ret_parked);
        rollback(&a);
        return text;
}

static bool is_as_parked(const struct ev_parked *found, int64_t deadline)
{
        return ev_str_equal(found->record.place.topic, EV_STR("t1")) &&
               found->record.key.size == 3 && found->record.headers.size == 0 &&
               found->record.headers.data && found->record.value.size == 5 &&
               ev_str_equal(found->subject, EV_STR("subject")) && found->attempts == 2 &&
               ev_str_equal(found->aggregate, EV_STR("c")) &&
               ev_str_equal(found->detail, EV_STR("detail")) && found->deadline == deadline;
}

static void check_held(struct ev_arena *arena)
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

        (void)arena;
        park(&a, parked, 2);
        begin(&a);
        require(ev_parked_queue_held(&a, held, 4), "held");
        send_queued(&a);
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
        report(strcmp(due_after("0.7 s", arena, &found), "1 3 9 ") == 0 && !found[0].is_overdue,
               "what waits is due again after its back-off, in order of lane and offset");
        report(is_as_parked(&found[0], later) && ev_str_is_null(found[1].subject),
               "a record comes back as it was");
        report(strcmp(due_after("0.699999 s", arena, &found), "3 9 ") == 0,
               "the third try comes 0.7 s after parking, not before");
        look("UPDATE ev.parked SET attempts = 6");
        report(strcmp(due_after("7.099999 s", arena, &found), "3 ") == 0,
               "the seventh after 7.1 s, not before");
        report(strcmp(due_after("7.1 s", arena, &found), "1 3 9 ") == 0, "but then");
        look("UPDATE ev.parked SET parked_at = now() - interval '1 hour'");
        report(strcmp(due(arena, 2, &found), "1 3 ") == 0, "no more than asked for come");
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
        send_queued(&a);
        skip_begin(&a);
        report(ev_parked_receive_remove(&a, 1) == 0, "what was decided is removed");
        require(ev_parked_queue_add(&b, &parked[2], 1) == 0 ? 0 : 1, "queue");
        commit(&a);
        report(strcmp(due(arena, 10, &found), "4 5 ") == 0, "then the next one comes");
        require(ev_db_sync(b.db), "sync");
        report(ev_db_finish(b.db) < 0, "a record cannot be parked twice");
}

/* Three of one aggregate, held behind the first, and one of another; an attempt stands at one. */
static void check_what_is_held_follows(struct ev_arena *arena)
{
        struct ev_parked parked[] = { parked_of(0, 2, "d", 0), parked_of(0, 4, "d", 0),
                                      parked_of(0, 5, "e", 0), parked_of(0, 6, "d", 0) };
        const struct ev_place first = { EV_STR("t1"), 0, 2 };
        const struct ev_parked again = { .record.place = { EV_STR("t1"), 0, 4 },
                                         .reason = EV_STR("poison"),
                                         .detail = EV_STR("as before") };
        struct ev_parked *found;
        int32_t tries;

        for (size_t i = 1; i < EV_ARRAY_SIZE(parked); ++i)
                parked[i].reason = EV_STR("held");
        park(&a, parked, EV_ARRAY_SIZE(parked));
        begin(&a);
        require(ev_parked_queue_remove(&a, &first, 1), "remove");
        send_queued(&a);
        skip_begin(&a);
        require(ev_parked_receive_remove(&a, 1), "remove");
        commit(&a);
        require(ev_attempts_note(&a, &again.record.place, 1, &tries), "attempt");
        report(strcmp(due(arena, 10, &found), "4 ") == 0 && found[0].redrive && found[0].tries == 1,
               "behind one that was decided the next of its aggregate is asked for");
        begin(&a);
        require(ev_parked_queue_again(&a, &again, 1), "again");
        send_queued(&a);
        skip_begin(&a);
        require(ev_parked_receive_again(&a, 1), "again");
        commit(&a);
        report(strcmp(due(arena, 10, &found), "") == 0 &&
                       shows("SELECT reason || detail || attempts || aggregate || "
                             "(deadline IS NULL)::text FROM ev.parked WHERE \"offset\" = 4",
                             "poisonas before1dtrue"),
               "one that is parked again keeps its place and holds the others");
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
        send_queued(&a);
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
        send_queued(&a);
        skip_begin(&a);
        r = ev_parked_receive_remove(&a, 2);
        report(r < 0 && ev_error_last()->verdict == EV_VERDICT_STOP,
               "removing what is gone already stops the worker");
        rollback(&a);
        report(shows("SELECT count(*) FROM ev.parked", "1"), "before its COMMIT");
}

check_fn *const parked_checks[] = {
        check_held, check_due, check_redrive, check_what_is_held_follows, check_remove_and_attempt,
        NULL,
};
