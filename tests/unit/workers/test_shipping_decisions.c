/* What customs, carriers and order_db do to manifests, in every state and in every order. */

#include "support/unit.h"

#include <stdio.h>

#include "shipping/manifest.h"
#include "unit/workers/manifests.h"

UNIT_SUITE(shipping_decisions);

enum state { DRAFT, SUBMITTED, APPROVED, MENDABLE, FINAL, SHIPPED, DELIVERED, STATES };
enum event { APPROVE, RETRYABLE, FOR_GOOD, CANCEL, PICK_UP, EXPIRE, EVENTS };

static const char *const state_names[STATES] = { "draft",    "submitted", "approved", "mendable",
                                                 "rejected", "shipped",   "delivered" };
static const char *const event_names[EVENTS] = { "approve", "retryable", "for good",
                                                 "cancel",  "pick up",   "expire" };

/* What must happen: the state after it, or that it is illegal, declined, or nothing is said. */
enum { ILLEGAL = 100, DECLINED, SILENT };
static const int expected[STATES][EVENTS] = {
        [DRAFT] = { ILLEGAL, ILLEGAL, ILLEGAL, FINAL, ILLEGAL, FINAL },
        [SUBMITTED] = { APPROVED, MENDABLE, FINAL, FINAL, ILLEGAL, SILENT },
        [APPROVED] = { ILLEGAL, MENDABLE, FINAL, FINAL, SHIPPED, SILENT },
        [MENDABLE] = { ILLEGAL, ILLEGAL, ILLEGAL, FINAL, ILLEGAL, FINAL },
        [FINAL] = { ILLEGAL, ILLEGAL, ILLEGAL, SILENT, ILLEGAL, SILENT },
        [SHIPPED] = { ILLEGAL, ILLEGAL, ILLEGAL, DECLINED, ILLEGAL, SILENT },
        [DELIVERED] = { ILLEGAL, ILLEGAL, ILLEGAL, DECLINED, ILLEGAL, SILENT },
};

static struct customs_decision_reported decision(bool approved)
{
        struct customs_decision_reported event = { .unique_id = EV_STR("MAN-O-1"),
                                                   .approved = approved,
                                                   .has_decided_at = true,
                                                   .decided_at = 1000 };

        if (approved)
                event.tracking_number = EV_STR("1Z999AA10123456784");
        else
                event.reason = EV_STR("value declared too low");
        return event;
}

static const struct pickup_reported pickup = { .unique_id = EV_STR_INIT("MAN-O-1"),
                                               .at = 2000,
                                               .carrier = EV_STR_INIT("CARGO-7") };
static const struct order_cancellation_pending cancellation = {
        .order_number = EV_STR_INIT("O-1"),
        .company_id = EV_STR_INIT("C-1"),
        .status = ORDER_STATUS_PROCESSING,
        .cancel_reason = EV_STR_INIT("changed my mind"),
        .requested_by = EV_STR_INIT("U-1"),
};

/* As if 7 days had passed: the time is in the row. */
static int expire(struct decide *t)
{
        const struct manifest *manifest = find_manifest(t->rows, EV_STR("MAN-O-1"));
        const struct manifest_order *row = order_of(t->rows, manifest);
        struct manifest_order *change = ev_rows_change(t->rows, row);

        if (row->has_retry_until)
                change->retry_until = t->cases.now;
        t->is_not_rebuilt = true;
        return decide_timer(t, &shipping_timers[0], EV_STR("MAN-O-1"));
}

static int happen(struct decide *t, enum event event)
{
        struct customs_decision_reported decided = decision(event == APPROVE);

        switch (event) {
        case RETRYABLE:
        case FOR_GOOD:
        case APPROVE:
                decided.retryable = event == RETRYABLE;
                return decide(t, &customs_decision_reported_record, &decided);
        case CANCEL: return decide(t, &order_cancellation_pending_record, &cancellation);
        case PICK_UP: return decide(t, &pickup_reported_record, &pickup);
        case EXPIRE: return expire(t);
        case EVENTS: break;
        }
        return EV_FAILED;
}

static enum state state_of(struct decide *t)
{
        const struct manifest *manifest = find_manifest(t->rows, EV_STR("MAN-O-1"));
        const struct manifest_order *row = order_of(t->rows, manifest);

