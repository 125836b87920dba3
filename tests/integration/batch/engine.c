/* What a batch does when nothing goes wrong: two round trips, one effect for each event, in order.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/error.h"
#include "flow/settings.h"
#include "world.h"

/* Everything that a batch writes, as one line. */
static const char totals[] =
        "SELECT concat_ws(' ', (SELECT count(*) FROM stock_movements), "
        "(SELECT count(*) FROM ev.outbox), (SELECT count(*) FROM ev.parked), "
        "(SELECT count(*) FROM ev.dead_letter), (SELECT count(*) FROM ev.inbox), "
        "(SELECT count(*) FROM ev.request))";
static const char offsets[] =
        "SELECT string_agg(next_offset::text, ' ' ORDER BY partition) FROM ev.consumer_offset";

/* Batches of any size and mix: receipts, refusals, waits, dead letters, duplicates, two lanes. */
static void two_round_trips(struct world *w)
{
        static const size_t sizes[] = { 1, 7, 50, 200 };
        struct ev_db_counts before;
        char sku[32];
        int r;

        world_begin(w, 2);
        add_new(w, 0, "SKU-0", 1); /* draws ids, which is one more, once in a thousand */
        require(run_once(w), "warming up");
        for (size_t i = 0; i < EV_ARRAY_SIZE(sizes); ++i)
                for (int mixed = 0; mixed < 2; ++mixed) {
                        for (size_t n = 0; n < sizes[i]; ++n) {
                                snprintf(sku, sizeof(sku), "SKU-%zu", mixed ? n : 0);
                                add_new(w, mixed ? n % 2 : 0, sku, mixed && n % 5 == 1 ? 0 : 1);
                                if (mixed && n % 5 == 2)
                                        w->items[w->count - 1].raw.value.size = 3;
                        }
                        if (mixed)
                                add(w, 0, "event-00000", "SKU-0", 1, "GRN-00000");
                        before = *ev_db_counts(w->db);
                        r = run_once(w);
                        report_detail("%d, %d round trips, %d syncs", r,
                                      (int)(ev_db_counts(w->db)->round_trips - before.round_trips),
                                      (int)(ev_db_counts(w->db)->syncs - before.syncs));
                        report(r == 0 &&
                                       ev_db_counts(w->db)->round_trips - before.round_trips == 2 &&
                                       ev_db_counts(w->db)->syncs - before.syncs == 2,
                               "a batch of %zu%s is two round trips and two Sync", sizes[i],
                               mixed ? ", mixed" : "");
                }
}

/* The barrier is the first statement behind BEGIN, so that nothing is read that somebody else may
 * be about to change; the outbox the last before COMMIT, so that its numbers are held for as short
 * as can be. Told by the protocol itself. */
static void order_of_statements(struct world *w)
{
        static const char expected[] =
                "ev_sql_begin ev_sql_offsets_advance ev_sql_inbox_claim ev_sql_requests_find "
                "ev_sql_parked_held order_sql_load_products order_sql_load_product_extras "
                "order_sql_load_lots "
                "update_inventory_items insert_inventory_items insert_stock_movements "
                "ev_sql_requests_save ev_sql_dead_letters_insert ev_sql_parked_insert "
                "ev_sql_outbox_notify ev_sql_outbox_insert ev_sql_commit ";
        char found[2000] = "", line[4096];
        FILE *trace = tmpfile();
        size_t used = 0;

        world_begin(w, 1);
        add_new(w, 0, "SKU-1", 1);
        require(run_once(w), "a batch");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 1);
        add_new(w, 0, "LATE", 1);
        add_new(w, 0, "SKU-3", 1)->raw.value.size = 3;
        ev_db_trace(w->db, trace);
        require(run_once(w), "a batch");
        ev_db_trace(w->db, NULL);
        rewind(trace);
        /* F <bytes> Bind "<portal>" "<statement>" … */
        while (fgets(line, sizeof(line), trace)) {
                char *name = strstr(line, "\tBind\t");
                char *end;

                if (line[0] != 'F' || !name)
                        continue;
                name = strstr(name, "\"\" \"") + 4;
                end = strchr(name, '"');
                used += (size_t)snprintf(found + used, sizeof(found) - used, "%.*s ",
                                         (int)(end - name), name);
        }
        fclose(trace);
        report_detail("%s", found);
        report(strcmp(found, expected) == 0, "the barrier comes first, the outbox last");
}

