/* What the clock does, against a real database: products of the category "due" get a first lot. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "batch_sql.h"
#include "flow/clockwork.h"
#include "rows.h"
#include "schemas/stock.h"
#include "world.h"

enum { SECOND = 1000 * 1000, MINUTE = 60 * SECOND, WORKERS = 3, KEYS = 60 };

static void want_product(struct ev_wants *wants, struct ev_str key)
{
        ev_want(wants, WANT_SKU, key);
}

/* Looks again, as every timer must. */
static int decide_due(struct ev_case *c, struct ev_str key)
{
        const struct product *product = find_product(ev_rows_of(c), key);
        struct stock_received fact = { .sku = key,
                                       .location = EV_STR("NORTH"),
                                       .quantity = 1,
                                       .quantity_after = 1,
                                       .lot_created = true,
                                       .created_by = EV_STR("clock") };
        int r;

        if (!product || find_lot(ev_rows_of(c), product, fact.location, EV_STR_NULL))
                return 0;
        ev_correlate(c, product->company_id);
        fact.product_id = product->id;
        fact.company_id = product->company_id;
        r = ev_draw(c, &lots_table, &fact.inventory_item_id);
        return r < 0 ? r : stock_received_announce(c, &fact);
}

const struct ev_timer test_timer = {
        .name = "first-lots",
        .interval_ms = 1000,
        .due = &batch_sql_due_products,
        .want = want_product,
        .decide = decide_due,
};

static const char lots[] = "SELECT count(*) || ' ' || count(DISTINCT product_id) || ' ' || "
                           "(SELECT count(*) FROM ev.outbox) FROM inventory_items";

static void make_due(struct world *w, int count)
{
        char text[200];

        world_begin(w, 1);
        snprintf(text, sizeof(text),
                 "UPDATE products SET category = 'due' WHERE split_part(sku, '-', 2)::int < %d",
                 count);
        sql(w, text);
}

/* The number of keys decided, or -1. */
static int tick(struct world *w, size_t max)
{
        size_t count = 0;

        return ev_batch_run_timer(w->batch, &test_timer, 0, max, &count) < 0 ? -1 : (int)count;
}

static void what_is_due_is_done_once(struct world *w)
{
        make_due(w, 5);
        report(tick(w, 3) == 3 && shows(w, lots, "3 3 3"), "a timer does as much as it may");
        report(tick(w, 3) == 2 && shows(w, lots, "5 5 5"), "then the rest");
        report(tick(w, 3) == 0 && shows(w, lots, "5 5 5") && !ev_db_is_in_transaction(w->db),
               "then nothing");
        report(shows(w,
                     "SELECT bool_and(o.causation_id IS NULL AND o.causation_source IS NULL AND "
                     "o.correlation_id = p.company_id AND o.recorded_at = i.created_at) "
                     "FROM ev.outbox o JOIN products p ON p.sku = o.subject "
                     "JOIN inventory_items i ON i.product_id = p.id",
                     "t"),
               "its facts have no cause, their conversation, and the time of their rows");
        add_new(w, 0, "SKU-1", 1);
        report(run_once(w) == 0 && shows(w, "SELECT sum(quantity) FROM inventory_items", "6"),
               "a batch follows in the same session");
}

/* The lock is that of a batch with the row in hand. */
static void locked_rows_are_passed_over(struct world *w)
{
        make_due(w, 3);
        sql(w, "BEGIN; SELECT id FROM products WHERE sku = 'SKU-1' FOR UPDATE");
        report(tick(w, 10) == 2, "a timer passes over rows that somebody has locked");
        sql(w, "ROLLBACK");
        report(shows(w, lots, "2 2 2"), "and does not wait for them");
        report(tick(w, 10) == 1 && shows(w, lots, "3 3 3"), "they have their turn later");
}