        for (int state = 0; state < STATES; ++state)
                if (state != MENDABLE &&
                    ev_str_equal(manifest->status, ev_str_of(state_names[state])))
                        return state == FINAL && row->retryable ? MENDABLE : (enum state)state;
        cr_assert_fail("a state that is none");
        return STATES;
}

/* Brings the manifest of order O-1 into a state, through events where there are any. */
static void begin_in(struct decide *t, enum state state)
{
        struct order order;

        begin(t);
        make_order(&order, "O-1");
        if (state == DRAFT)
                order.lines[0].hs_code = EV_STR_NULL;
        cr_assert_eq(confirm(t, &order), 0);
        if (state == APPROVED || state == SHIPPED || state == DELIVERED)
                cr_assert_eq(happen(t, APPROVE), 0);
        if (state == MENDABLE)
                cr_assert_eq(happen(t, RETRYABLE), 0);
        if (state == FINAL)
                cr_assert_eq(happen(t, FOR_GOOD), 0);
        if (state == SHIPPED || state == DELIVERED)
                cr_assert_eq(happen(t, PICK_UP), 0);
        if (state == DELIVERED) {
                struct manifest *manifest =
                        ev_rows_change(t->rows, find_manifest(t->rows, EV_STR("MAN-O-1")));

                manifest->status = EV_STR("delivered");
                t->is_not_rebuilt = true;
        }
        cr_assert_eq(state_of(t), state);
}

/* Lets an event happen and compares with the table above. */
static void check(struct decide *t, enum event event, const char *after)
{
        enum state before = state_of(t);
        int want = expected[before][event];
        const struct ev_record *facts[] = { &manifest_approved_record, &manifest_rejected_record,
                                            &manifest_shipped_record };
        size_t moved = 0;

        cr_assert_eq(happen(t, event), 0);
        for (size_t i = 0; i < EV_ARRAY_SIZE(facts); ++i)
                moved += decide_count(t, facts[i]);
        if (want < STATES) {
                cr_assert_eq((int)state_of(t), want, "%s%s in %s: now %s", after,
                             event_names[event], state_names[before], state_names[state_of(t)]);
                cr_assert(moved == 1 && t->facts_count == 1);
                return;
        }
        cr_assert_eq(state_of(t), before, "%s%s in %s: now %s", after, event_names[event],
                     state_names[before], state_names[state_of(t)]);
        cr_assert_eq(t->facts_count, want != SILENT, "%s%s in %s", after, event_names[event],
                     state_names[before]);
        cr_assert_eq(decide_count(t, &shipping_request_declined_record), want == ILLEGAL);
        cr_assert_eq(decide_count(t, &manifest_cancellation_declined_record), want == DECLINED);
}

Test(shipping_decisions, every_event_in_every_state)
{
        for (int state = 0; state < STATES; ++state)
                for (int event = 0; event < EVENTS; ++event) {
                        struct decide t;

                        begin_in(&t, (enum state)state);
                        check(&t, (enum event)event, "");
                        decide_end(&t);
                }
}

/* Whichever comes first wins, and the other sees it: no manifest is both cancelled and shipped. */
Test(shipping_decisions, every_two_events_in_every_state)
{
        for (int state = 0; state < STATES; ++state)
                for (int pair = 0; pair < EVENTS * EVENTS; ++pair) {
                        struct decide t;
                        char after[64];

                        begin_in(&t, (enum state)state);
                        check(&t, (enum event)(pair / EVENTS), "");
                        snprintf(after, sizeof(after), "%s, after %s: ", state_names[state],
                                 event_names[pair / EVENTS]);
                        check(&t, (enum event)(pair % EVENTS), after);
                        decide_end(&t);
                }
}

/* Whether the migration, from which the trigger is made, has the step. */
static bool migration_has(const char *from, const char *to)
{
        FILE *file = fopen(EV_MIGRATIONS "/intl_shipping_db/0014_manifest_status.up.sql", "r");
        char line[256], step[64];
        bool found = false;

        cr_assert_not_null(file);
        snprintf(step, sizeof(step), "    ('%s', '%s')", from, to);
        while (fgets(line, sizeof(line), file))
                found |= strncmp(line, step, strlen(step)) == 0;
        fclose(file);
        return found;
}