/* Whatever role a worker connects as: here it is a superuser, whose own settings are others. */
static void session_settings(struct world *w)
{
        char conninfo[500];
        char *const argv[] = { (char[]){ "quenty-order" }, conninfo, NULL };
        char *const environment[] = { NULL };
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_db *admin = w->admin;
        int operand;

        snprintf(conninfo, sizeof(conninfo), "--order_db.conninfo=%s", getenv("ADMIN"));
        require(ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS), "settings");
        require(ev_config_load(config, 2, argv, environment, &operand), "settings");
        require(ev_settings_worker_db(config, "order_db", "settings", &db), "a session");
        require(ev_db_connect(db), "connecting");
        w->admin = db;
        report(shows(w,
                     "SELECT string_agg(current_setting(name), ' ' ORDER BY n) FROM unnest(ARRAY["
                     "'synchronous_commit', 'idle_in_transaction_session_timeout', 'lock_timeout', "
                     "'statement_timeout', 'jit', 'enable_seqscan', 'enable_hashjoin', "
                     "'enable_mergejoin', 'plan_cache_mode', 'timezone', 'search_path']) "
                     "WITH ORDINALITY AS s (name, n)",
                     "on 3s 5s 30s off off off off force_generic_plan UTC public"),
               "a worker's session has the settings that it relies on");
        w->admin = admin;
}

static void one_effect_in_order(struct world *w)
{
        char sku[32];

        world_begin(w, 2);
        for (size_t n = 0; n < 200; ++n) {
                snprintf(sku, sizeof(sku), "SKU-%zu", n % 10);
                add_new(w, n % 2, sku, 1);
        }
        report(run_once(w) == 0, "a batch over two lanes is applied");
        report(shows(w, totals, "200 200 0 0 200 200"),
               "each event has its movement, its fact, its claim and its request");
        report(shows(w,
                     "SELECT string_agg(DISTINCT quantity::text, ',') || ' ' || count(*) "
                     "FROM inventory_items",
                     "20 10"),
               "ten lots, each written once, hold what was received");
        report(shows(w, offsets, "100 100"), "the offsets stand behind the batch");
        report(shows(w,
                     "SELECT bool_and(causation_id = 'event-' || lpad((n - 1)::text, 5, '0')) "
                     "FROM (SELECT causation_id, row_number() OVER (ORDER BY seq) n "
                     "FROM ev.outbox) o",
                     "t"),
               "facts have the order of arrival");
        report(shows(w, "SELECT bool_and(outcome = 1) FROM ev.outbox", "t"),
               "each is its cause's outcome");
        report(w->lanes[0].next_offset == 100 && w->lanes[1].next_offset == 100,
               "the lanes in memory stand there too");
}

static void rows_are_in_the_database_before_the_next_batch(struct world *w)
{
        world_begin(w, 1);
        add_new(w, 0, "SKU-1", 5);
        require(run_once(w), "a batch");
        add_new(w, 0, "SKU-1", 6);
        require(run_once(w), "a batch");
        report(shows(w, "SELECT quantity FROM inventory_items", "11"),
               "the next batch goes on from what the last one wrote");
        report(shows(w,
                     "SELECT count(*) FROM ev.outbox_events e WHERE e.outcome = 'accepted' "
                     "AND e.key LIKE 'C-%' AND e.subject = 'SKU-1'",
                     "2"),
               "facts have the company as key and the product as subject");
}

static void duplicates(struct world *w)
{
        world_begin(w, 2);
        add(w, 0, "one", "SKU-1", 5, "R1");
        add(w, 0, "one", "SKU-1", 5, "R1");
        add(w, 1, "one", "SKU-1", 5, "R1");
        report(run_once(w) == 0 && ev_batch_counts(w->batch)->duplicates == 2 &&
                       shows(w, totals, "1 1 0 0 1 1"),
               "an event that is three times in one batch has one effect");
        add(w, 0, "one", "SKU-1", 5, "R1");
        add(w, 1, "one", "SKU-1", 5, "R1");
        report(run_once(w) == 0 && shows(w, totals, "1 1 0 0 1 1"),
               "and none when it comes again, on whichever lane");
        report(shows(w, offsets, "3 2"), "duplicates are stepped over");
}

