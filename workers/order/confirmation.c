/* Orders are confirmed: at once when they are placed, or by OrderConfirmationRequested.
 *
 * Only what holds stock for every line is confirmed: an order that waits for goods, or that is
 * short, is refused and may be asked for again. Its time limit may have passed: until the timer has
 * run (expiry.c) nothing was given back, and the row's lock decides which of the two comes first.
 * What is confirmed never expires, so OrderConfirmed takes the limit away.
 *
 * OrderConfirmed is all that shipping will ever know of the order: it carries what a manifest is
 * made of, as the products are at this moment. */

#include <assert.h>

#include "freight.h"
#include "lifecycle.h"

enum {
        LINES_MAX = 500,       /* of an order, by the contract */
        DESCRIPTION_MAX = 200, /* characters, as the contract says */
};

/* ---- Announcing ---- */

/* The beginning of a text, in characters. Bytes 10xxxxxx go on with the character before them. */
static struct ev_str cut_characters(struct ev_str text, size_t characters)
{
        size_t size = 0;

        assert(characters > 0);

        for (; size < text.size; ++size)
                if (((unsigned char)text.data[size] & 0xc0) != 0x80 && characters-- == 0)
                        break;
        return (struct ev_str){ text.data, size };
}

static int fill_line(const struct ev_rows *rows, const struct order_item *item,
                     struct order_confirmed_line *line)
{
        const struct product *product = product_by_id(rows, item->product_id);
        const struct product_extras *extras = product ? extras_of_product(rows, product) : NULL;
        struct ev_str description;

        assert(line);

        if (!product)
                return ev_fail(EV_VERDICT_RECORD, "a line names the product %d, which is not there",
                               item->product_id);
        description = product->description.size > 0 ? product->description : product->name;
        *line = (struct order_confirmed_line){
                .sku = product->sku,
                .product_id = product->id,
                .quantity = item->quantity,
                .category = product->category,
                .description = cut_characters(description, DESCRIPTION_MAX),
                .hs_code = extras ? extras->hs_code : EV_STR_NULL,
                .country_of_origin = extras ? extras->country_of_origin : EV_STR_NULL,
                .has_unit_weight = product->has_weight,
                .unit_weight = product->weight,
                .unit_volume_cm3 = unit_volume_cm3(product),
                .line_value = item->total_price
        };
        return 0;
}

/* An order without extras was made by hand, and never leaves the country that nobody knows. */
int order_announce_confirmed(struct ev_case *c, const struct order *order)
{
        const struct order_extras *extras = extras_of(ev_rows_of(c), order);
        struct order_confirmed_line lines[LINES_MAX];
        struct order_confirmed fact = { .order_number = order->order_number,
                                        .company_id = order->company_id,
                                        .old_status = order_status_of(order),
                                        .new_status = ORDER_STATUS_CONFIRMED,
                                        .customer_id = order->customer_id,
                                        .currency = order->currency,
                                        .total_amount = order->total_amount,
                                        .origin_country =
                                                extras ? extras->origin_country : EV_STR(""),
                                        .destination_country =
                                                extras ? extras->destination_country : EV_STR(""),
                                        .lines = lines };
        int r;

        assert(order_next_step(ev_rows_of(c), order, ORDER_IS_CONFIRMED));

        for (const struct order_item *item = first_item(ev_rows_of(c), order); item;
             item = next_item(item)) {
                if (fact.lines_count == LINES_MAX)
                        return ev_fail(EV_VERDICT_RECORD, "the order has more than %d lines",
                                       LINES_MAX);
                r = fill_line(ev_rows_of(c), item, &lines[fact.lines_count++]);
                if (r < 0)
                        return r;
        }
        return order_confirmed_announce(c, &fact);
}

/* ---- OrderConfirmationRequested ---- */

void order_want_confirmation(struct ev_wants *wants, const void *event)
{
        const struct order_confirmation_requested *request = event;

        want_whole_order(wants, request->order_number);
}

/* Products may have changed since the order was placed, and a manifest that cannot be made would
 * leave a confirmed order behind that nobody can send. */
static int confirm(struct ev_case *c, const struct order *order)
{
        const struct ev_rows *rows = ev_rows_of(c);
        struct freight freight = { 0 };
        enum order_reason reason;
        struct ev_str sku;

        if (!order_is_fully_reserved(rows, order))
                return ev_refuse(c, ORDER_REASON_INSUFFICIENT_STOCK,
                                 "the order does not hold all that it wants");
        if (order_goes_abroad(rows, order))
                for (const struct order_item *item = first_item(rows, order); item;
                     item = next_item(item))
                        freight_add(&freight, product_by_id(rows, item->product_id),
                                    item->quantity);
        if (!freight_fits(&freight, &reason, &sku))
                return ev_refuse(c, (int32_t)reason, "weight or volume of sku %.*s",
                                 EV_STR_ARG(sku));
        return order_announce_confirmed(c, order);
}

/* The order is there: what becomes of the request. The same again is a repeat wherever the order
 * stands by now: it was confirmed, and is not confirmed twice. */
static int decide_known(struct ev_case *c, const struct order *order)
{
        const struct order_step *step = order_next_step(ev_rows_of(c), order, ORDER_IS_CONFIRMED);
        int r;

        assert(!step || step->effect == ORDER_EFFECT_CONFIRM);

        if (step)
                return confirm(c, order);
        r = ev_repeat(c);
        if (r != 0)
                return r < 0 ? r : 0;
        return ev_refuse(c, ORDER_REASON_ILLEGAL_TRANSITION, "the order is %.*s",
                         EV_STR_ARG(order->status));
}

/* It may come before its order, as a cancellation may. */
int order_decide_confirmation(struct ev_case *c, const void *event)
{
        const struct order_confirmation_requested *request = event;
        const struct order *order;
        int r = order_of_request(c, request->order_number, &order);

        assert(r == 0 || !order);

        return order ? decide_known(c, order) : r;
}

/* ---- Folding ---- */

void order_want_confirmed(struct ev_wants *wants, const void *event)
{
        const struct order_confirmed *fact = event;

        want_whole_order(wants, fact->order_number);
}

/* What is confirmed holds its stock without a limit. */
static void end_time_limit(struct ev_rows *rows, const struct order *order)
{
        const struct order_extras *extras = extras_of(rows, order);

        assert(order);

        if (extras && extras->has_expires_at) {
                struct order_extras *changed = ev_rows_change(rows, extras);

                changed->has_expires_at = false;
                changed->expires_at = 0;
        }
        for (const struct reservation *row = first_reservation(rows, order); row;
             row = next_reservation(row))
                if (row->has_expires_at) {
                        struct reservation *changed = ev_rows_change(rows, row);

                        changed->has_expires_at = false;
                        changed->expires_at = 0;
                }
}

int order_fold_confirmed(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct order_confirmed *fact = event;
        const struct order *order;
        int r = order_move(rows, head, fact->order_number, "OrderConfirmed", fact->new_status,
                           &order);

        assert(head);

        if (r == 0)
                end_time_limit(rows, order);
        return r;
}