/* Whether the table in code has it. */
static bool code_has(enum manifest_status from, enum manifest_status to)
{
        for (size_t i = 0; i < manifest_steps_count; ++i)
                if (manifest_steps[i].effect == MANIFEST_MOVES && manifest_steps[i].from == from &&
                    manifest_steps[i].to == to)
                        return true;
        return false;
}

/* Revisions and deliveries are no events of this worker. */
Test(shipping_decisions, the_steps_are_those_of_the_migration)
{
        static const enum manifest_status others[][2] = {
                { MANIFEST_STATUS_DRAFT, MANIFEST_STATUS_DRAFT },
                { MANIFEST_STATUS_REJECTED, MANIFEST_STATUS_DRAFT },
                { MANIFEST_STATUS_SHIPPED, MANIFEST_STATUS_DELIVERED },
        };

        for (int from = 0; from < MANIFEST_STATUSES; ++from)
                for (int to = 0; to < MANIFEST_STATUSES; ++to) {
                        bool elsewhere = false;

                        for (size_t i = 0; i < EV_ARRAY_SIZE(others); ++i)
                                elsewhere |= (int)others[i][0] == from && (int)others[i][1] == to;
                        cr_assert_eq(code_has((enum manifest_status)from,
                                              (enum manifest_status)to) ||
                                             elsewhere,
                                     migration_has(manifest_status_enum.symbols[from].data,
                                                   manifest_status_enum.symbols[to].data),
                                     "%s > %s", manifest_status_enum.symbols[from].data,
                                     manifest_status_enum.symbols[to].data);
                }
}

static const struct shipping_request_declined *declined(struct decide *t,
                                                        enum shipping_reason reason)
{
        const struct shipping_request_declined *fact =
                decide_fact(t, &shipping_request_declined_record);

        cr_assert_eq(t->facts_count, 1);
        cr_assert_eq(fact->reason, reason, "%d: %.*s", fact->reason, EV_STR_ARG(fact->detail));
        return fact;
}

Test(shipping_decisions, approval_gives_the_number_and_counts_the_days_again)
{
        const struct manifest_approved *fact;
        const struct manifest *manifest;
        const struct manifest_order *row;
        struct decide t;

        begin(&t);
        manifest = submit(&t);
        cr_assert_eq(manifest->estimated_delivery, date(2026, 1, 21));
        /* On the Saturday after, and Monday is a holiday in Colombia: from Tuesday four days. */
        t.cases.now = date(2026, 1, 17) + EV_MICROS_PER_HOUR;
        decide_put(&t, &holidays_table,
                   &(struct holiday){ .country_id = 170,
                                      .day = (int32_t)ev_day_of_date(2026, 1, 19) });
        cr_assert_eq(happen(&t, APPROVE), 0);
        fact = decide_fact(&t, &manifest_approved_record);
        cr_assert_eq(fact->estimated_delivery, date(2026, 1, 26));
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_SUBMITTED);
        cr_assert_eq(fact->new_status, MANIFEST_STATUS_APPROVED);
        cr_assert(fact->has_decided_at && fact->decided_at == 1000);
        cr_assert(ev_str_equal(fact->order_number, EV_STR("O-1")));
        cr_assert_eq(decide_announced(&t, &manifest_approved_record)->outcome, EV_OUTCOME_ACCEPTED);

        manifest = find_manifest(t.rows, EV_STR("MAN-O-1"));
        cr_assert_eq(manifest->estimated_delivery, date(2026, 1, 26));
        cr_assert(ev_str_equal(manifest->tracking_number, EV_STR("1Z999AA10123456784")));
        cr_assert_eq(manifest->updated_at, t.cases.now);
        row = order_of(t.rows, manifest);
        cr_assert(row->has_approved_at && row->approved_at == t.cases.now);
        decide_end(&t);
}

