/* Watermarks: facts of another database, which are known by their numbers. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "world.h"

#define CUSTOMER "/quenty/customer_db/1/1"
#define LATER    "/quenty/customer_db/1/2" /* the same after a failover */

/* How many companies are known; the mark of each source on lane 0, and where lane 0 stands. */
static const char state[] =
        "SELECT concat_ws(' ', (SELECT count(*) FROM party_projection), "
        "(SELECT string_agg(last_sequence::text, ',' ORDER BY source) FROM ev.inbox_mark "
        "WHERE partition = 0), (SELECT next_offset FROM ev.consumer_offset WHERE partition = 0))";

/* Facts first to last in one chain. */
static void add_chain(struct world *w, size_t lane, const char *source, int first, int last)
{
        for (int n = first; n <= last; ++n)
                add_fact(w, lane, source, n, n - 1);
}

static void late_duplicates_are_dropped(struct world *w)
{
        world_begin_facts(w, 1);
        add_chain(w, 0, CUSTOMER, 1, 3);
        report(run_once(w) == 0 && shows(w, state, "3 3 3"), "the mark stands at the last fact");
        add_fact(w, 0, CUSTOMER, 2, 1);
        add_fact(w, 0, CUSTOMER, 3, 2);
        report(run_once(w) == 0 && ev_batch_counts(w->batch)->duplicates == 2 &&
                       shows(w, state, "3 3 5"),
               "a fact at or below it is a duplicate");
        sql(w, "DELETE FROM party_projection");
        add_chain(w, 0, CUSTOMER, 1, 3);
        report(run_once(w) == 0 && shows(w, state, "0 3 8"), "and not folded again");
        add_fact(w, 0, CUSTOMER, 4, 3);
        add_fact(w, 0, CUSTOMER, 4, 3);
        add_fact(w, 0, CUSTOMER, 2, 1);
        add_fact(w, 0, CUSTOMER, 5, 4);
        report(run_once(w) == 0 && ev_batch_counts(w->batch)->duplicates == 2 &&
                       shows(w, state, "2 5 12"),
               "so is one of the same batch");
        add_fact(w, 0, CUSTOMER, 9, 5);
        report(run_once(w) == 0 && shows(w, state, "3 9 13"), "numbers may have gaps");
}

static void a_hole_halts_the_lane(struct world *w)
{
        world_begin_facts(w, 2);
        add_chain(w, 0, CUSTOMER, 1, 3);
        report(apply(w) == 0, "three facts");
        add_fact(w, 0, CUSTOMER, 4, 3);
        add_fact(w, 1, CUSTOMER, 50, 0);
        add_fact(w, 0, CUSTOMER, 7, 6);
        add_fact(w, 0, CUSTOMER, 8, 7);
        add_fact(w, 1, CUSTOMER, 51, 50);
        report(apply(w) == EV_APPLY_VOID && w->rejoins == 1, "at a hole the group is joined again");
        report(shows(w, state, "5 4 4"), "what came before it is applied, nothing behind it");
        report(shows(w,
                     "SELECT string_agg(partition || ' ' || (halted_reason LIKE 'facts are missing "
                     "on quenty.customer.events.v1 [0] before offset 4: fact 7 of " CUSTOMER
                     " follows 6, the last one seen is 4.%')::text, ' ') FROM ev.consumer_offset "
                     "WHERE halted_reason IS NOT NULL",
                     "0 true"),
               "the lane is halted, with what was found");
        sql(w, "UPDATE ev.inbox_mark SET last_sequence = 6 WHERE partition = 0; "
               "UPDATE ev.consumer_offset SET halted_reason = NULL, halted_at = NULL");
        w->ends[0] = 4;
        add_fact(w, 0, CUSTOMER, 7, 6);
        add_fact(w, 0, CUSTOMER, 8, 7);
        report(apply(w) == 0 && shows(w, state, "7 8 6"), "a person lets it go on");
        add_fact(w, 0, CUSTOMER, 9, 0);
        report(apply(w) == EV_APPLY_VOID && shows(w, state, "7 8 6"),
               "a fact that names none before it is a hole once there was one");
}

static void sources_are_told_apart(struct world *w)
{
        world_begin_facts(w, 1);
        add_chain(w, 0, CUSTOMER, 1, 3);
        add_chain(w, 0, LATER, 1, 2);
        add_fact(w, 0, CUSTOMER, 3, 2);
        report(apply(w) == 0 && ev_batch_counts(w->batch)->duplicates == 1 &&
                       shows(w, state, "3 3,2 6"),
               "a new source begins a chain of its own");
        add_fact(w, 0, CUSTOMER, 4, 3);
        add_fact(w, 0, LATER, 3, 2);
        report(apply(w) == 0 && shows(w, state, "4 4,3 8"), "beside the old one");
        add_fact(w, 0, "/quenty/customer_db/1/3", 12, 11);
        report(apply(w) == EV_APPLY_VOID && shows(w, state, "4 4,3 8"),
               "but not with facts that were never seen");
        world_begin_facts(w, 1);
        add_chain(w, 0, CUSTOMER, 12, 13);
        report(apply(w) == 0 && shows(w, state, "2 13 2"),
               "a lane that has applied nothing yet may begin anywhere");
}

static void every_fact_moves_the_mark(struct world *w)
{
        static const char logged_in[] = "quenty.customer.UserLoggedIn......";
        struct ev_item *item;
        char *type;

        world_begin_facts(w, 1);
        add_fact(w, 0, CUSTOMER, 1, 0);
        item = add_fact(w, 0, CUSTOMER, 2, 1);
        type = memmem((char *)(uintptr_t)item->raw.headers.data, item->raw.headers.size,
                      "quenty.customer.CompanyRegistered", 33);
        memcpy(type, logged_in, 33);
        add_fact(w, 0, CUSTOMER, 3, 2)->raw.value.size = 6;
        add_fact(w, 0, CUSTOMER, 4, 3);
        report(apply(w) == 0 && shows(w, state, "2 4 4") &&
                       shows(w, "SELECT count(*) FROM ev.dead_letter", "1"),
               "so do one that nobody wants and one that cannot be read");
}

/* The 13th of 16 is at fault: halves are applied one by one. */
static void parked_facts_are_behind_the_mark(struct world *w)
{
        world_begin_facts(w, 1);
        sql(w, "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
               "BEGIN IF NEW.party_id = 'C-13' THEN RAISE 'made' USING ERRCODE = '23514'; END IF; "
               "RETURN NEW; END $$; CREATE TRIGGER trouble BEFORE INSERT ON party_projection "
               "FOR EACH ROW EXECUTE FUNCTION trouble()");
        add_chain(w, 0, CUSTOMER, 1, 16);
        report(apply(w) == 0 && shows(w, state, "15 16 16") &&
                       shows(w, "SELECT string_agg(aggregate, ' ') FROM ev.parked", "C-13"),
               "a batch that is halved keeps its chain, a parked fact moves the mark");
        sql(w, "DROP FUNCTION trouble() CASCADE; UPDATE ev.parked SET redrive = true");
        report(add_due(w) == 1 && apply(w) == 0 && shows(w, state, "16 16 16") &&
                       shows(w, "SELECT count(*) FROM ev.parked", "0"),
               "when it is tried again, it is no duplicate of itself");
}

check_fn *const mark_checks[] = {
        late_duplicates_are_dropped,      a_hole_halts_the_lane,
        sources_are_told_apart,           every_fact_moves_the_mark,
        parked_facts_are_behind_the_mark, NULL,
};
