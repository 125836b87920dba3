/* Records that end every process that reads them, and records that a person takes away meanwhile.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/error.h"
#include "world.h"

enum { DEATHS_MAX = 40 };

static const char ends[] =
        "SELECT concat_ws(' ', (SELECT next_offset FROM ev.consumer_offset), "
        "(SELECT sum(quantity) FROM inventory_items), "
        "(SELECT string_agg(reason || \"offset\", ' ' ORDER BY \"offset\") FROM ev.parked), "
        "(SELECT string_agg(reason || \"offset\", ' ') FROM ev.dead_letter), "
        "(SELECT count(*) FROM ev.attempt))";

/* What a process does that begins: it takes the lane over, and reads on from where it stands. Five
 * receipts lie there, the fourth one deadly. */
static void live(struct world *w)
{
        static const char *const references[] = { "R-0", "R-1", "R-2", "DIE", "R-4" };
        static const char *const ids[] = { "e-0", "e-1", "e-2", "e-3", "e-4" };
        int64_t next;

        world_take(w, 1);
        next = w->lanes[0].next_offset < 0 ? 0 : w->lanes[0].next_offset;
        w->ends[0] = next;
        for (size_t i = (size_t)next; i < EV_ARRAY_SIZE(ids); ++i)
                add(w, 0, ids[i], i == 3 ? "SKU-3" : "SKU-1", 1, references[i]);
        if (w->count > 0)
                require(apply(w), "applying");
}

/* How many die before one comes through; DEATHS_MAX: none does. */
static int count_deaths(check_fn *run, const char *faults)
{
        int deaths = 0, status;

        for (; deaths < DEATHS_MAX; ++deaths) {
                in_a_child(run, faults);
                status = world_wait();
                if (!WIFSIGNALED(status))
                        break;
        }
        return deaths;
}

/* Three takeovers with all in hand; then one by one, three times; then it is not decided any more.
 */
static void a_deadly_record_is_parked(struct world *w)
{
        int deaths;

        world_begin(w, 0);
        deaths = count_deaths(live, NULL);
        report_detail("%d deaths", deaths);
        report(deaths == 6 && shows(w, ends, "5 4 poison3 0"),
               "a record that kills whoever decides it is parked after six deaths");
        in_a_child(live, NULL);
        report(!WIFSIGNALED(world_wait()) &&
                       shows(w, "SELECT unclean FROM ev.consumer_offset", "1"),
               "the lane is not under suspicion any more");
}

/* Three deaths with all five in hand; then each of them: three when it is decided, one when it is
 * parked. */
static void one_that_kills_at_opening_is_stepped_over(struct world *w)
{
        int deaths;

        world_begin(w, 0);
        deaths = count_deaths(live, "batch_decoded=kill");
        report_detail("%d deaths", deaths);
        report(deaths == 23 &&
                       shows(w,
                             "SELECT bool_and(reason = 'poison' AND length(value) > 0 AND "
                             "length(headers) > 0 AND detail LIKE 'each time%') || ' ' || count(*) "
                             "FROM ev.dead_letter",
                             "true 5") &&
                       shows(w, "SELECT next_offset FROM ev.consumer_offset", "5"),
               "records that kill whoever opens them become dead letters, whole");
}

static void clean_releases_are_no_deaths(struct world *w)
{
        world_begin(w, 1);
        for (int i = 0; i < 5; ++i) {
                require(ev_offsets_release(ev_batch_session(w->batch), w->lanes, 1), "releasing");
                world_take(w, 1);
        }
        report(w->lanes[0].suspects == 0, "a lane that is given back cleanly is not suspected");
        for (int i = 0; i < 3; ++i)
                world_take(w, 1);
        report(w->lanes[0].unclean == 4 && w->lanes[0].suspects > 0, "one that is not, is");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-1", 1);
        report(apply(w) == 0 && w->applied == 2 && shows(w, ends, "2 2 0"),
               "its records go one by one, and leave no attempts");
}

/* ---- Records from ev.parked that end the process ---- */