/* The cut-off is that of the service that was selected: FEDEX, 19:00. */
Test(shipping_decisions, approval_looks_at_the_cut_off)
{
        for (int minute = 0; minute < 2; ++minute) {
                const struct manifest_approved *fact;
                struct decide t;

                begin(&t);
                submit(&t);
                t.cases.now = date(2026, 1, 15) + 19 * EV_MICROS_PER_HOUR - 1 + minute;
                cr_assert_eq(happen(&t, APPROVE), 0);
                fact = decide_fact(&t, &manifest_approved_record);
                cr_assert_eq(fact->estimated_delivery, date(2026, 1, minute ? 22 : 21));
                decide_end(&t);
        }
}

Test(shipping_decisions, refuses_tracking_numbers_that_are_none)
{
        static const char *const numbers[] = { NULL, "", "short", "lower case", "RR473124828GB" };
        struct decide t;

        begin(&t);
        submit(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(numbers); ++i) {
                struct customs_decision_reported event = decision(true);

                event.tracking_number = ev_str_of(numbers[i]);
                cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
                declined(&t, SHIPPING_REASON_INVALID_TRACKING);
                cr_assert_eq(state_of(&t), SUBMITTED);
        }
        decide_end(&t);
}

/* The pattern is that of the service that was selected, also when its carrier is suspended. */
Test(shipping_decisions, looks_at_the_pattern_of_the_selected_service)
{
        struct customs_decision_reported event = decision(true);
        struct service service = seeded_service(0);
        struct decide t;

        begin_without_services(&t);
        service.tracking_pattern = EV_STR("^JD[0-9]{10}$");
        decide_put(&t, &services_table, &service);
        submit(&t);
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        declined(&t, SHIPPING_REASON_INVALID_TRACKING);
        event.tracking_number = EV_STR("JD0123456789");
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        cr_assert_eq(state_of(&t), APPROVED);
        decide_end(&t);
}

static void submit_another(struct decide *t)
{
        struct order order;

        make_order(&order, "O-2");
        cr_assert_eq(confirm(t, &order), 0);
}

/* Whether it stands in the database or was given by an event before. */
Test(shipping_decisions, gives_a_tracking_number_once)
{
        struct customs_decision_reported event = decision(true);
        struct decide t;

        begin(&t);
        submit(&t);
        submit_another(&t);
        cr_assert_eq(happen(&t, APPROVE), 0);
        event.unique_id = EV_STR("MAN-O-2");
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        declined(&t, SHIPPING_REASON_DUPLICATE_TRACKING);

        decide_put(&t, &trackings_table,
                   &(struct tracking){ .tracking_number = EV_STR("12345678"),
                                       .unique_id = EV_STR("HAND-MADE") });
        event.tracking_number = EV_STR("12345678");
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        declined(&t, SHIPPING_REASON_DUPLICATE_TRACKING);
        event.tracking_number = EV_STR("12345679");
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        cr_assert_eq(decide_count(&t, &manifest_approved_record), 1);
        decide_end(&t);
}

/* A number that was given stays given: a rejection keeps it. */
Test(shipping_decisions, a_rejection_keeps_the_tracking_number)
{
        struct customs_decision_reported event = decision(true);
        struct decide t;

        begin_in(&t, APPROVED);
        cr_assert_eq(happen(&t, CANCEL), 0);
        cr_assert_not(ev_str_is_null(find_manifest(t.rows, EV_STR("MAN-O-1"))->tracking_number));
        submit_another(&t);
        event.unique_id = EV_STR("MAN-O-2");
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        declined(&t, SHIPPING_REASON_DUPLICATE_TRACKING);
        decide_end(&t);
}

