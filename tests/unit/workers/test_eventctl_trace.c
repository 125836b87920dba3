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
        story.about = TRACE_ABOUT_ORDER;
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
                .partition = -1,
                .offset = -1,
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
        trace_grow(&story);
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

/* Another order's fact that caused something here is a part of the story, its other effects are
 * not. */
Test(eventctl_trace, what_caused_something_of_the_story_is_in_it)
{
        struct event_line theirs = fact_of(&order_accepted_record, "O-2");

        begin();
        theirs.event.id = EV_STR("f-1");
        cr_assert(trace_is_of_another(&story, &theirs));
        add(TRACE_FACT, 10, 1, "order_db");
        story.steps[0].line.event.causation_id = EV_STR("f-1");
        cr_assert_not(trace_is_of_another(&story, &theirs));
}

/* ---- What an id is ---- */

static void ask(const char *id)
{
        memset(&story, 0, sizeof(story));
        story.id = ev_str_of(id);
        cr_assert(trace_name_order(&story, story.id));
}

static struct trace_step *add_fact(const struct ev_record *record, const char *subject,
                                   const char *id, const char *cause)
{
        struct trace_step *step = &story.steps[story.count];

        add(TRACE_FACT, (int64_t)(10 * story.count), (int64_t)story.count + 1, "order_db");
        step->line = fact_of(record, subject);
        step->line.event.id = ev_str_of(id);
        step->line.event.causation_id = ev_str_of(cause);
        return step;
}

Test(eventctl_trace, an_order_is_known_by_what_is_about_it)
{
        ask("O-1");
        add_fact(&order_accepted_record, "O-1", "f-1", "e-1");
        add_fact(&order_accepted_record, "O-2", "f-2",
                 "O-1"); /* an event has its number as its id */
        trace_classify(&story);
        cr_assert_eq(story.about, TRACE_ABOUT_ORDER);
        cr_assert(ev_str_equal(story.order_number, EV_STR("O-1")));
        cr_assert_str_eq(story.manifest_id, "MAN-O-1");
        cr_assert_eq(story.count, 1, "what is about another one is dropped");
}

Test(eventctl_trace, a_manifest_stands_for_its_order)
{
        struct manifest_drafted drafted = { .unique_id = EV_STR("MAN-O-1"),
                                            .order_number = EV_STR("O-1") };
        struct manifest_drafted by_hand = { .unique_id = EV_STR("M-7") };

        ask("MAN-O-1");
        add_fact(&manifest_drafted_record, "MAN-O-1", "f-1", "e-1")->line.value = &drafted;
        trace_classify(&story);
        cr_assert(ev_str_equal(story.order_number, EV_STR("O-1")));
        cr_assert_str_eq(story.manifest_id, "MAN-O-1");

        ask("M-7");
        add_fact(&manifest_drafted_record, "M-7", "f-1", "e-1")->line.value = &by_hand;
        trace_classify(&story);
        cr_assert(ev_str_is_null(story.order_number), "it has no order");
        cr_assert_str_eq(story.manifest_id, "M-7");
        cr_assert_eq(story.count, 1);
}

Test(eventctl_trace, an_event_is_known_by_its_id_or_by_its_effects)
{
        ask("e-1");
        add_fact(&order_accepted_record, "O-1", "f-1", "e-1");
        trace_classify(&story);
        cr_assert_eq(story.about, TRACE_ABOUT_EVENT);
        cr_assert(ev_str_is_null(story.order_number));
        cr_assert_eq(story.count, 1, "whatever order it is about");

        ask("f-1");
        add_fact(&order_accepted_record, "O-1", "f-1", "e-1");
        trace_classify(&story);
        cr_assert_eq(story.about, TRACE_ABOUT_EVENT);

        ask("nobody");
        trace_classify(&story);
        cr_assert_eq(story.about, TRACE_ABOUT_ORDER,
                     "it may be an order of which nothing is known");
}

/* ---- The tree ---- */

/* An event, what it caused in order_db, what that caused elsewhere; and what has no cause. */
static void grow(void)
{
        ask("O-1");
        story.about = TRACE_ABOUT_ORDER;
        add_fact(&order_accepted_record, "O-1", "f-0", "e-1");
        add_fact(&order_confirmed_record, "O-1", "f-1", "e-1");
        add_fact(&reservation_expired_record, "O-1", "f-2", NULL);
        add_fact(&manifest_drafted_record, "MAN-O-1", "f-3", "f-0");
        story.steps[3].database = "intl_shipping_db";
        add(TRACE_INGRESS, 0, 0, "order_db");
        story.steps[4].line.event.id = EV_STR("e-1");
        story.steps[4].sent_at = 1;
        add(TRACE_PARKED, 50, 0, "intl_shipping_db");
        story.steps[5].line.event.id = EV_STR("f-1");
        story.steps[5].reason = EV_STR("poison");
        trace_grow(&story);
}