static const char aside[] =
        "SELECT concat_ws(' ', (SELECT sum(quantity) FROM inventory_items), "
        "(SELECT string_agg(reason || \"offset\", ' ' ORDER BY \"offset\") FROM ev.parked), "
        "(SELECT count(*) FROM ev.dead_letter), (SELECT count(*) FROM ev.attempt))";

/* A process that begins where others died: it reads a new record, which is committed and so ends
 * every suspicion of the lane, and tries what is due. */
static void live_and_retry(struct world *w)
{
        later_is_deadly = true;
        world_take(w, 1);
        w->ends[0] = w->lanes[0].next_offset;
        w->sent = (size_t)w->ends[0];
        add_new(w, 0, "SKU-1", 1);
        require(apply(w), "what is read");
        while (add_due(w) > 0)
                require(apply(w), "what is due");
}

static void retry_only(struct world *w)
{
        world_take(w, 1);
        while (add_due(w) > 0)
                require(apply(w), "what is due");
}

/* Three wait, each for its product, the second one deadly; then the products are there. */
static void begin_waiting(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "LATE-1", 1);
        add(w, 0, "late", "LATE-2", 1, "LATER");
        add_new(w, 0, "LATE-3", 1);
        require(apply(w), "waiting");
        sql(w,
            "INSERT INTO products (name, sku, category, price, company_id) SELECT 'p', 'LATE-' || "
            "n, 'toys', 1, 'C-L' FROM generate_series(1, 3) n; "
            "UPDATE ev.parked SET parked_at = parked_at - interval '1 h'");
}

/* In hand once with the others and twice alone; four processes have read a record each. */
static void a_deadly_waiting_record_is_parked(struct world *w)
{
        int deaths;

        begin_waiting(w);
        deaths = count_deaths(live_and_retry, NULL);
        report_detail("%d deaths", deaths);
        report(deaths == 3 && shows(w, aside, "6 poison1 0 0") &&
                       shows(w, "SELECT (deadline IS NULL)::text || redrive FROM ev.parked",
                             "truefalse"),
               "a waiting record that kills whoever tries it is parked after three deaths; the "
               "others and what is read flow");
        world_take(w, 1);
        w->ends[0] = w->lanes[0].next_offset;
        add(w, 0, "behind", "LATE-2", 1, "GRN-B");
        require(apply(w), "one behind it");
        sql(w, "UPDATE ev.parked SET redrive = true");
        deaths = count_deaths(live_and_retry, NULL);
        report_detail("%d deaths", deaths);
        report(deaths == 3 && shows(w, aside, "10 poison1 held7 0 0") &&
                       shows(w,
                             "SELECT string_agg(redrive::text, ' ' ORDER BY \"offset\") FROM "
                             "ev.parked",
                             "false true"),
               "so is one that a person asked for, with those of its aggregate behind it");
        sql(w, "UPDATE ev.parked SET redrive = true");
        retry_only(w);
        report(shows(w, aside, "12 0 0"), "and when it has become harmless they go on in order");
}

/* All three in hand once; then alone: two deaths when they are to be decided and one when they are
 * to be parked. */
static void waiting_ones_that_kill_at_opening_are_parked(struct world *w)
{
        int deaths;

        begin_waiting(w);
        deaths = count_deaths(retry_only, "batch_decoded=kill");
        report_detail("%d deaths", deaths);
        report(deaths == 10 && shows(w, aside, "poison0 poison1 poison2 0 0") &&
                       shows(w,
                             "SELECT bool_and(length(value) > 0 AND deadline IS NULL AND detail "
                             "LIKE 'each time%')::text FROM ev.parked",
                             "true"),
               "waiting records that kill whoever opens them wait for a person, whole");
}

/* What did not end in a death is not counted: the group was joined again, three times. */
static void dropped_ones_are_not_counted(struct world *w)
{
        begin_waiting(w);
        for (int i = 0; i < 5; ++i) {
                report_detail("round %d", i);
                if (add_due(w) != 3)
                        break;
                sql(w, "UPDATE ev.consumer_offset SET owner_epoch = owner_epoch + 1");
                if (apply(w) != EV_APPLY_VOID)
                        break;
                world_take(w, 1);
        }
        report(shows(w, aside, "waiting0 waiting1 waiting2 0 0"),
               "records that were dropped, fenced or not, are not held against them");
        retry_only(w);
        report(shows(w, aside, "3 0 0"), "and are tried as ever");
}

