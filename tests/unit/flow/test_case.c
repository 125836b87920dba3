#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "schemas/stock.h"
#include "support/decide.h"
#include "support/route.h"
#include "wire/record.h"

UNIT_SUITE(case);

/* A worker that does what the test says: one table of counters, in place of a domain. */

struct counter {
        struct ev_row row;
        int32_t id;
        struct ev_str sku;
        int32_t quantity;
        struct ev_str secret;
};

static const struct ev_table_column columns[] = {
        EV_COLUMN(struct counter, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct counter, sku, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct counter, quantity, INT4, 0),
        EV_COLUMN(struct counter, secret, TEXT, 0),
};

static const struct ev_table counters = {
        .name = "counters",
        .row_size = sizeof(struct counter),
        .columns = columns,
        .column_count = EV_ARRAY_SIZE(columns),
        .find_by = &columns[1],
        .drawn = &columns[0],
        .sequence = "counters_id_seq",
};

static const struct ev_table *const tables[] = { &counters };

static int (*next_decide)(struct ev_case *c, const struct goods_received *event);
static unsigned decided;

static int decide_as_told(struct ev_case *c, const void *event)
{
        ++decided;
        return next_decide(c, event);
}

static struct ev_fact_head head_of_received;

static int fold_received(struct ev_rows *rows, const struct ev_fact_head *head, const void *value)
{
        const struct stock_received *fact = value;
        const struct counter *counter = ev_rows_find(rows, &counters, fact->sku);

        head_of_received = *head;
        cr_assert_eq(head->time, 1700000000000000);
        cr_assert(ev_str_equal(head->causation_id, EV_STR("event-1")) ||
                  ev_str_equal(head->causation_id, EV_STR("event-2")));
        if (!counter)
                return ev_rows_add(rows, &counters,
                                   &(struct counter){ .sku = fact->sku,
                                                      .quantity = fact->quantity },
                                   NULL);
        ((struct counter *)ev_rows_change(rows, counter))->quantity += fact->quantity;
        return 0;
}

static int decide_fact_as_told(struct ev_case *c, const void *fact)
{
        (void)fact;
        return decide_as_told(c, NULL);
}

static struct ev_fact_head folded;

static int fold_restored(struct ev_rows *rows, const struct ev_fact_head *head, const void *value)
{
        const struct stock_restored *fact = value;

        folded = *head;
        if (ev_rows_find(rows, &counters, fact->sku))
                return 0;
        return ev_rows_add(rows, &counters,
                           &(struct counter){ .sku = fact->sku,
                                              .quantity = (int32_t)head->sequence },
                           NULL);
}

static const struct ev_route routes[] = {
        { &goods_received_record, want_nothing, decide_as_told },
        { &low_stock_detected_record, want_nothing, decide_fact_as_told },
        { &stock_restored_record, want_nothing, NULL },
};
static const struct ev_fold folds[] = { { &stock_received_record, want_nothing, fold_received },
                                        { &stock_restored_record, want_nothing, fold_restored } };
static const char *const topics[] = { "quenty.stock.events.v1", NULL };

static const struct ev_worker worker = {
        .name = "test",
        .database = "order_db",
        .migration = 1,
        .facts_topics = topics,
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
        .folds = folds,
        .fold_count = EV_ARRAY_SIZE(folds),
        .tables = tables,
        .table_count = EV_ARRAY_SIZE(tables),
};

static const struct goods_received event = {
        .sku = EV_STR_INIT("A"),
        .location = EV_STR_INIT("NORTH"),
        .quantity = 3,
        .reference_number = EV_STR_INIT("R"),
        .received_by = EV_STR_INIT("me"),
};

static struct stock_received fact_of(const struct goods_received *received)
{
        return (struct stock_received){ .sku = received->sku,
                                        .company_id = EV_STR("C-1"),
                                        .location = received->location,
                                        .quantity = received->quantity,
                                        .created_by = received->received_by };
}

static struct low_stock_detected low_of(struct ev_str company)
{
        return (struct low_stock_detected){ .sku = EV_STR("A"),
                                            .company_id = company,
                                            .location = EV_STR("NORTH") };
}

static int decide_with(struct decide *t,
                       int (*how)(struct ev_case *, const struct goods_received *))
{
        next_decide = how;
        return decide(t, &goods_received_record, &event);
}

/* ---- Announcing ---- */

