/* What all that happens to a standing order shares: which rows it is about, where it stands, and
 * which step comes next. Decides ask the first, folds call order_set_status(); nothing is decided
 * here, and the table of steps alone says what is allowed. */

#include "lifecycle.h"

#include <assert.h>

enum { NUMBER_MAX = 250 }; /* characters, so that MAN- and the number fit a manifest's column */

void order_want(struct ev_wants *wants, struct ev_str order_number)
{
        assert(wants);

        ev_want(wants, WANT_ORDER, order_number);
}

void order_want_fact(struct ev_wants *wants, const void *fact)
{
        static_assert(offsetof(struct order_processing, order_number) == 0, "");
        static_assert(offsetof(struct order_shipped, order_number) == 0, "");
        static_assert(offsetof(struct order_cancelled, order_number) == 0, "");
        static_assert(offsetof(struct order_cancellation_pending, order_number) == 0, "");
        static_assert(offsetof(struct order_cancellation_declined, order_number) == 0, "");
        const struct ev_str *order_number = fact;

        assert(fact);

        order_want(wants, *order_number);
}

/* Spelled as in the database, whose CHECK knows no other word. */
enum order_status order_status_of(const struct order *order)
{
        int32_t status = ev_enum_index(&order_status_enum, order->status);

        assert(status >= 0 && status < ORDER_STATUS_UNKNOWN);

        return (enum order_status)status;
}

/* An order without extras was made by hand: shipping has never heard of it. */
bool order_goes_abroad(const struct ev_rows *rows, const struct order *order)
{
        const struct order_extras *extras = extras_of(rows, order);

        assert(order);

        return extras && !ev_str_equal(extras->origin_country, extras->destination_country);
}

const struct order_step *order_next_step(const struct ev_rows *rows, const struct order *order,
                                         enum order_event event)
{
        assert(event < ORDER_EVENTS);

        return order_step_of(event, order_status_of(order), order_goes_abroad(rows, order));
}

const char *misfit_of_number(struct ev_str order_number)
{
        assert(!ev_str_is_null(order_number));

        if (order_number.size == 0)
                return "order_number is empty";
        return ev_str_characters(order_number) > NUMBER_MAX
                       ? "order_number has more than 250 characters"
                       : NULL;
}

int order_of_request(struct ev_case *c, struct ev_str order_number, const struct order **ret_order)
{
        const struct order *order = find_order(ev_rows_of(c), order_number);
        const char *misfit = misfit_of_number(order_number);

        assert(misfit || order_number.size > 0);

        *ret_order = order;
        if (misfit)
                return ev_refuse(c, ORDER_REASON_INVALID_FIELD, "%s", misfit);
        if (!order && !ev_last_try(c))
                return ev_wait(c, "order");
        if (!order)
                return ev_refuse(c, ORDER_REASON_UNKNOWN_ORDER, "no order has this order_number");
        return 0;
}

int order_of_fact(const struct ev_rows *rows, struct ev_str order_number, const char *fact,
                  const struct order **ret_order)
{
        const struct order *order = find_order(rows, order_number);

        assert(fact);

        if (!order)
                return ev_fail(EV_VERDICT_STOP, "%s of %.*s: there is no such order", fact,
                               EV_STR_ARG(order_number));
        *ret_order = order;
        return 0;
}

int order_move(struct ev_rows *rows, const struct ev_fact_head *head, struct ev_str order_number,
               const char *fact, enum order_status status, const struct order **ret_order)
{
        struct order *changed;
        int r = order_of_fact(rows, order_number, fact, ret_order);

        assert(fact);

        if (r < 0)
                return ev_trace(r);
        assert(status < ORDER_STATUS_UNKNOWN);
        changed = ev_rows_change(rows, *ret_order);
        changed->status = order_status_enum.symbols[status];
        changed->updated_at = head->time;
        return 0;
}