Test(eventctl_trace, effects_stand_below_their_causes)
{
        static const struct {
                const char *id;
                int32_t cause, depth;
        } wanted[] = { { "e-1", TRACE_NONE, 0 }, { "f-0", 0, 1 }, { "f-1", 0, 1 },
                       { "f-2", TRACE_NONE, 0 }, { "f-3", 1, 2 }, { "f-1", 2, 2 } };
        static const int32_t tree[] = { 0, 1, 4, 2, 5, 3 };

        grow();
        for (size_t i = 0; i < EV_ARRAY_SIZE(wanted); ++i) {
                cr_assert(ev_str_equal(story.steps[i].line.event.id, ev_str_of(wanted[i].id)),
                          "%zu", i);
                cr_assert_eq(story.steps[i].cause, wanted[i].cause, "%zu", i);
                cr_assert_eq(story.steps[i].depth, wanted[i].depth, "%zu", i);
                cr_assert_eq(story.tree[i], tree[i], "%zu", i);
        }
        cr_assert_eq(story.steps[5].kind, TRACE_PARKED,
                     "in the place of the effects of what it is");
}

Test(eventctl_trace, a_hop_is_the_time_since_the_cause)
{
        grow();
        cr_assert_eq(trace_latency(&story, &story.steps[4]), 30);
        cr_assert_eq(trace_latency(&story, &story.steps[0]), -1, "sent to taken, clocks differ");
        cr_assert_eq(trace_latency(&story, &story.steps[3]), TRACE_NO_TIME, "it has no cause");
        story.steps[1].at = 5250;
        story.steps[1].sent_at = 5000;
        cr_assert_eq(trace_publishing(&story.steps[1]), TRACE_NO_TIME, "the record has its time");
        story.steps[1].sent_at = 8000;
        cr_assert_eq(trace_publishing(&story.steps[1]), 3000, "the record has its log's time");
}

/* Somebody has made rows by hand. */
Test(eventctl_trace, a_loop_is_cut)
{
        ask("O-1");
        story.about = TRACE_ABOUT_ORDER;
        add_fact(&order_accepted_record, "O-1", "f-0", "f-2");
        add_fact(&order_confirmed_record, "O-1", "f-1", "f-0");
        add_fact(&order_cancelled_record, "O-1", "f-2", "f-1");
        trace_grow(&story);
        for (int32_t i = 0; i < 3; ++i) {
                cr_assert_eq(story.tree[i], i);
                cr_assert_eq(story.steps[i].depth, i);
        }
}

/* ---- The picture ---- */

static struct ev_buffer picture;

static const char *draw(void)
{
        picture = EV_BUFFER_INIT(1024 * 1024);
        cr_assert_eq(trace_write_mermaid(&story, &picture), 0);
        cr_assert_eq(ev_buffer_append(&picture, "", 1), 0);
        return (const char *)picture.data;
}

static size_t count_of(const char *text, const char *what)
{
        size_t count = 0;

        for (; (text = strstr(text, what)); ++text)
                ++count;
        return count;
}

Test(eventctl_trace, a_picture_has_a_node_for_each_step_and_an_edge_for_each_effect)
{
        const char *text;

        grow();
        text = draw();
        cr_assert_eq(count_of(text, "flowchart TD\n"), 1);
        cr_assert_eq(count_of(text, " -->|\"0 ms\"| "), 4);
        cr_assert_not_null(strstr(text, "n0([\"an event<br/>e-1<br/>order_db\"])\n"), "%s", text);
        cr_assert_not_null(strstr(text, "n1[\"OrderAccepted<br/>O-1<br/>order_db #35;1\"]"), "%s",
                           text);
        cr_assert_not_null(strstr(text, "n5[/\"PARKED: poison"), "%s", text);
        cr_assert_not_null(strstr(text, "\"/]:::bad\n"), "%s", text);
        cr_assert_lt(strstr(text, "    n0("), strstr(text, "    n0 -->"),
                     "nodes before their edges");
        ev_buffer_done(&picture);
}

/* What ends a label, what Mermaid, Markdown and HTML read, and what moves a cursor. */
Test(eventctl_trace, a_strangers_text_ends_no_label)
{
        const char *text;

        grow();
        story.steps[0].line.event.id = EV_STR("\"]; <b>&`#%%|{}\n\\ é");
        text = draw();
        cr_assert_not_null(strstr(text, "#34;#93;#59; #60;b#62;#38;#96;#35;#37;#37;#124;#123;#125;"
                                        "#63;#92; é<br/>"),
                           "%s", text);
        ev_buffer_done(&picture);
}

Test(eventctl_trace, long_texts_are_cut_and_large_stories_counted)
{
        static char name[200];
        const char *text;

        ask("O-1");
        story.about = TRACE_ABOUT_ORDER;
        memset(name, '"', sizeof(name) - 1);
        for (int i = 0; i < 1000; ++i)
                add_fact(&order_accepted_record, name, name, NULL);
        trace_grow(&story);
        text = draw();
        cr_assert_lt(strlen(text), 50000, "Mermaid takes no more");
        cr_assert_eq(count_of(text, "    more[\"and "), 1);
        cr_assert_gt(count_of(text, "OrderAccepted"), 100);
        ev_buffer_done(&picture);
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