static int accept(struct ev_case *c, const struct goods_received *received)
{
        struct stock_received fact = fact_of(received);

        return stock_received_announce(c, &fact);
}

static int accept_and_look(struct ev_case *c, const struct goods_received *received)
{
        const struct counter *counter;

        cr_assert_eq(accept(c, received), 0);
        counter = ev_rows_find(ev_rows_of(c), &counters, received->sku);
        cr_assert_not_null(counter);
        cr_assert_eq(counter->quantity % 3, 0);
        cr_assert_eq(ev_now(c), 1700000000000000);
        cr_assert_not(ev_last_try(c));
        return 0;
}

Test(case, a_fact_is_encoded_and_shows_in_the_rows_at_once)
{
        const struct stock_received *fact;
        const struct counter *counter;
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, accept_and_look), 0);
        fact = decide_fact(&t, &stock_received_record);
        cr_assert(ev_str_equal(fact->sku, EV_STR("A")));
        cr_assert_eq(fact->quantity, 3);
        cr_assert_eq(decide_with(&t, accept_and_look), 0);
        counter = ev_rows_find(t.rows, &counters, EV_STR("A"));
        cr_assert_eq(counter->quantity, 6, "the second event saw what the first one did");
        cr_assert_eq(counter->id, 1001);
        cr_assert_eq(t.cases.count, 2);
        decide_end(&t);
}

static int tell_three(struct ev_case *c, const struct goods_received *received)
{
        struct low_stock_detected low = low_of(EV_STR("C-1"));
        struct stock_received fact = fact_of(received);
        int r = low_stock_detected_announce(c, &low);

        if (r == 0)
                r = stock_received_announce(c, &fact);
        if (r == 0)
                r = stock_received_announce(c, &fact);
        return r;
}

Test(case, the_star_stands_on_the_first_outcome_only)
{
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, tell_three), 0);
        cr_assert_eq(t.facts_count, 3);
        cr_assert_eq(t.facts->outcome, EV_OUTCOME_NONE, "not an outcome of the request");
        cr_assert_eq(t.facts->next->outcome, EV_OUTCOME_ACCEPTED);
        cr_assert_eq(t.facts->next->next->outcome, EV_OUTCOME_NONE);
        cr_assert_eq(t.c.outcome, t.facts->next);
        for (const struct ev_announced *fact = t.facts; fact; fact = fact->next) {
                cr_assert(ev_str_equal(fact->causation_id, EV_STR("event-1")));
                cr_assert(ev_str_equal(fact->causation_source, EV_STR("/test")));
        }
        decide_end(&t);
}

static int do_nothing(struct ev_case *c, const struct goods_received *received)
{
        (void)c;
        (void)received;
        return 0;
}

Test(case, a_request_without_its_outcome_is_a_bug_that_stops)
{
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, do_nothing), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        decide_end(&t);
}

Test(case, a_fact_needs_no_outcome)
{
        const struct low_stock_detected fact = low_of(EV_STR("C-1"));
        struct decide t;

        decide_begin(&t, &worker);
        next_decide = do_nothing;
        cr_assert_eq(decide(&t, &low_stock_detected_record, &fact), 0);
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);
}

static int wait_for_it(struct ev_case *c, const struct goods_received *received)
{
        (void)received;
        return ev_wait(c, "a thing");
}

static int park_it(struct ev_case *c, const struct goods_received *received)
{
        (void)received;
        return ev_park(c, "a reason");
}

Test(case, waiting_and_parking_are_passed_up_with_their_reason)
{
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, wait_for_it), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "a thing");
        cr_assert_eq(decide_with(&t, park_it), EV_PARKS);
        cr_assert_str_eq(t.c.reason, "a reason");
        cr_assert_eq(t.cases.count, 0);
        decide_end(&t);
}

/* ---- Refusing and repeating ---- */

static int refuse(struct ev_case *c, const struct goods_received *received)
{
        return ev_refuse(c, STOCK_REASON_INSUFFICIENT_STOCK, "%d of %s", received->quantity, "A");
}

