/* Everything that can happen to one order, in every order.
 *
 * What an event does depends on the rows that it finds, and on whether the same request was accepted
 * before, and on nothing else. So the states that an order can be in are followed from the first
 * one, each event is tried in each of them, and this goes on until no new state appears: every
 * interleaving of requests, the clock and shipping's facts, of any length, those too that shipping
 * would never send. In each state the laws hold. */

#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "schemas/shipping.h"
#include "support/rebuild.h"
#include "support/standing_order.h"

UNIT_SUITE(order_model);

enum {
        STATES_MAX = 1000,
        PATH_MAX_EVENTS = 32,
        DUMP_MAX = 64 * 1024,
};

/* Requests come first: their number is their place in struct state's `accepted`. */
enum model_event {
        CONFIRM,
        CANCEL_OLD,
        CANCEL_NEW,
        REQUESTS, /* told apart by their content */
        EXPIRE = REQUESTS,
        APPROVE,
        REJECT, /* for good */
        REJECT_AS_ASKED,
        REJECT_FOR_NOW,
        SHIP,
        DECLINE,
        MODEL_EVENTS,
};

/* How to come there, and what it looks like. */
struct state {
        enum model_event path[PATH_MAX_EVENTS];
        size_t length;
        char *dump; /* rows, and the requests that were accepted */
};

/* Where an order has been on its way. */
struct walk {
        struct decide t;
        bool accepted[REQUESTS];
        bool was_shipped, was_cancelled;
        size_t asked, answered; /* questions to shipping */
};

static const struct ev_first_request earlier = { .event_id = EV_STR_INIT("first"),
                                                 .outcome_event_id = EV_STR_INIT("fact"),
                                                 .outcome_type = EV_STR_INIT("a.Type") };

static void cancel(struct walk *walk, struct ev_str reason)
{
        struct order_cancellation_requested request = { .order_number = NUMBER,
                                                        .reason = reason,
                                                        .requested_by = EV_STR("shop") };

        cr_assert_eq(decide(&walk->t, &order_cancellation_requested_record, &request), 0);
}

static void reject(struct walk *walk, enum shipping_reason reason, bool retryable)
{
        struct manifest_rejected rejected = { .unique_id = EV_STR("MAN-O-1"),
                                              .order_number = NUMBER,
                                              .reason = reason,
                                              .retryable = retryable,
                                              .detail = EV_STR("papers") };

        cr_assert_eq(decide(&walk->t, &manifest_rejected_record, &rejected), 0);
}

static void happen(struct walk *walk, enum model_event event)
{
        struct decide *t = &walk->t;

        t->first_request = event < REQUESTS && walk->accepted[event] ? &earlier : NULL;
        switch (event) {
        case CONFIRM: cr_assert_eq(standing_event(t, ORDER_IS_CONFIRMED), 0); break;
        case CANCEL_OLD: cancel(walk, EV_STR("old")); break;
        case CANCEL_NEW: cancel(walk, EV_STR("new")); break;
        case EXPIRE: cr_assert_eq(standing_event(t, ORDER_EXPIRES), 0); break;
        case APPROVE: cr_assert_eq(standing_event(t, ORDER_MANIFEST_APPROVED), 0); break;
        case REJECT: reject(walk, SHIPPING_REASON_CUSTOMS_REJECTED, false); break;
        case REJECT_AS_ASKED: reject(walk, SHIPPING_REASON_ORDER_CANCELLED, false); break;
        case REJECT_FOR_NOW: reject(walk, SHIPPING_REASON_CUSTOMS_REJECTED, true); break;
        case SHIP: cr_assert_eq(standing_event(t, ORDER_MANIFEST_SHIPPED), 0); break;
        case DECLINE: cr_assert_eq(standing_event(t, ORDER_CANCELLATION_DECLINED), 0); break;
        case MODEL_EVENTS: break;
        }
}

/* A request has one outcome; nothing else has any. Nothing is said that changes nothing, and what is
 * passed over says nothing. */
static void check_facts(struct walk *walk, enum model_event event)
{
        const struct decide *t = &walk->t;
        size_t outcomes = 0;

        for (const struct ev_announced *fact = t->facts; fact; fact = fact->next) {
                outcomes += fact->outcome != EV_OUTCOME_NONE;
                if (fact->outcome == EV_OUTCOME_ACCEPTED)
                        walk->accepted[event] = true;
        }
        cr_assert_eq(outcomes, event < REQUESTS);
        cr_assert(!t->c.is_ignored || t->facts_count == 0);
        walk->asked += decide_count(t, &order_cancellation_pending_record);
        walk->answered += decide_count(t, &order_cancellation_declined_record);
}

