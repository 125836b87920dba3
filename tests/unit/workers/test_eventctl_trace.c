#include "support/unit.h"

#include <string.h>

#include "eventctl/trace.h"
#include "schemas/order.h"
#include "schemas/shipping.h"
#include "schemas/stock.h"

UNIT_SUITE(eventctl_trace);

static struct trace story;

static void begin(void)
{
        memset(&story, 0, sizeof(story));
        story.order_number = EV_STR("O-1");
        memcpy(story.manifest_id, "MAN-O-1", sizeof("MAN-O-1"));
}

static struct event_line fact_of(const struct ev_record *record, const char *subject)
{
        return (struct event_line){
                .event = { .type = record->name, .subject = ev_str_of(subject) },
                .record = record,
        };
}

static void add(enum trace_kind kind, int64_t at, int64_t seq, const char *database)
{
        story.steps[story.count++] = (struct trace_step){
                .kind = kind,
                .at = at,
                .seq = seq,
                .database = database,
        };
}

Test(eventctl_trace, steps_come_by_time_then_cause_then_number)
{
        begin();
        add(TRACE_FACT, 20, 7, "order_db");
        add(TRACE_FACT, 10, 6, "order_db");
        add(TRACE_FACT, 10, 5, "order_db");
        add(TRACE_INGRESS, 10, 0, "order_db");
        add(TRACE_FACT, 15, 1, "intl_shipping_db");
        trace_sort(&story);
        cr_assert_eq(story.steps[0].kind, TRACE_INGRESS);
        cr_assert_eq(story.steps[1].seq, 5);
        cr_assert_eq(story.steps[2].seq, 6);
        cr_assert_str_eq(story.steps[3].database, "intl_shipping_db");
        cr_assert_eq(story.steps[4].seq, 7);
}

Test(eventctl_trace, facts_of_another_order_are_another_story)
{
        struct event_line ours = fact_of(&order_accepted_record, "O-1");
        struct event_line theirs = fact_of(&order_accepted_record, "O-2");
        struct event_line manifest = fact_of(&manifest_drafted_record, "MAN-O-1");
        struct event_line other = fact_of(&manifest_drafted_record, "MAN-O-10");
        struct event_line stock = fact_of(&low_stock_detected_record, "SKU-1");

        begin();
        cr_assert_not(trace_is_of_another(&story, &ours));
        cr_assert(trace_is_of_another(&story, &theirs));
        cr_assert_not(trace_is_of_another(&story, &manifest));
        cr_assert(trace_is_of_another(&story, &other));
        cr_assert_not(trace_is_of_another(&story, &stock), "stock belongs to what caused it");
}

/* An outcome of one type of request names it; a refusal names it itself; others do not tell. */
Test(eventctl_trace, an_outcome_tells_what_it_is_the_outcome_of)
{
        struct order_request_declined declined = {
                .request_type = EV_STR("quenty.order.OrderCancellationRequested"),
        };
        struct event_line accepted = fact_of(&order_accepted_record, "O-1");
        struct event_line refused = fact_of(&order_request_declined_record, "O-1");
        struct event_line other = fact_of(&order_accepted_record, "O-1");

        accepted.event.outcome = EV_OUTCOME_ACCEPTED;
        cr_assert_eq(trace_cause_of(&accepted), &order_placed_record);
        refused.event.outcome = EV_OUTCOME_REFUSED;
        refused.value = &declined;
        cr_assert_eq(trace_cause_of(&refused), &order_cancellation_requested_record);
        cr_assert_null(trace_cause_of(&other), "no outcome");
}