Test(case, a_refusal_copies_the_ids_and_names_the_type)
{
        const struct stock_request_declined *fact;
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, refuse), 0);
        fact = decide_fact(&t, &stock_request_declined_record);
        cr_assert(ev_str_equal(fact->sku, EV_STR("A")));
        cr_assert(ev_str_is_null(fact->order_number));
        cr_assert(ev_str_is_null(fact->company_id));
        cr_assert_eq(fact->reason, STOCK_REASON_INSUFFICIENT_STOCK);
        cr_assert(ev_str_equal(fact->detail, EV_STR("3 of A")));
        cr_assert(ev_str_equal(fact->request_type, EV_STR("quenty.stock.GoodsReceived")));
        cr_assert_eq(t.facts->outcome, EV_OUTCOME_REFUSED);
        decide_end(&t);
}

static int refuse_at_length(struct ev_case *c, const struct goods_received *received)
{
        static char text[2 * EV_REASON_TEXT_MAX + 1];

        (void)received;
        for (size_t i = 0; i < sizeof(text) - 1; ++i)
                text[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        return ev_refuse(c, STOCK_REASON_OTHER, "%s", text);
}

/* The limit of the detail falls inside of a character, which no reader would accept. */
Test(case, a_long_detail_is_cut_between_characters)
{
        const struct stock_request_declined *fact;
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, refuse_at_length), 0, "%s", ev_error_last()->text);
        fact = decide_fact(&t, &stock_request_declined_record);
        cr_assert_eq(fact->detail.size, EV_REASON_TEXT_MAX - 2);
        cr_assert(ev_str_is_text(fact->detail));
        decide_end(&t);
}

static const struct ev_first_request first = { EV_STR_INIT("earlier"), EV_STR_INIT("outcome-id"),
                                               EV_STR_INIT("quenty.stock.StockReceived") };

Test(case, what_counts_is_a_repeat_at_once_and_is_not_decided)
{
        const struct stock_request_repeated *fact;
        struct decide t;

        decide_begin(&t, &worker);
        t.first_request = &first;
        decided = 0;
        cr_assert_eq(decide_with(&t, accept), 0);
        cr_assert_eq(decided, 0);
        fact = decide_fact(&t, &stock_request_repeated_record);
        cr_assert(ev_str_equal(fact->sku, EV_STR("A")));
        cr_assert(ev_str_equal(fact->first_event_id, EV_STR("earlier")));
        cr_assert(ev_str_equal(fact->outcome_event_id, EV_STR("outcome-id")));
        cr_assert(ev_str_equal(fact->outcome_type, EV_STR("quenty.stock.StockReceived")));
        cr_assert(ev_str_equal(fact->request_type, EV_STR("quenty.stock.GoodsReceived")));
        cr_assert_eq(t.facts->outcome, EV_OUTCOME_REPEATED);
        cr_assert_eq(t.facts_count, 1);
        cr_assert_null(ev_rows_find(t.rows, &counters, EV_STR("A")));
        decide_end(&t);
}

static int repeat_or_accept(struct ev_case *c, const struct goods_received *received)
{
        int r = ev_repeat(c);

        cr_assert_eq(r, 0, "no accepted request is known");
        return accept(c, received);
}

Test(case, without_an_accepted_request_nothing_is_a_repeat)
{
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, repeat_or_accept), 0);
        cr_assert_eq(decide_count(&t, &stock_received_record), 1);
        decide_end(&t);
}

/* ---- The envelope of a fact ---- */

Test(case, a_fact_carries_on_the_trace_with_a_span_of_its_own)
{
        static const struct ev_str parent =
                EV_STR_INIT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        const struct ev_announced *fact;
        struct decide t;

        decide_begin(&t, &worker);
        t.event.traceparent = parent;
        t.event.tracestate = EV_STR("vendor=1");
        t.event.correlation_id = EV_STR("talk");
        cr_assert_eq(decide_with(&t, tell_three), 0);
        fact = t.facts;
        cr_assert_eq(fact->traceparent.size, 55);
        cr_assert_eq(memcmp(fact->traceparent.data, parent.data, 36), 0);
        cr_assert_neq(memcmp(fact->traceparent.data + 36, parent.data + 36, 16), 0);
        cr_assert_eq(memcmp(fact->traceparent.data + 52, "-01", 3), 0);
        cr_assert_not(ev_str_equal(fact->traceparent, fact->next->traceparent));
        cr_assert(ev_str_equal(fact->tracestate, EV_STR("vendor=1")));
        cr_assert(ev_str_equal(fact->correlation_id, EV_STR("talk")));

        t.event.traceparent = t.event.tracestate = t.event.correlation_id = EV_STR_NULL;
        cr_assert_eq(decide_with(&t, tell_three), 0);
        cr_assert(ev_str_is_null(t.facts->traceparent));
        cr_assert(ev_str_equal(t.facts->correlation_id, EV_STR("event-2")), "its own id");
        decide_end(&t);
}