/* Never both cancelled and shipped; a question is open as long as the order is marked and stands. */
static void check_order(struct walk *walk)
{
        enum order_status status = standing_status(&walk->t);

        standing_check_laws(&walk->t);
        walk->was_shipped |= status == ORDER_STATUS_SHIPPED;
        walk->was_cancelled |= status == ORDER_STATUS_CANCELLED;
        cr_assert_not(walk->was_shipped && walk->was_cancelled);
        if (walk->was_cancelled)
                return;
        cr_assert_eq(standing_extras(&walk->t)->has_cancel_requested_at,
                     walk->asked > walk->answered);
        cr_assert_leq(walk->answered, walk->asked);
        cr_assert_leq(walk->asked, walk->answered + 1, "one question at a time");
}

static void begin(struct walk *walk)
{
        *walk = (struct walk){ 0 };
        standing_begin(&walk->t, ORDER_STATUS_PENDING, true);
}

static void step(struct walk *walk, enum model_event event)
{
        happen(walk, event);
        check_facts(walk, event);
        check_order(walk);
}

/* Movements carry new ids each time; that there is one for each lot is what the lots' quantities
 * tell. */
static char *dump(struct walk *walk)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(DUMP_MAX);
        char *copy;

        rebuild_print(&walk->t, &movements_table, &text);
        for (int i = 0; i < REQUESTS; ++i)
                cr_assert_eq(ev_buffer_printf(&text, "%d", walk->accepted[i]), 0);
        copy = strndup((const char *)text.data, text.size);
        cr_assert_not_null(copy);
        return copy;
}

/* Facts folded into rows as they were before any of them make the same rows. */
static void check_rebuild(struct walk *walk)
{
        _cleanup_buffer_ struct ev_buffer live = EV_BUFFER_INIT(DUMP_MAX);
        _cleanup_buffer_ struct ev_buffer rebuilt = EV_BUFFER_INIT(DUMP_MAX);
        struct decide again;

        standing_begin(&again, ORDER_STATUS_PENDING, true);
        rebuild_fold(&again, &walk->t);
        rebuild_print(&walk->t, NULL, &live);
        rebuild_print(&again, NULL, &rebuilt);
        cr_assert(ev_str_equal(ev_buffer_str(&live), ev_buffer_str(&rebuilt)), "%.*s\n%.*s",
                  EV_STR_ARG(ev_buffer_str(&live)), EV_STR_ARG(ev_buffer_str(&rebuilt)));
        decide_end(&again);
}

static bool is_known(const struct state *states, size_t count, const char *text)
{
        for (size_t i = 0; i < count; ++i)
                if (strcmp(states[i].dump, text) == 0)
                        return true;
        return false;
}

/* The event in this state; a state that was not seen before goes to the end of the list. */
static void try_event(struct state *states, size_t *count, const struct state *from,
                      enum model_event event)
{
        struct state next = *from;
        struct walk walk;

        begin(&walk);
        for (size_t i = 0; i < from->length; ++i)
                step(&walk, from->path[i]);
        step(&walk, event);
        check_rebuild(&walk);
        next.dump = dump(&walk);
        decide_end(&walk.t);
        if (is_known(states, *count, next.dump)) {
                free(next.dump);
                return;
        }
        cr_assert_lt(*count, STATES_MAX);
        cr_assert_lt(next.length, PATH_MAX_EVENTS);
        next.path[next.length++] = event;
        states[(*count)++] = next;
}

/* Each state that the contract has must have been reached, or it shows nothing. */
static void check_reached(const struct state *states, size_t count)
{
        static const char *const wanted[] = { "\"confirmed\"", "\"processing\"", "\"shipped\"",
                                              "\"cancelled\"", "\"released\"",   "\"consumed\"",
                                              "\"new\"" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(wanted); ++i) {
                bool found = false;

                for (size_t k = 0; k < count; ++k)
                        found |= strstr(states[k].dump, wanted[i]) != NULL;
                cr_assert(found, "%s", wanted[i]);
        }
}

Test(order_model, every_interleaving_keeps_the_laws)
{
        static struct state states[STATES_MAX];
        struct walk walk;
        size_t count = 1;

        begin(&walk);
        standing_check_laws(&walk.t);
        states[0].dump = dump(&walk);
        decide_end(&walk.t);
        for (size_t i = 0; i < count; ++i)
                for (int event = 0; event < MODEL_EVENTS; ++event)
                        try_event(states, &count, &states[i], (enum model_event)event);
        check_reached(states, count);
        cr_log_info("%zu states", count);
        for (size_t i = 0; i < count; ++i)
                free(states[i].dump);
}

/* The same order at home: no fact of shipping moves it, whatever happens. */
Test(order_model, shipping_never_moves_an_order_that_stays_at_home)
{
        for (int status = 0; status < STATUSES; ++status)
                for (int event = APPROVE; event < MODEL_EVENTS; ++event) {
                        struct walk walk = { 0 };

                        standing_begin(&walk.t, (enum order_status)status, false);
                        happen(&walk, (enum model_event)event);
                        cr_assert_eq(walk.t.facts_count, 0);
                        cr_assert_eq(walk.t.c.is_ignored, event != REJECT_FOR_NOW);
                        decide_end(&walk.t);
                }
}