/* What `due` saw before it had the lock: a lot came in between. */
static void a_decide_looks_again(struct world *w)
{
        size_t count = 0;
        struct ev_timer blind = test_timer;

        make_due(w, 2);
        blind.due = &batch_sql_blind_products;
        report(tick(w, 10) == 2 && ev_batch_run_timer(w->batch, &blind, 0, 10, &count) == 0 &&
                       count == 2 && shows(w, lots, "2 2 2"),
               "a key that is not due any more makes no fact");
}

/* Others may have rows in hand, or the server a session that has died: until all is done. */
static bool tick_until(struct world *w, size_t max, const char *expected)
{
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;
        int done;

        do
                done = tick(w, max);
        while (done >= 0 && strcmp(look(w, lots), expected) != 0 &&
               ev_clock_monotonic_micros() < deadline);
        return done >= 0 && shows(w, lots, expected);
}

static void tick_for_all(struct world *w)
{
        _exit(tick_until(w, 2, "60 60 60") ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void two_workers_never_do_one_twice(struct world *w)
{
        make_due(w, KEYS);
        for (int i = 0; i < WORKERS; ++i)
                in_a_child(tick_for_all, NULL);
        while (wait(NULL) > 0)
                ;
        report(shows(w, lots, "60 60 60"), "%d workers do %d keys, each once", WORKERS, KEYS);
}

static void tick_once(struct world *w)
{
        (void)!tick(w, 10);
}

/* The signal that has ended the child with this fault point armed. */
static int die_at(const char *faults)
{
        int status;

        in_a_child(tick_once, faults);
        status = world_wait();
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void a_crash_leaves_all_or_nothing(struct world *w)
{
        static const char *const before[] = { "transaction_begun=kill", "first_write=kill",
                                              "last_write=kill", "outbox_written=kill" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(before); ++i) {
                make_due(w, 3);
                report(die_at(before[i]) == SIGKILL && shows(w, lots, "0 0 0"),
                       "%s: a timer that dies before COMMIT leaves nothing", before[i]);
                report(tick_until(w, 10, "3 3 3"), "and the next one does it");
        }
        make_due(w, 3);
        report(die_at("commit_known=kill") == SIGKILL && shows(w, lots, "3 3 3"),
               "one that dies behind COMMIT has done it");
        report(tick(w, 10) == 0 && shows(w, lots, "3 3 3"), "once");
}

static void lose_the_answer(struct world *w)
{
        int first;

        first = tick(w, 10);
        require(ev_batch_is_unknown(w->batch) ? EV_FAILED : 0, "nothing to settle");
        require(ev_db_connect(w->db), "connecting");
        require(ev_batch_prepare(w->batch), "preparing");
        _exit(first == -1 && tick_until(w, 10, "3 3 3") ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void an_unknown_commit_needs_no_settling(struct world *w)
{
        int status;

        make_due(w, 3);
        in_a_child(lose_the_answer, "commit_sent=error@1");
        status = world_wait();
        report(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS && shows(w, lots, "3 3 3"),
               "a COMMIT whose answer is lost is told by the next look");
}

/* ---- The clockwork ---- */

static int connect_again(void *context)
{
        struct world *w = context;
        int r;

        if (ev_db_is_open(w->db))
                return 0;
        ++w->connects;
        r = ev_db_connect(w->db);
        return r < 0 ? r : ev_batch_prepare(w->batch);
}

static struct ev_clockwork clockwork_of(struct world *w)
{
        static struct ev_worker timed;

        timed = test_worker;
        timed.timers = &test_timer;
        timed.timer_count = 1;
        return (struct ev_clockwork){ .worker = &timed,
                                      .batch = w->batch,
                                      .log = w->retry.log,
                                      .connect = connect_again,
                                      .context = w,
                                      .backoff_max_ms = 5000 };
}

static void a_timer_runs_at_its_interval(struct world *w)
{
        struct ev_clockwork clockwork = clockwork_of(w);

        make_due(w, 2);
        report(ev_clockwork_run(&clockwork, SECOND) == 0 && shows(w, lots, "2 2 2"),
               "the clockwork runs a timer");
        report(ev_clockwork_next(&clockwork) == 2 * SECOND, "and again after its interval");
        sql(w, "UPDATE products SET category = 'due' WHERE sku = 'SKU-7'");
        report(ev_clockwork_run(&clockwork, 2 * SECOND - 1) == 0 && shows(w, lots, "2 2 2"),
               "not before");
        report(ev_clockwork_run(&clockwork, 2 * SECOND) == 0 && shows(w, lots, "3 3 3"),
               "but then");
}

/* 100 keys, 17 of them at fault: the others are done, within the minute. */
static void keys_at_fault_are_passed_over(struct world *w)
{
        struct ev_clockwork clockwork = clockwork_of(w);
        int64_t now = SECOND;

        make_due(w, 100);
        sql(w, "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
               "BEGIN IF EXISTS (SELECT FROM products WHERE id = NEW.product_id AND "
               "split_part(sku, '-', 2)::int % 6 = 1) THEN RAISE 'made' USING ERRCODE = '23514'; "
               "END IF; RETURN NEW; END $$; CREATE TRIGGER trouble BEFORE INSERT ON "
               "inventory_items FOR EACH ROW EXECUTE FUNCTION trouble()");
        while (now < MINUTE && strcmp(look(w, lots), "83 83 83") != 0) {
                require(ev_clockwork_run(&clockwork, now), "the clockwork");
                now = ev_clockwork_next(&clockwork);
        }
        report(shows(w, lots, "83 83 83"), "keys at fault do not stop the others (%d s)",
               (int)(now / SECOND));
        sql(w, "DROP TRIGGER trouble ON inventory_items");
        report(ev_clockwork_run(&clockwork, now + MINUTE) == 0 && shows(w, lots, "100 100 100"),
               "and have another turn after a minute");
}

static void trouble_is_put_off(struct world *w)
{
        struct ev_clockwork clockwork = clockwork_of(w);
        int64_t now = SECOND, waits[4];

        make_due(w, 2);
        sql(w, "CREATE SEQUENCE troubles; "
               "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
               "BEGIN IF nextval('troubles') < 5 THEN RAISE 'made' USING ERRCODE = '40001'; "
               "END IF; RETURN NEW; END $$; CREATE TRIGGER trouble BEFORE INSERT ON "
               "inventory_items FOR EACH ROW EXECUTE FUNCTION trouble()");
        for (size_t i = 0; i < EV_ARRAY_SIZE(waits); ++i) {
                require(ev_clockwork_run(&clockwork, now), "the clockwork");
                waits[i] = ev_clockwork_next(&clockwork) - now;
                now += waits[i];
        }
        report(waits[0] == SECOND && waits[1] == 2 * SECOND && waits[2] == 4 * SECOND &&
                       waits[3] == 5 * SECOND && shows(w, lots, "0 0 0"),
               "a server's trouble is waited out with back-off");
        add_new(w, 0, "SKU-50", 1);
        report(run_once(w) == 0, "the lanes go on meanwhile");
        report(ev_clockwork_run(&clockwork, now) == 0 && shows(w, lots, "3 3 3"),
               "until it is over");
        sql(w, "UPDATE products SET category = 'due' WHERE sku = 'SKU-7'; "
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE application_name = 'batch'");
        report(ev_clockwork_run(&clockwork, now + SECOND) == 0 && shows(w, lots, "3 3 3"),
               "a lost session is trouble, too");
        report(ev_clockwork_run(&clockwork, now + 10 * SECOND) == 0 && w->connects == 1 &&
                       shows(w, lots, "4 4 4"),
               "it is connected again");
}

check_fn *const timer_checks[] = {
        what_is_due_is_done_once,
        locked_rows_are_passed_over,
        a_decide_looks_again,
        two_workers_never_do_one_twice,
        a_crash_leaves_all_or_nothing,
        an_unknown_commit_needs_no_settling,
        a_timer_runs_at_its_interval,
        keys_at_fault_are_passed_over,
        trouble_is_put_off,
        NULL,
};