static void reused_ids(struct world *w)
{
        world_begin(w, 1);
        add(w, 0, "one", "SKU-1", 5, "R1");
        add(w, 0, "one", "SKU-1", 6, "R1");
        report(run_once(w) == 0 && shows(w, totals, "1 1 0 1 1 1"),
               "an id with other content in the same batch is a dead letter");
        add(w, 0, "one", "SKU-1", 7, "R1");
        report(run_once(w) == 0 && shows(w, totals, "1 1 0 2 1 1"), "and in a later one");
        report(shows(w,
                     "SELECT string_agg(reason || \"offset\", ' ' ORDER BY seq) "
                     "FROM ev.dead_letter",
                     "id_reused1 id_reused2"),
               "both with their reason and place");
        report(shows(w,
                     "SELECT bool_and(octet_length(headers) > 100 AND value IS NOT NULL "
                     "AND key = 'C') FROM ev.dead_letter",
                     "t"),
               "and whole");
}

static void repeats(struct world *w)
{
        static const char outcomes[] =
                "SELECT string_agg(outcome::text, ' ' ORDER BY seq) FROM ev.outbox";

        world_begin(w, 1);
        add(w, 0, "one", "SKU-1", 5, "R1");
        add(w, 0, "two", "SKU-1", 5, "R1");
        report(run_once(w) == 0 && shows(w, outcomes, "1 3") && shows(w, totals, "1 2 0 0 2 1"),
               "the same request under a new id, in one batch, is a repeat");
        add(w, 0, "three", "SKU-1", 5, "R1");
        add(w, 0, "four", "SKU-1", 5, "R2");
        report(run_once(w) == 0 && shows(w, outcomes, "1 3 3 1"),
               "and in a later one; another reference is another receipt");
        add(w, 0, "five", "SKU-1", 0, "R3");
        add(w, 0, "six", "SKU-1", 0, "R3");
        report(run_once(w) == 0 && shows(w, outcomes, "1 3 3 1 2 2"),
               "what was refused is decided afresh");
        report(shows(w,
                     "SELECT count(*) FROM ev.outbox_events WHERE type LIKE '%Repeated' "
                     "AND position(convert_to('one', 'UTF8') IN payload) > 0 AND position("
                     "convert_to((SELECT event_id::text FROM ev.outbox ORDER BY seq LIMIT 1), "
                     "'UTF8') IN payload) > 0",
                     "2"),
               "a repeat names the first request and its outcome");
}

static void held_aggregates(struct world *w)
{
        static const char parked[] = "SELECT string_agg(\"offset\" || reason, ' ' ORDER BY "
                                     "\"offset\") FROM ev.parked";

        world_begin(w, 2);
        add_new(w, 0, "SKU-1", 1);
        add(w, 0, "p", "SKU-1", 1, "PARK");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-2", 1);
        add_new(w, 1, "SKU-1", 1);
        report(run_once(w) == 0 && shows(w, parked, "1decide 2held"),
               "what a decide parks holds later ones of its aggregate, in the same batch");
        report(shows(w, "SELECT count(*) FROM stock_movements", "3"),
               "but not those before it, of another one, or of another lane");
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "SKU-3", 1);
        report(run_once(w) == 0 && shows(w, parked, "1decide 2held 4held"), "and in later batches");
        report(shows(w, offsets, "6 1"), "the offsets stand behind them");

        sql(w, "UPDATE ev.parked SET redrive = true WHERE \"offset\" > 1");
        report(add_due(w) == 0, "behind a parked record nothing is given out");
        sql(w, "UPDATE ev.parked SET redrive = true");
        report(add_due(w) == 1 && apply(w) == 0 && shows(w, parked, "1decide 2held 4held"),
               "a person who asks gets the first one tried again");
        report(shows(w, "SELECT attempts || redrive::text FROM ev.parked WHERE \"offset\" = 1",
                     "1false"),
               "which counts, and asks no more");
        sql(w, "DELETE FROM ev.parked WHERE \"offset\" = 1");
        report(add_due(w) == 1 && apply(w) == 0 && shows(w, parked, "4held"),
               "once it is gone, those behind it go on in their order");
        report(add_due(w) == 1 && apply(w) == 0 &&
                       shows(w, "SELECT count(*) FROM stock_movements", "6"),
               "to the last one");
}