/* The batch's session ends whenever a lot is written, and the next rest is told to drop all. */
static void lose_sessions(struct world *w)
{
        sql(w, "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
               "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$; "
               "CREATE TRIGGER trouble BEFORE INSERT OR UPDATE ON inventory_items FOR EACH ROW "
               "EXECUTE FUNCTION trouble()");
}

static bool is_lost_with_its_session(struct world *w)
{
        w->rests = RESTS_MAX;
        return apply(w) == EV_APPLY_VOID && !ev_db_is_open(w->db);
}

/* A backend that is killed is no process of ours that died, however often. */
static void lost_sessions_are_not_counted(struct world *w)
{
        begin_waiting(w);
        lose_sessions(w);
        for (int i = 0; i < 5; ++i) {
                report_detail("round %d", i);
                if (add_due(w) != 3 || !is_lost_with_its_session(w))
                        break;
                world_take(w, 1);
        }
        report(shows(w, aside, "waiting0 waiting1 waiting2 0 0"),
               "records that were dropped because the session was lost are not blamed for it");
}

/* As above, of a lane under suspicion: what it reads goes one by one. What processes that have died
 * left behind is not taken back. */
static void lost_sessions_of_a_suspected_lane(struct world *w)
{
        world_begin(w, 1);
        lose_sessions(w);
        sql(w, "INSERT INTO ev.attempt (group_name, topic, partition, \"offset\") SELECT "
               "group_name, topic, partition, 0 FROM ev.consumer_offset");
        for (int i = 0; i < 5; ++i) {
                world_take(w, 1);
                w->ends[0] = 0;
                add(w, 0, "e", "SKU-1", 1, "R");
                report_detail("round %d", i);
                if (w->lanes[0].suspects == 0 || !is_lost_with_its_session(w))
                        break;
        }
        world_take(w, 1);
        report(shows(w, "SELECT string_agg(\"offset\" || ' ' || tries, ',') FROM ev.attempt",
                     "0 1"),
               "a suspected record neither, and of what is noted only a death stays");
        sql(w, "DROP TRIGGER trouble ON inventory_items");
        w->ends[0] = 0;
        add(w, 0, "e", "SKU-1", 1, "R");
        report(apply(w) == 0 && shows(w, ends, "1 1 0"), "it is applied, once");
}

/* ---- Parked records that a person takes away ---- */

static void gone_records_are_not_decided(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "LATE-1", 1);
        add_new(w, 0, "LATE-2", 1);
        add_new(w, 0, "LATE-3", 1);
        require(apply(w), "waiting");
        sql(w,
            "INSERT INTO products (name, sku, category, price, company_id) SELECT 'p', 'LATE-' || "
            "n, 'toys', 1, 'C-L' FROM generate_series(1, 3) n; "
            "UPDATE ev.parked SET redrive = true");
        report(add_due(w) == 3, "three records are looked up");
        sql(w, "DELETE FROM ev.parked WHERE \"offset\" = 0");
        sql(w, "BEGIN; DELETE FROM ev.parked WHERE \"offset\" = 1");
        report(apply(w) == 0 && ev_batch_counts(w->batch)->decided == 1 &&
                       ev_batch_counts(w->batch)->ignored == 2,
               "one that a person has removed, or has in hand, is passed over");
        sql(w, "ROLLBACK");
        report(shows(w, ends, "3 1 waiting1 0"), "it has no effect");
        report(add_due(w) == 1 && apply(w) == 0 && shows(w, ends, "3 2 0"),
               "what stands there still has its turn later");
}

check_fn *const crash_checks[] = {
        a_deadly_record_is_parked,
        one_that_kills_at_opening_is_stepped_over,
        clean_releases_are_no_deaths,
        a_deadly_waiting_record_is_parked,
        waiting_ones_that_kill_at_opening_are_parked,
        dropped_ones_are_not_counted,
        lost_sessions_are_not_counted,
        lost_sessions_of_a_suspected_lane,
        gone_records_are_not_decided,
        NULL,
};
