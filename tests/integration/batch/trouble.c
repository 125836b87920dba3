/* What a batch does in trouble: other owners, records at fault, servers that fail, connections that
 * break. Trouble is made by a trigger on the table of lots. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "world.h"

static const char totals[] =
        "SELECT concat_ws(' ', (SELECT count(*) FROM stock_movements), "
        "(SELECT count(*) FROM ev.outbox), (SELECT count(*) FROM ev.parked), "
        "(SELECT count(*) FROM ev.dead_letter), (SELECT count(*) FROM ev.inbox), "
        "(SELECT count(*) FROM ev.request))";
static const char offset[] = "SELECT next_offset FROM ev.consumer_offset WHERE partition = 0";

/* Makes a trigger that does `what` for each lot that is written, while `when` holds in plpgsql;
 * nextval('troubles') counts also what is rolled back. */
static void make_trouble(struct world *w, const char *when, const char *what, bool at_commit)
{
        char text[1000];

        snprintf(text, sizeof(text),
                 "CREATE SEQUENCE troubles; CREATE FUNCTION trouble() RETURNS trigger LANGUAGE "
                 "plpgsql SECURITY DEFINER AS $$ BEGIN IF %s THEN %s; END IF; RETURN NEW; END $$; "
                 "CREATE %s TRIGGER trouble %s INSERT OR UPDATE ON inventory_items %s FOR EACH ROW "
                 "EXECUTE FUNCTION trouble()",
                 when, what, at_commit ? "CONSTRAINT" : "", at_commit ? "AFTER" : "BEFORE",
                 at_commit ? "DEFERRABLE INITIALLY DEFERRED" : "");
        sql(w, text);
}

static void raise(struct world *w, const char *when, const char *sqlstate)
{
        char what[200];

        snprintf(what, sizeof(what), "RAISE 'made \303\251 by the test' USING ERRCODE = '%s'",
                 sqlstate);
        make_trouble(w, when, what, false);
}

/* ---- Other owners ---- */

static void fenced(struct world *w)
{
        world_begin(w, 2);
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 1, "SKU-2", 1);
        sql(w, "UPDATE ev.consumer_offset SET owner_epoch = owner_epoch + 1 WHERE partition = 1");
        report(run_once(w) == EV_BATCH_FENCED && shows(w, totals, "0 0 0 0 0 0") &&
                       shows(w, offset, "-2"),
               "a batch with a lane that somebody has taken over writes nothing");
        report(!ev_db_is_in_transaction(w->db) && w->lanes[0].next_offset == -2,
               "and leaves no transaction and no lane moved");
        w->count = 2;
        report(apply(w) == EV_APPLY_VOID && w->rejoins == 1 && w->applied == 0,
               "the group is joined again, what was in hand is dropped");
}

static void moved(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "SKU-1", 1);
        sql(w, "UPDATE ev.consumer_offset SET next_offset = 7");
        report(run_once(w) == EV_BATCH_FENCED && shows(w, totals, "0 0 0 0 0 0"),
               "so does one whose offset is another one");
        sql(w, "UPDATE ev.consumer_offset SET next_offset = -2, halted_reason = 'x', "
               "halted_at = now()");
        w->count = 1;
        report(run_once(w) == EV_BATCH_FENCED && shows(w, totals, "0 0 0 0 0 0"),
               "and one of a lane that is halted");
}

/* ---- Records at fault ---- */

static void one_poison_among_64(struct world *w)
{
        char sku[32];

        world_begin(w, 1);
        raise(w, "NEW.quantity > 600", "23514");
        for (size_t n = 0; n < 64; ++n) {
                snprintf(sku, sizeof(sku), "SKU-%zu", n % 8);
                add_new(w, 0, sku, n == 27 ? 663 : 1); /* 3 lie there already */
        }
        report(apply(w) == 0, "a batch with a record at fault is applied");
        report(shows(w,
                     "SELECT string_agg(\"offset\" || reason, ' ' ORDER BY \"offset\") "
                     "FROM ev.parked",
                     "27poison 35held 43held 51held 59held"),
               "exactly that record and the later ones of its aggregate are parked");
        report(shows(w, totals, "59 59 5 0 64 59"), "the others are applied");
        report(shows(w,
                     "SELECT string_agg(DISTINCT quantity::text, ',' ORDER BY quantity::text) "
                     "FROM inventory_items",
                     "3,8"),
               "each once");
        report(shows(w,
                     "SELECT bool_and(seq = n) FROM (SELECT row_number() OVER (ORDER BY seq) "
                     "seq, row_number() OVER (ORDER BY causation_id) n FROM ev.outbox) o",
                     "t"),
               "in their order");
        report(shows(w, "SELECT count(*) FROM ev.parked WHERE detail LIKE '%23514%made _ by%'",
                     "1"),
               "with what the database said");
        report(shows(w, offset, "64"), "the lane stands behind them");

        sql(w, "DROP TRIGGER trouble ON inventory_items");
        for (int n = 0; n < 5; ++n) {
                sql(w, "UPDATE ev.parked SET redrive = true");
                require(add_due(w) == 1 ? apply(w) : EV_FAILED, "a redrive");
        }
        report(shows(w, totals, "64 64 0 0 64 64") &&
                       shows(w, "SELECT max(quantity) FROM inventory_items", "670"),
               "asked for by a person they are applied, in order, once");
}