Test(shipping_decisions, a_rejection_by_customs_can_be_mended_for_seven_days)
{
        const struct manifest_rejected *fact;
        const struct manifest_order *row;
        struct decide t;

        begin(&t);
        submit(&t);
        cr_assert_eq(happen(&t, RETRYABLE), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_eq(fact->reason, SHIPPING_REASON_CUSTOMS_REJECTED);
        cr_assert(fact->retryable);
        cr_assert(ev_str_equal(fact->detail, EV_STR("value declared too low")));
        cr_assert(fact->has_retry_until);
        cr_assert_eq(fact->retry_until, t.cases.now + 7 * EV_MICROS_PER_DAY);
        cr_assert(fact->has_decided_at && fact->decided_at == 1000);
        row = order_of(t.rows, find_manifest(t.rows, EV_STR("MAN-O-1")));
        cr_assert(ev_str_equal(row->rejection_code, EV_STR("CUSTOMS_REJECTED")));
        cr_assert(row->has_retryable && row->retryable);
        cr_assert(row->has_retry_until && row->retry_until == fact->retry_until);
        decide_end(&t);

        begin(&t);
        submit(&t);
        cr_assert_eq(happen(&t, FOR_GOOD), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_not(fact->retryable);
        cr_assert_not(fact->has_retry_until);
        decide_end(&t);
}

Test(shipping_decisions, a_rejection_needs_no_words)
{
        struct customs_decision_reported event = decision(false);
        const struct manifest_rejected *fact;
        struct decide t;

        begin(&t);
        submit(&t);
        event.reason = EV_STR_NULL;
        event.has_decided_at = false;
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &event), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_eq(fact->detail.size, 0);
        cr_assert_not(fact->has_decided_at);
        decide_end(&t);
}

Test(shipping_decisions, a_pickup_records_who_came_and_when)
{
        const struct manifest_shipped *fact;
        const struct manifest_order *row;
        struct decide t;

        begin_in(&t, APPROVED);
        cr_assert_eq(happen(&t, PICK_UP), 0);
        fact = decide_fact(&t, &manifest_shipped_record);
        cr_assert_eq(fact->at, 2000);
        cr_assert(ev_str_equal(fact->carrier, EV_STR("CARGO-7")));
        cr_assert(ev_str_equal(fact->tracking_number, EV_STR("1Z999AA10123456784")));
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_APPROVED);
        cr_assert_eq(decide_announced(&t, &manifest_shipped_record)->outcome, EV_OUTCOME_ACCEPTED);
        row = order_of(t.rows, find_manifest(t.rows, EV_STR("MAN-O-1")));
        cr_assert(row->has_shipped_at && row->shipped_at == 2000);
        decide_end(&t);
}

Test(shipping_decisions, a_pickup_says_who_came)
{
        struct pickup_reported event = pickup;
        char wide[256];
        struct decide t;

        begin_in(&t, APPROVED);
        event.carrier = EV_STR("");
        cr_assert_eq(decide(&t, &pickup_reported_record, &event), 0);
        declined(&t, SHIPPING_REASON_INVALID_FIELD);
        memset(wide, 'x', sizeof(wide));
        event.carrier = (struct ev_str){ wide, sizeof(wide) };
        cr_assert_eq(decide(&t, &pickup_reported_record, &event), 0);
        declined(&t, SHIPPING_REASON_INVALID_FIELD);
        event.carrier.size = 255;
        cr_assert_eq(decide(&t, &pickup_reported_record, &event), 0);
        cr_assert_eq(state_of(&t), SHIPPED);
        decide_end(&t);
}

/* Requests for a manifest that is not known wait, and are refused at the last try. */
Test(shipping_decisions, requests_wait_for_their_manifest)
{
        struct customs_decision_reported decided = decision(true);
        struct decide t;

        begin(&t);
        cr_assert_eq(happen(&t, PICK_UP), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "manifest");
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &decided), EV_WAITS);
        cr_assert_eq(t.facts_count, 0);
        t.is_last_try = true;
        cr_assert_eq(happen(&t, PICK_UP), 0);
        cr_assert(ev_str_equal(declined(&t, SHIPPING_REASON_UNKNOWN_MANIFEST)->unique_id,
                               EV_STR("MAN-O-1")));
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &decided), 0);
        declined(&t, SHIPPING_REASON_UNKNOWN_MANIFEST);

        /* What can never be right does not wait. */
        t.is_last_try = false;
        decided.tracking_number = EV_STR_NULL;
        cr_assert_eq(decide(&t, &customs_decision_reported_record, &decided), 0);
        declined(&t, SHIPPING_REASON_INVALID_TRACKING);
        decide_end(&t);
}

/* A fact is never refused: it waits, and is ignored in the end. */
Test(shipping_decisions, a_cancellation_waits_for_its_manifest)
{
        struct decide t;

        begin(&t);
        cr_assert_eq(happen(&t, CANCEL), EV_WAITS);
        t.is_last_try = true;
        cr_assert_eq(happen(&t, CANCEL), 0);
        cr_assert_eq(t.facts_count, 0);
        cr_assert(t.c.is_ignored);
        decide_end(&t);
}