static void waiting(struct world *w)
{
        static const char parked[] =
                "SELECT string_agg(\"offset\" || reason || attempts, ' ' ORDER BY \"offset\") "
                "FROM ev.parked WHERE deadline IS NOT NULL";
        static const char now[] = "UPDATE ev.parked SET parked_at = parked_at - interval '1 h'";

        world_begin(w, 1);
        add_new(w, 0, "LATE", 1);
        add_new(w, 0, "NEVER", 1);
        add_new(w, 0, "SKU-1", 1);
        add_new(w, 0, "LATE", 2);
        report(run_once(w) == 0 && shows(w, parked, "0waiting0 1waiting0 3waiting0"),
               "records that refer to nothing known wait, and hold up nobody");
        report(shows(w, offsets, "4") && shows(w, "SELECT count(*) FROM stock_movements", "1"),
               "the lane goes on");
        add_new(w, 0, "LATE", 4);
        report(run_once(w) == 0 &&
                       shows(w, "SELECT count(*) || min(reason) FROM ev.parked", "4waiting"),
               "nor is a later one of theirs held behind them");
        sql(w, "DELETE FROM ev.parked WHERE \"offset\" = 4");
        /* However long this machine takes for a look, it is no pause of 0.1 s. */
        sql(w, "UPDATE ev.parked SET parked_at = now() + interval '10 s'");
        report(add_due(w) == 0, "they are not tried again at once");
        sql(w, now);
        report(add_due(w) == 3 && apply(w) == 0 &&
                       shows(w, parked, "0waiting1 1waiting1 3waiting1"),
               "then they are, and the try is counted");

        sql(w, "INSERT INTO products (name, sku, category, price, company_id) "
               "VALUES ('p', 'LATE', 'toys', 1, 'C-L')");
        sql(w, now);
        report(add_due(w) == 3 && apply(w) == 0 && shows(w, parked, "1waiting2"),
               "what they wait for has come: they are decided");
        report(shows(w,
                     "SELECT quantity FROM inventory_items i JOIN products p "
                     "ON p.id = i.product_id WHERE p.sku = 'LATE'",
                     "3"),
               "once");
        sql(w, "UPDATE ev.parked SET deadline = parked_at");
        report(add_due(w) == 1 && apply(w) == 0 &&
                       shows(w, "SELECT count(*) FROM ev.parked", "0") &&
                       shows(w,
                             "SELECT type || outcome FROM ev.outbox_events "
                             "ORDER BY seq DESC LIMIT 1",
                             "quenty.stock.StockRequestDeclinedrefused"),
               "past its deadline a record is refused");
}

/* A program of another day let it wait; this one has no route for it. */
static void an_unwanted_retry(struct world *w)
{
        world_begin(w, 1);
        add_unwanted_fact(w);
        report(run_once(w) == 0 && shows(w, "SELECT count(*) FROM ev.parked", "0"),
               "a waiting record that no route wants any more ends its wait");
}

/* A topic may have more partitions than anybody thought of. */
static void many_lanes(struct world *w)
{
        world_begin(w, LANES_MAX);
        for (size_t lane = 0; lane < LANES_MAX; ++lane)
                add_new(w, lane, "SKU-1", 1);
        report(run_once(w) == 0 &&
                       shows(w, "SELECT count(*) FROM ev.consumer_offset WHERE next_offset = 1",
                             "300"),
               "a batch may touch as many lanes as it has records");
}

check_fn *const engine_checks[] = {
        two_round_trips,
        order_of_statements,
        session_settings,
        one_effect_in_order,
        rows_are_in_the_database_before_the_next_batch,
        duplicates,
        reused_ids,
        repeats,
        held_aggregates,
        waiting,
        an_unwanted_retry,
        many_lanes,
        NULL,
};