/* Its want fails before anything is asked of the database, in every run. */
static void a_record_that_wants_too_much(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "SKU-1", 1);
        add(w, 0, "huge", "SKU-2", 1, "HUGE");
        add_new(w, 0, "SKU-3", 1);
        report(apply(w) == 0 && shows(w, totals, "2 2 1 0 3 2"),
               "a record that wants more than a batch can hold is parked");
}

static void poison_alone(struct world *w)
{
        world_begin(w, 1);
        raise(w, "true", "22003");
        add_new(w, 0, "SKU-1", 1);
        report(apply(w) == 0 && shows(w, totals, "0 0 1 0 1 0") && w->applied == 1,
               "a record that is at fault alone is parked");
        add(w, 0, "event-00000", "SKU-1", 1, "GRN-00000");
        report(apply(w) == 0 && shows(w, totals, "0 0 1 0 1 0"),
               "and is a duplicate when it comes again");
}

static void a_waiting_record_at_fault(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "LATE", 1);
        require(run_once(w), "waiting");
        sql(w, "INSERT INTO products (name, sku, category, price, company_id) "
               "VALUES ('p', 'LATE', 'toys', 1, 'C-L'); "
               "UPDATE ev.parked SET parked_at = parked_at - interval '1 h'");
        raise(w, "true", "23514");
        report(add_due(w) == 1 && apply(w) == 0 &&
                       shows(w, "SELECT reason || (deadline IS NULL)::text FROM ev.parked",
                             "poisontrue"),
               "a record that waited and is at fault is parked for a person");
}

/* ---- Somebody else was first ---- */

static void again(struct world *w)
{
        world_begin(w, 1);
        raise(w, "nextval('troubles') = 1", "23505");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 1);
        report(apply(w) == 0 && shows(w, totals, "2 2 0 0 2 2") && w->applied == 1 &&
                       w->rests == 0 && decides == 4,
               "where somebody was first, the batch is run once again, whole and at once");
}

static void again_and_again(struct world *w)
{
        world_begin(w, 1);
        raise(w, "NEW.quantity = 7", "23505");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 7);
        add_new(w, 0, "SKU-3", 1);
        report(apply(w) == 0 && shows(w, totals, "2 2 1 0 3 2"),
               "a second time it is the record's fault");
}

/* ---- Servers in trouble ---- */

static void tried_again(struct world *w)
{
        static const char *const sqlstates[] = { "40001", "40P01", "55P03", "53100", "57014" };
        char promise[100];

        for (size_t i = 0; i < EV_ARRAY_SIZE(sqlstates); ++i) {
                world_begin(w, 1);
                raise(w, "nextval('troubles') <= 3", sqlstates[i]);
                add_new(w, 0, "SKU-1", 1);
                snprintf(promise, sizeof(promise), "%s is waited for, with back-off", sqlstates[i]);
                report(apply(w) == 0 && shows(w, totals, "1 1 0 0 1 1") && w->rests == 3 &&
                               w->retry.failures == 0,
                       "%s", promise);
        }
}

static void stopped(struct world *w)
{
        world_begin(w, 1);
        raise(w, "true", "42501");
        add_new(w, 0, "SKU-1", 1);
        report(apply(w) == EV_FAILED && ev_error_last()->verdict == EV_VERDICT_STOP &&
                       shows(w, totals, "0 0 0 0 0 0") && !ev_db_is_in_transaction(w->db),
               "what only a person can mend ends it, with nothing written");
}