static struct ev_str company;

static int tell_of_company(struct ev_case *c, const struct goods_received *received)
{
        struct low_stock_detected low = low_of(company);

        (void)received;
        low.sku = company; /* the subject */
        return low_stock_detected_announce(c, &low) < 0 ? EV_FAILED : refuse(c, received);
}

/* The company, else the key of the cause, else the subject; and none of them longer than its
 * header. */
Test(case, the_key_is_the_company_else_that_of_the_cause_else_the_subject)
{
        static char long_name[2000];
        struct decide t;

        memset(long_name, 'x', sizeof(long_name));
        decide_begin(&t, &worker);
        company = EV_STR("C-9");
        cr_assert_eq(decide_with(&t, tell_of_company), 0);
        cr_assert(ev_str_equal(t.facts->key, EV_STR("C-9")));
        cr_assert(ev_str_equal(t.facts->subject, EV_STR("C-9")));
        cr_assert(ev_str_equal(t.facts->next->key, EV_STR("KEY")), "a refusal without company");
        cr_assert(ev_str_equal(t.facts->next->subject, EV_STR("A")));

        t.event.key = EV_STR_NULL;
        company = EV_STR("");
        cr_assert_eq(decide_with(&t, tell_of_company), 0);
        cr_assert(ev_str_equal(t.facts->next->key, EV_STR("A")));

        company = (struct ev_str){ long_name, sizeof(long_name) };
        cr_assert_eq(decide_with(&t, tell_of_company), 0);
        cr_assert_eq(t.facts->key.size, EV_ENVELOPE_KEY_MAX);
        cr_assert_eq(t.facts->subject.size, EV_ENVELOPE_TEXT_MAX);
        decide_end(&t);
}

/* "" is a sku as good as any other, until somebody looks at it. */
Test(case, a_refusal_of_a_request_about_nobody_is_about_the_request)
{
        const struct goods_received about_nobody = { .sku = EV_STR("") };
        struct decide t;

        decide_begin(&t, &worker);
        t.event.key = EV_STR_NULL;
        next_decide = refuse;
        cr_assert_eq(decide(&t, &goods_received_record, &about_nobody), 0);
        cr_assert(ev_str_equal(t.facts->subject, EV_STR("event-1")));
        cr_assert(ev_str_equal(t.facts->key, EV_STR("event-1")));
        decide_end(&t);
}

/* ---- Routes ---- */

Test(case, a_route_knows_its_outcomes)
{
        struct ev_routed routed;

        cr_assert_eq(ev_routed_resolve(&routed, &routes[0]), 0);
        cr_assert_eq(routed.outcome_count, 3);
        cr_assert_eq(routed.refused, &stock_request_declined_record);
        cr_assert_eq(routed.repeated, &stock_request_repeated_record);
}