Test(shipping_decisions, a_cancellation_leaves_another_companys_manifest_alone)
{
        struct order_cancellation_pending other = cancellation;
        struct decide t;

        begin_in(&t, SUBMITTED);
        other.company_id = EV_STR("C-2");
        cr_assert_eq(decide(&t, &order_cancellation_pending_record, &other), EV_WAITS);
        t.is_last_try = true;
        cr_assert_eq(decide(&t, &order_cancellation_pending_record, &other), 0);
        cr_assert_eq(t.facts_count, 0);
        cr_assert_eq(state_of(&t), SUBMITTED);
        decide_end(&t);
}

Test(shipping_decisions, a_cancellation_rejects_for_good)
{
        const struct manifest_rejected *fact;
        struct decide t;

        begin_in(&t, APPROVED);
        cr_assert_eq(happen(&t, CANCEL), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_eq(fact->reason, SHIPPING_REASON_ORDER_CANCELLED);
        cr_assert_not(fact->retryable);
        cr_assert_not(fact->has_retry_until);
        cr_assert(ev_str_equal(fact->detail, EV_STR("changed my mind")));
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_APPROVED);
        decide_end(&t);
}

/* A retryable rejection becomes final: its old status is rejected. */
Test(shipping_decisions, a_cancellation_makes_a_rejection_final)
{
        const struct manifest_rejected *fact;
        const struct manifest_order *row;
        struct decide t;

        begin_in(&t, MENDABLE);
        cr_assert_eq(happen(&t, CANCEL), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_REJECTED);
        row = order_of(t.rows, find_manifest(t.rows, EV_STR("MAN-O-1")));
        cr_assert_not(row->has_retry_until, "nothing is waited for any more");
        cr_assert(ev_str_equal(row->rejection_code, EV_STR("ORDER_CANCELLED")));
        decide_end(&t);
}

Test(shipping_decisions, a_cancellation_of_what_was_shipped_is_declined)
{
        const struct manifest_cancellation_declined *fact;
        struct decide t;

        begin_in(&t, SHIPPED);
        cr_assert_eq(happen(&t, CANCEL), 0);
        fact = decide_fact(&t, &manifest_cancellation_declined_record);
        cr_assert_eq(fact->status, MANIFEST_STATUS_SHIPPED);
        cr_assert_eq(fact->reason, SHIPPING_REASON_ALREADY_SHIPPED);
        cr_assert(ev_str_equal(fact->order_number, EV_STR("O-1")));
        cr_assert_eq(decide_announced(&t, &manifest_cancellation_declined_record)->outcome,
                     EV_OUTCOME_NONE);
        decide_end(&t);
}

/* The same again, under another id, where it changes nothing: a repeat if it was accepted, else
 * illegal. Where it would change something it is decided afresh. */
Test(shipping_decisions, repeats_by_state)
{
        static const struct ev_first_request first = { .event_id = EV_STR_INIT("first"),
                                                       .outcome_event_id = EV_STR_INIT("outcome"),
                                                       .outcome_type = EV_STR_INIT("type") };
        static const struct {
                enum state state;
                enum event event;
        } cases[] = { { APPROVED, APPROVE },
                      { MENDABLE, RETRYABLE },
                      { FINAL, FOR_GOOD },
                      { SHIPPED, PICK_UP } };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct decide t;

                begin_in(&t, cases[i].state);
                t.first_request = &first;
                cr_assert_eq(happen(&t, cases[i].event), 0);
                cr_assert_eq(t.facts_count, 1);
                cr_assert_eq(decide_count(&t, &shipping_request_repeated_record), 1);
                cr_assert_eq(state_of(&t), cases[i].state);
                decide_end(&t);
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct decide t;

                begin_in(&t, cases[i].event == PICK_UP ? APPROVED : SUBMITTED);
                t.first_request = &first;
                cr_assert_eq(happen(&t, cases[i].event), 0);
                cr_assert_eq(state_of(&t), cases[i].state);
                decide_end(&t);
        }
}