/* An error about data in the library's own tables is nobody's record: it would park them all. */
static void a_missing_outbox_partition(struct world *w)
{
        world_begin(w, 1);
        sql(w, "ALTER TABLE ev.outbox ADD CONSTRAINT never CHECK (false) NOT VALID");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 1);
        report(apply(w) == EV_FAILED && shows(w, totals, "0 0 0 0 0 0") && w->applied == 0,
               "trouble with the library's tables blames no record");
        sql(w, "ALTER TABLE ev.outbox DROP CONSTRAINT never");
}

/* ---- Connections that break ---- */

static void killed_before_commit(struct world *w)
{
        world_begin(w, 1);
        make_trouble(w, "nextval('troubles') = 1", "PERFORM pg_terminate_backend(pg_backend_pid())",
                     false);
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 1);
        report(apply(w) == 0 && w->connects == 1 && shows(w, totals, "2 2 0 0 2 2") &&
                       shows(w, offset, "2"),
               "a connection that breaks before COMMIT: the batch is run again");
}

/* A standby that took over before it heard of the draw gives the same ids to somebody else. */
static void ids_of_a_lost_session(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "SKU-1", 1);
        require(run_once(w), "a batch");
        sql(w, "SELECT setval('inventory_items_id_seq', (SELECT max(id) FROM inventory_items)); "
               "INSERT INTO inventory_items (product_id, location) SELECT id, 'by hand' "
               "FROM products LIMIT 1; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE application_name = 'batch'");
        add_new(w, 0, "SKU-2", 1);
        report(apply(w) == 0 && shows(w, totals, "2 2 0 0 2 2") && decides == 2,
               "ids that were drawn in a session end with it");
}

static void killed_between_batches(struct world *w)
{
        world_begin(w, 1);
        sql(w, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE application_name = 'batch'");
        add_new(w, 0, "SKU-1", 1);
        report(apply(w) == 0 && w->connects == 1 && shows(w, totals, "1 1 0 0 1 1"),
               "a connection that broke while nothing was asked");
}

static void killed_during_commit(struct world *w)
{
        world_begin(w, 1);
        make_trouble(w, "nextval('troubles') = 1", "PERFORM pg_sleep(30)", true);
        add_new(w, 0, "SKU-1", 1);
        kill_sleeper(getenv("ADMIN"));
        report(apply(w) == 0 && w->connects == 1 && shows(w, totals, "1 1 0 0 1 1") &&
                       shows(w, offset, "1"),
               "a session that is ended inside of its COMMIT: the offset tells that it was lost");
}

/* In these two EV_FAULTS has the answer to the first COMMIT never be read: the connection is closed
 * behind it, and the old session goes on in the server. In the first it holds its rows for longer
 * than lock_timeout, which `run` sets, lets the question wait for them. */
static void settled_late(struct world *w)
{
        world_begin(w, 1);
        make_trouble(w, "nextval('troubles') = 1",
                     "PERFORM set_config('statement_timeout', '0', true), pg_sleep(1.5)", true);
        add_new(w, 0, "SKU-1", 1);
        report(apply(w) == 0 && decides == 1 && shows(w, totals, "1 1 0 0 1 1") && w->rests >= 2,
               "while the old session is still committing, its answer is waited for");
}

static void landed(struct world *w)
{
        world_begin(w, 1);
        make_trouble(w, "nextval('troubles') = 1", "PERFORM pg_sleep(0.3)", true);
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 1);
        report(apply(w) == 0 && w->connects == 1 && decides == 2 &&
                       shows(w, totals, "2 2 0 0 2 2") && shows(w, offset, "2") &&
                       w->lanes[0].next_offset == 2 && w->applied == 1,
               "a COMMIT that landed without an answer is not run again");
        /* The session remembers it until the next BEGIN, which this batch does not come to. */
        add(w, 0, "huge", "SKU-2", 1, "HUGE");
        report(apply(w) == 0 && shows(w, totals, "2 2 1 0 3 2"),
               "what is unknown of one COMMIT is not asked about another batch");
        add_new(w, 0, "SKU-1", 1);
        report(apply(w) == 0 && shows(w, totals, "3 3 1 0 4 3"), "and the lane goes on behind it");
}

check_fn *const trouble_checks[] = {
        fenced,
        moved,
        one_poison_among_64,
        a_record_that_wants_too_much,
        poison_alone,
        a_waiting_record_at_fault,
        again,
        again_and_again,
        tried_again,
        stopped,
        a_missing_outbox_partition,
        killed_before_commit,
        killed_between_batches,
        ids_of_a_lost_session,
        killed_during_commit,
        NULL,
};

check_fn *const landed_checks[] = { landed, NULL };
check_fn *const late_checks[] = { settled_late, NULL };