Test(case, an_outcome_without_a_schema_stops)
{
        static const struct ev_str outcomes[] = { EV_STR_INIT("quenty.stock.NoSuchFact") };
        struct ev_contract contract = *goods_received_record.contract;
        struct ev_record record = goods_received_record;
        const struct ev_route route = { &record, want_nothing, decide_as_told };
        struct ev_routed routed;

        contract.outcomes = outcomes;
        contract.outcomes_count = EV_ARRAY_SIZE(outcomes);
        record.contract = &contract;
        cr_assert_eq(ev_routed_resolve(&routed, &route), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
}

static int reserve_too_much(struct ev_case *c, const struct goods_received *received)
{
        enum { LOTS = 9000 };
        static struct stock_lot_quantity lots[LOTS];
        static char name[201];

        (void)received;
        memset(name, 'x', sizeof(name) - 1);
        for (size_t i = 0; i < LOTS; ++i)
                lots[i] = (struct stock_lot_quantity){ .sku = ev_str_of(name),
                                                       .location = EV_STR("NORTH") };
        return stock_reserved_announce(c, &(struct stock_reserved){ .order_number = EV_STR("O-1"),
                                                                    .company_id = EV_STR("C"),
                                                                    .lots = lots,
                                                                    .lots_count = LOTS });
}

/* No topic would take it; committed, it would stop the relay for good. */
Test(case, a_fact_that_is_too_large_is_the_fault_of_its_event)
{
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_with(&t, reserve_too_much), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        cr_assert_not_null(strstr(ev_error_last()->text, "quenty.stock.StockReserved"));
        cr_assert_eq(t.cases.count, 0);
        decide_end(&t);
}

/* ---- Facts of others ---- */

/* What the envelope says is what an older fact is known by. */
Test(case, a_fact_without_a_decide_is_given_to_its_fold)
{
        const struct stock_restored fact = { .sku = EV_STR("A"),
                                             .company_id = EV_STR("C-1"),
                                             .location = EV_STR("NORTH") };
        char id[EV_UUID_TEXT_MAX];
        struct decide t;

        decide_begin(&t, &worker);
        t.event.source = EV_STR("/quenty/customer_db/1/1");
        t.event.causation_id = EV_STR("its-cause");
        t.event.sequence = 41;
        cr_assert_eq(decide(&t, &stock_restored_record, &fact), 0);
        cr_assert_not_null(ev_rows_find(t.rows, &counters, EV_STR("A")));
        cr_assert_eq(t.facts_count, 0);
        cr_assert_eq(folded.sequence, 41);
        cr_assert_eq(folded.time, 1700000000000000);
        cr_assert(ev_str_equal(folded.source, EV_STR("/quenty/customer_db/1/1")));
        cr_assert(ev_str_equal(folded.causation_id, EV_STR("its-cause")));
        ev_uuid_format(&folded.id, id);
        cr_assert_str_eq(id, "018bcfe5-6800-7000-8000-000000000001");
        cr_assert_eq(decide(&t, &stock_restored_record, &fact), 0);
        cr_assert_eq(folded.sequence, 42);
        decide_end(&t);
}

Test(case, a_fact_whose_id_is_no_uuid_is_at_fault)
{
        const struct stock_restored fact = { .sku = EV_STR("A") };
        struct ev_routed routed;
        struct decide t;

        decide_begin(&t, &worker);
        t.is_not_rebuilt = true;
        cr_assert_eq(decide(&t, &stock_restored_record, &fact), 0);
        cr_assert_eq(ev_routed_resolve(&routed, &routes[2]), 0);
        t.event.id = EV_STR("no-uuid");
        t.c.routed = &routed;
        cr_assert_eq(ev_case_decide(&t.c), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        decide_end(&t);
}

static int ignore_it(struct ev_case *c, const struct goods_received *none)
{
        (void)none;
        return ev_ignore(c, "too late");
}

Test(case, a_fact_that_comes_too_late_is_ignored)
{
        const struct low_stock_detected fact = low_of(EV_STR("C-1"));
        struct decide t;

        decide_begin(&t, &worker);
        next_decide = ignore_it;
        cr_assert_eq(decide(&t, &low_stock_detected_record, &fact), 0);
        cr_assert(t.c.is_ignored);
        cr_assert_str_eq(t.c.reason, "too late");
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);
}

Test(case, a_fact_announced_here_has_no_sequence_yet)
{
        const struct low_stock_detected fact = low_of(EV_STR("C-1"));
        struct decide t;

        decide_begin(&t, &worker);
        next_decide = do_nothing;
        cr_assert_eq(decide(&t, &low_stock_detected_record, &fact), 0);
        cr_assert_eq(t.event.sequence, 1);
        cr_assert_eq(decide_with(&t, accept), 0);
        cr_assert_null(head_of_received.source.data);
        cr_assert_eq(head_of_received.sequence, 0);
        decide_end(&t);
}

/* ---- What no fact carries ---- */

static int accept_with_secret(struct ev_case *c, const struct goods_received *received)
{
        char value[] = "hash";
        int r = accept(c, received);

        if (r == 0)
                r = ev_secret(c, &counters, received->sku, "secret", ev_str_of(value));
        value[0] = 'x'; /* it was copied */
        return r;
}

Test(case, a_secret_is_written_beside_the_facts)
{
        const struct counter *counter;
        struct decide t;

        decide_begin(&t, &worker);
        t.is_not_rebuilt = true;
        cr_assert_eq(decide_with(&t, accept_with_secret), 0);
        counter = ev_rows_find(t.rows, &counters, EV_STR("A"));
        cr_assert(ev_str_equal(counter->secret, EV_STR("hash")));
        cr_assert_eq(counter->quantity, 3);
        cr_assert_eq(t.facts_count, 1);
        decide_end(&t);
}

static int change_secret(struct ev_case *c, const struct goods_received *received)
{
        int r = ev_secret(c, &counters, EV_STR("B"), "secret", EV_STR("new"));

        return r < 0 ? r : accept(c, received);
}

Test(case, a_secret_of_a_loaded_row_is_saved)
{
        const struct ev_row *const *list;
        struct decide t;
        size_t count;

        decide_begin(&t, &worker);
        t.is_not_rebuilt = true;
        decide_put(&t, &counters,
                   &(struct counter){ .id = 7, .sku = EV_STR("B"), .secret = EV_STR("old") });
        cr_assert_eq(decide_with(&t, change_secret), 0);
        cr_assert_eq(ev_rows_collect(t.rows, &counters, EV_ROWS_UPDATED, &list, &count), 0);
        cr_assert_eq(count, 1);
        cr_assert(ev_str_equal(((const struct counter *)list[0])->secret, EV_STR("new")));
        decide_end(&t);
}

/* ---- Timers ---- */

static void want_due(struct ev_wants *wants, struct ev_str key)
{
        (void)wants;
        (void)key;
}

static struct ev_str conversation;

static int decide_due(struct ev_case *c, struct ev_str key)
{
        struct low_stock_detected low = low_of(EV_STR(""));

        if (ev_str_equal(key, EV_STR("not due")))
                return 0;
        low.sku = key;
        ev_correlate(c, conversation);
        return low_stock_detected_announce(c, &low);
}

static const struct ev_timer timer = {
        .name = "expire", .interval_ms = 1000, .want = want_due, .decide = decide_due
};

Test(case, what_time_made_has_no_cause)
{
        char id[EV_UUID_TEXT_MAX];
        struct decide t;

        decide_begin(&t, &worker);
        conversation = EV_STR("talk");
        cr_assert_eq(decide_timer(&t, &timer, EV_STR("O-1")), 0);
        cr_assert_eq(t.facts_count, 1);
        cr_assert(ev_str_is_null(t.facts->causation_id));
        cr_assert(ev_str_is_null(t.facts->causation_source));
        cr_assert(ev_str_is_null(t.facts->traceparent));
        cr_assert(ev_str_equal(t.facts->correlation_id, EV_STR("talk")));
        cr_assert_eq(t.facts->outcome, EV_OUTCOME_NONE);
        cr_assert(ev_str_equal(t.facts->key, EV_STR("O-1")), "no company and no cause: itself");

        conversation = EV_STR_NULL;
        cr_assert_eq(decide_timer(&t, &timer, EV_STR("O-2")), 0);
        ev_uuid_format(&t.facts->id, id);
        cr_assert(ev_str_equal(t.facts->correlation_id, ev_str_of(id)), "it begins a conversation");
        decide_end(&t);
}

Test(case, a_key_that_is_not_due_any_more_is_passed_over)
{
        struct decide t;

        decide_begin(&t, &worker);
        cr_assert_eq(decide_timer(&t, &timer, EV_STR("not due")), 0);
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);
}

/* ---- The tables of a worker ---- */

Test(case, a_worker_without_a_fold_for_what_it_only_folds_is_wrong)
{
        struct ev_worker wrong = worker;

        cr_assert(ev_worker_check(&wrong));
        wrong.fold_count = 1;
        cr_assert_not(ev_worker_check(&wrong));
}

Test(case, a_timer_asks_for_a_number_of_keys)
{
        static const uint32_t int4[] = { 23 }, int8[] = { 20 };
        static const struct ev_column texts[] = { { "key", 25, false } };
        static const struct ev_column maybe[] = { { "key", 25, true } };
        struct ev_statement due = {
                .name = "due",
                .params = int4,
                .params_count = 1,
                .columns = texts,
                .columns_count = 1,
        };
        struct ev_timer timed = timer;
        struct ev_worker with = worker;

        timed.due = &due;
        with.timers = &timed;
        with.timer_count = 1;
        cr_assert(ev_worker_check(&with));
        due.params = int8;
        cr_assert_not(ev_worker_check(&with));
        due.params = int4;
        due.columns = maybe;
        cr_assert_not(ev_worker_check(&with), "a key that is null names nobody");
}
