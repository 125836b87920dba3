/* An order is placed: OrderPlaced → OrderAccepted or OrderRejected, and what follows from it.
 *
 * Checks run in the order of the contract's reasons, and the first that fails names the reason: a
 * table, walked from above. What fails for a row that is not there yet waits for it, until the last
 * try; everything that stands before it in the table was found right by then.
 *
 * An order that is refused as invalid leaves nothing behind, and its number stays free. One that
 * cannot be filled is accepted and cancelled in the same transaction, so that it can be audited. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "fields.h"
#include "freight.h"
#include "lifecycle.h"
#include "placing.h"

/* ---- What is wanted ---- */

/* Whether the number is taken, who sells, who buys, and what. An order with too many lines is
 * refused whatever they are, so none is looked for. */
void want_order_placed(struct ev_wants *wants, const void *event)
{
        const struct order_placed *placed = event;

        assert(placed);

        ev_want(wants, WANT_ORDER, placed->order_number);
        ev_want(wants, WANT_COMPANY, placed->company_id);
        ev_want(wants, WANT_USER, placed->customer_id);
        if (placed->lines_count > ORDER_LINES_MAX)
                return;
        for (size_t i = 0; i < placed->lines_count; ++i)
                ev_want(wants, WANT_SKU, placed->lines[i].sku);
}

/* ---- Checking ---- */

/* An order on its way through the checks: each may rely on what those before it have found. */
struct placing {
        const struct order_placed *placed;
        const struct ev_rows *rows;
        size_t line_count; /* merged: one line for each SKU … */
        struct order_placed_line lines[ORDER_LINES_MAX];
        const struct product *products[ORDER_LINES_MAX]; /* … and its product, once it is known */
        enum order_reason reason;                        /* what the check that failed says … */
        char detail[EV_REASON_TEXT_MAX];                 /* … and to a person */
};

/* Says what is wrong; returns false, for a check to end with. Cut where it is too long. */
_printf_(3, 4) static bool object(struct placing *p, enum order_reason reason, const char *detail,
                                  ...)
{
        va_list arguments;

        assert(detail);

        p->reason = reason;
        va_start(arguments, detail);
        vsnprintf(p->detail, sizeof(p->detail), detail, arguments);
        va_end(arguments);
        return false;
}

static bool check_texts(struct placing *p)
{
        const struct order_placed *placed = p->placed;
        const struct text_field texts[] = {
                { "company_id", placed->company_id, FIELD_TEXT_MAX, false },
                { "customer_id", placed->customer_id, FIELD_TEXT_MAX, false },
                { "preferred_location", placed->preferred_location, FIELD_TEXT_MAX, true },
        };
        const char *misfit = misfit_of_number(placed->order_number);
        const char *name = misfit_text(texts, EV_ARRAY_SIZE(texts));

        assert(placed->order_number.data);

        if (misfit)
                return object(p, ORDER_REASON_INVALID_FIELD, "%s", misfit);
        for (size_t i = 0; !name && i < placed->lines_count; ++i)
                name = misfit_text(&(struct text_field){ "lines.sku", placed->lines[i].sku,
                                                         FIELD_TEXT_MAX, false },
                                   1);
        return !name || object(p, ORDER_REASON_INVALID_FIELD, "%s is empty or too long", name);
}

static bool check_numbers(struct placing *p)
{
        const struct order_placed *placed = p->placed;
        bool are_amounts = is_amount(placed->currency, placed->total_amount);

        assert(placed->lines_count == 0 || placed->lines);

        for (size_t i = 0; are_amounts && i < placed->lines_count; ++i)
                are_amounts = is_amount(placed->currency, placed->lines[i].unit_price);
        if (!are_amounts)
                return object(p, ORDER_REASON_INVALID_FIELD,
                              "total_amount or a unit_price is negative, or finer than %.*s",
                              EV_STR_ARG(placed->currency));
        if (placed->reservation_ttl_s < 0)
                return object(p, ORDER_REASON_INVALID_FIELD, "reservation_ttl_s is %d",
                              placed->reservation_ttl_s);
        if (placed->backorder)
                return object(p, ORDER_REASON_INVALID_FIELD, "backorder is not supported");
        return true;
}

/* The same order again never comes here: it is a repeat. */
static bool check_number(struct placing *p)
{
        struct ev_str number = p->placed->order_number;

        assert(number.size > 0);

        return !find_order(p->rows, number) ||
               object(p, ORDER_REASON_DUPLICATE_ORDER_NUMBER,
                      "order_number %.*s is taken by another order", EV_STR_ARG(number));
}

static bool check_line_count(struct placing *p)
{
        assert(p->line_count == 0);

        if (p->placed->lines_count == 0)
                return object(p, ORDER_REASON_EMPTY_ORDER, "there are no lines");
        return p->placed->lines_count <= ORDER_LINES_MAX ||
               object(p, ORDER_REASON_TOO_MANY_LINES, "%zu lines are more than %d",
                      p->placed->lines_count, ORDER_LINES_MAX);
}

/* The merged line of a SKU, or a new one without pieces. */
static struct order_placed_line *line_of_sku(struct placing *p,
                                             const struct order_placed_line *line)
{
        size_t i = 0;

        while (i < p->line_count && !ev_str_equal(p->lines[i].sku, line->sku))
                ++i;
        assert(i < ORDER_LINES_MAX);
        if (i == p->line_count) {
                p->lines[p->line_count++] = *line;
                p->lines[i].quantity = 0;
        }
        return &p->lines[i];
}

/* Each line, and each sum of lines with one SKU. 500 times 1,000,000 fits. */
static bool check_quantities(struct placing *p)
{
        assert(p->placed->lines_count <= ORDER_LINES_MAX);

        for (size_t i = 0; i < p->placed->lines_count; ++i) {
                const struct order_placed_line *line = &p->placed->lines[i];
                struct order_placed_line *merged = line_of_sku(p, line);

                if (line->quantity <= 0 || line->quantity > ORDER_QUANTITY_MAX ||
                    (merged->quantity += line->quantity) > ORDER_QUANTITY_MAX)
                        return object(p, ORDER_REASON_INVALID_QUANTITY,
                                      "quantity %d of sku %.*s is not 1 to %d, alone or with "
                                      "other lines of that sku",
                                      line->quantity, EV_STR_ARG(line->sku), ORDER_QUANTITY_MAX);
        }
        return true;
}

static bool check_company(struct placing *p)
{
        struct ev_str id = p->placed->company_id;
        const struct party *company = party_company(p->rows, id);

        assert(id.size > 0);

        if (!company)
                return object(p, ORDER_REASON_UNKNOWN_COMPANY, "no company has company_id %.*s",
                              EV_STR_ARG(id));
        return company->active || object(p, ORDER_REASON_COMPANY_INACTIVE,
                                         "company %.*s is not active", EV_STR_ARG(id));
}

/* Whoever may order at all may order from any company. */
static bool check_customer(struct placing *p)
{
        struct ev_str id = p->placed->customer_id;
        const struct party *customer = party_user(p->rows, id);

        assert(id.size > 0);

        if (!customer)
                return object(p, ORDER_REASON_UNKNOWN_CUSTOMER, "no user has customer_id %.*s",
                              EV_STR_ARG(id));
        if (!customer->active)
                return object(p, ORDER_REASON_CUSTOMER_INACTIVE, "customer %.*s is not active",
                              EV_STR_ARG(id));
        return !ev_str_equal(customer->role, EV_STR("viewer")) ||
               object(p, ORDER_REASON_FORBIDDEN_ROLE,
                      "customer %.*s is a viewer, who does not order", EV_STR_ARG(id));
}

/* All lines are looked at for one reason before any is for the next: reasons come in their order,
 * not lines. */
static bool check_products_known(struct placing *p)
{
        assert(p->line_count > 0);

        for (size_t i = 0; i < p->line_count; ++i) {
                p->products[i] = find_product(p->rows, p->lines[i].sku);
                if (!p->products[i])
                        return object(p, ORDER_REASON_UNKNOWN_PRODUCT, "no product has sku %.*s",
                                      EV_STR_ARG(p->lines[i].sku));
        }
        return true;
}

static bool check_products_active(struct placing *p)
{
        assert(p->products[0]);

        for (size_t i = 0; i < p->line_count; ++i)
                if (!p->products[i]->active)
                        return object(p, ORDER_REASON_PRODUCT_INACTIVE, "sku %.*s is not sold",
                                      EV_STR_ARG(p->lines[i].sku));
        return true;
}

static bool check_products_company(struct placing *p)
{
        assert(p->products[0]);

        for (size_t i = 0; i < p->line_count; ++i)
                if (!ev_str_equal(p->products[i]->company_id, p->placed->company_id))
                        return object(p, ORDER_REASON_COMPANY_MISMATCH,
                                      "sku %.*s is not of company %.*s",
                                      EV_STR_ARG(p->lines[i].sku),
                                      EV_STR_ARG(p->placed->company_id));
        return true;
}

/* An order that does not say where it comes from stays in the country. */
static struct ev_str origin_of(const struct order_placed *placed)
{
        assert(!ev_str_is_null(placed->destination_country));

        return ev_str_is_null(placed->origin_country) ? placed->destination_country
                                                      : placed->origin_country;
}

static bool check_countries(struct placing *p)
{
        const struct ev_str countries[] = { p->placed->destination_country, origin_of(p->placed) };

        assert(countries[0].data);

        for (size_t i = 0; i < EV_ARRAY_SIZE(countries); ++i)
                if (!ev_country_is_known(countries[i]))
                        return object(p, ORDER_REASON_UNKNOWN_COUNTRY,
                                      "country %.*s is not in ISO 3166-1",
                                      EV_STR_ARG(countries[i]));
        return true;
}

/* There is no conversion anywhere: one currency for the order and all its products. */
static bool check_currency(struct placing *p)
{
        struct ev_str currency = p->placed->currency;

        assert(p->products[0]);

        if (!ev_currency_is_accepted(currency))
                return object(p, ORDER_REASON_CURRENCY_UNSUPPORTED, "currency %.*s is not accepted",
                              EV_STR_ARG(currency));
        for (size_t i = 0; i < p->line_count; ++i) {
                const struct product_extras *extras = extras_of_product(p->rows, p->products[i]);

                if (!extras || !ev_str_equal(extras->currency, currency))
                        return object(p, ORDER_REASON_CURRENCY_MISMATCH,
                                      "sku %.*s is not sold in %.*s", EV_STR_ARG(p->lines[i].sku),
                                      EV_STR_ARG(currency));
        }
        return true;
}

/* Every line as it was sent: two lines of one SKU may differ, and then one of them is wrong. */
static bool check_prices(struct placing *p)
{
        for (size_t i = 0; i < p->placed->lines_count; ++i) {
                const struct order_placed_line *line = &p->placed->lines[i];
                const struct product *product = find_product(p->rows, line->sku);

                assert(product);
                if (line->unit_price != product->price)
                        return object(p, ORDER_REASON_PRICE_MISMATCH,
                                      "unit_price of sku %.*s is not the product's price",
                                      EV_STR_ARG(line->sku));
        }
        return true;
}

/* Exact: 500 lines of 1,000,000 pieces at 99,999,999.99 are 5 * 10^18 units of the last place,
 * which 64 bits hold. */
static int64_t line_total(const struct order_placed_line *line)
{
        assert(line->unit_price >= 0 && line->unit_price <= FIELD_AMOUNT_MAX);
        assert(line->quantity > 0 && line->quantity <= ORDER_QUANTITY_MAX);

        return line->quantity * line->unit_price;
}

static bool check_total(struct placing *p)
{
        int64_t sum = 0;

        for (size_t i = 0; i < p->line_count; ++i)
                sum += line_total(&p->lines[i]);
        assert(sum >= 0);
        return sum == p->placed->total_amount ||
               object(p, ORDER_REASON_TOTAL_MISMATCH,
                      "total_amount is not the sum of quantity times unit_price");
}

/* The columns of orders and order_items; no line is above a total that fits. */
static bool check_amount(struct placing *p)
{
        assert(p->placed->total_amount >= 0);

        return p->placed->total_amount <= FIELD_AMOUNT_MAX ||
               object(p, ORDER_REASON_AMOUNT_OUT_OF_RANGE, "total_amount is above 99999999.99");
}

/* Whether a manifest could be made of it: first whether it fits, then whether all is known. */
static bool check_freight(struct placing *p)
{
        struct freight freight = { 0 };
        enum order_reason reason;
        struct ev_str sku;

        assert(p->products[0]);

        if (ev_str_equal(origin_of(p->placed), p->placed->destination_country))
                return true;
        for (size_t i = 0; i < p->line_count; ++i)
                freight_add(&freight, p->products[i], p->lines[i].quantity);
        if (freight_fits(&freight, &reason, &sku))
                return true;
        return object(p, reason,
                      "sku %.*s has no weight above 0, or weight or volume is above "
                      "99999.999 with it",
                      EV_STR_ARG(sku));
}

/* In the order of the contract's reasons: what is above is told first. */
static bool (*const checks[])(struct placing *p) = {
        check_texts,           check_numbers,
        check_number,          check_line_count,
        check_quantities,      check_company,
        check_customer,        check_products_known,
        check_products_active, check_products_company,
        check_countries,       check_currency,
        check_prices,          check_total,
        check_amount,          check_freight,
};

static bool is_acceptable(struct placing *p)
{
        assert(p->placed && p->rows);

        for (size_t i = 0; i < EV_ARRAY_SIZE(checks); ++i)
                if (!checks[i](p))
                        return false;
        return true;
}

/* What the reason waits for, or NULL: facts and requests of other topics race with the order. */
static const char *waits_for(enum order_reason reason)
{
        assert(reason <= ORDER_REASON_OTHER);

        if (reason == ORDER_REASON_UNKNOWN_COMPANY)
                return "company";
        if (reason == ORDER_REASON_UNKNOWN_CUSTOMER)
                return "customer";
        return reason == ORDER_REASON_UNKNOWN_PRODUCT ? "product" : NULL;
}

/* ---- Deciding ---- */

/* When a reservation that waits for confirmation runs out; NULL: it does not. */
static const int64_t *time_limit(struct ev_case *c, const struct order_placed *placed,
                                 int64_t *limit)
{
        assert(placed->reservation_ttl_s >= 0);

        *limit = ev_now(c) + placed->reservation_ttl_s * INT64_C(1000000);
        return placed->confirmation == ORDER_CONFIRMATION_AUTO ? NULL : limit;
}

static int accept(struct ev_case *c, const struct placing *p, const int64_t *expires_at)
{
        const struct order_placed *placed = p->placed;
        struct order_line lines[ORDER_LINES_MAX];
        struct order_accepted fact = { .order_number = placed->order_number,
                                       .company_id = placed->company_id,
                                       .customer_id = placed->customer_id,
                                       .currency = placed->currency,
                                       .total_amount = placed->total_amount,
                                       .status = ORDER_STATUS_PENDING,
                                       .placed_at = placed->placed_at,
                                       .origin_country = origin_of(placed),
                                       .destination_country = placed->destination_country,
                                       .confirmation = placed->confirmation,
                                       .reservation_ttl_s = placed->reservation_ttl_s,
                                       .backorder = placed->backorder,
                                       .preferred_location = placed->preferred_location,
                                       .has_expires_at = expires_at,
                                       .expires_at = expires_at ? *expires_at : 0,
                                       .lines_count = p->line_count,
                                       .lines = lines };

        assert(p->line_count > 0);

        for (size_t i = 0; i < p->line_count; ++i)
                lines[i] = (struct order_line){ .sku = p->lines[i].sku,
                                                .product_id = p->products[i]->id,
                                                .quantity = p->lines[i].quantity,
                                                .unit_price = p->lines[i].unit_price,
                                                .total_price = line_total(&p->lines[i]) };
        return order_accepted_announce(c, &fact);
}

/* Nothing was reserved, so that nothing has to be given back. */
static int cancel_for_stock(struct ev_case *c, const struct order *order,
                            struct reservation_plan *plan)
{
        const struct stock_shortage *first = &plan->shortages[0];
        char detail[EV_REASON_TEXT_MAX];
        int r = stock_reservation_failed_announce(c,
                                                  &(struct stock_reservation_failed){
                                                          .order_number = order->order_number,
                                                          .company_id = order->company_id,
                                                          .shortages_count = plan->shortage_count,
                                                          .shortages = plan->shortages });

        assert(plan->shortage_count > 0);

        if (r < 0)
                return r;
        snprintf(detail, sizeof(detail), "product_id %d: %d wanted, %d available",
                 first->product_id, first->wanted, first->available);
        return order_cancel(c, order,
                            &(struct order_cancelled){
                                    .reason = ORDER_CANCEL_REASON_INSUFFICIENT_STOCK,
                                    .detail = ev_str_of(detail) });
}

/* The order is right: it is accepted, and filled or cancelled. */
static int accept_and_reserve(struct ev_case *c, const struct placing *p)
{
        struct wanted_line wanted[ORDER_LINES_MAX];
        struct reservation_plan plan;
        const struct order *order;
        const int64_t *expires_at;
        int64_t limit;
        bool is_filled;
        int r;

        for (size_t i = 0; i < p->line_count; ++i)
                wanted[i] = (struct wanted_line){ p->products[i], p->lines[i].quantity };
        is_filled = plan_reservation(p->rows, wanted, p->line_count, p->placed->preferred_location,
                                     ev_now(c), &plan);
        expires_at = is_filled ? time_limit(c, p->placed, &limit) : NULL;

        r = accept(c, p, expires_at);
        if (r < 0)
                return r;
        order = find_order(p->rows, p->placed->order_number);
        assert(order);
        if (!is_filled)
                return cancel_for_stock(c, order, &plan);
        r = announce_reserved(c, order, &plan, expires_at);
        if (r == 0 && p->placed->confirmation == ORDER_CONFIRMATION_AUTO)
                r = order_announce_confirmed(c, order);
        return r;
}

int decide_order_placed(struct ev_case *c, const void *event)
{
        struct placing p = { .placed = event, .rows = ev_rows_of(c) };
        const char *for_what;

        if (is_acceptable(&p))
                return accept_and_reserve(c, &p);
        for_what = waits_for(p.reason);
        if (for_what && !ev_last_try(c))
                return ev_wait(c, for_what);
        return ev_refuse(c, (int32_t)p.reason, "%s", p.detail);
}

/* ---- Folding ---- */

/* The number, which must not be taken. */
void want_accepted_order(struct ev_wants *wants, const void *event)
{
        const struct order_accepted *fact = event;

        assert(fact);

        ev_want(wants, WANT_ORDER, fact->order_number);
}

static int add_extras(struct ev_rows *rows, const struct ev_fact_head *head,
                      const struct order_accepted *fact, const struct order *order)
{
        assert(!ev_str_is_null(head->causation_id)); /* orders are placed, not made by time */

        return ev_rows_add(rows, &order_extras_table,
                           &(struct order_extras){
                                   .order_id = order->id,
                                   .origin_country = fact->origin_country,
                                   .destination_country = fact->destination_country,
                                   .placed_at = fact->placed_at,
                                   .placed_event_id = head->causation_id,
                                   .confirmation =
                                           order_confirmation_enum.symbols[fact->confirmation],
                                   .reservation_ttl_s = fact->reservation_ttl_s,
                                   .backorder = fact->backorder,
                                   .preferred_location = fact->preferred_location,
                                   .has_expires_at = fact->has_expires_at,
                                   .expires_at = fact->expires_at },
                           NULL);
}

static int add_line(struct ev_rows *rows, const struct ev_fact_head *head,
                    const struct order *order, const struct order_line *line)
{
        assert(line->quantity > 0);

        return ev_rows_add(rows, &order_items_table,
                           &(struct order_item){ .order_id = order->id,
                                                 .product_id = line->product_id,
                                                 .quantity = line->quantity,
                                                 .unit_price = line->unit_price,
                                                 .total_price = line->total_price,
                                                 .created_at = head->time },
                           NULL);
}

/* The order, what was asked for with it, and its lines. */
int fold_order_accepted(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct order_accepted *fact = event;
        const void *order;
        int r;

        if (find_order(rows, fact->order_number))
                return ev_fail(EV_VERDICT_STOP, "OrderAccepted of %.*s: the order is there already",
                               EV_STR_ARG(fact->order_number));
        assert(fact->status == ORDER_STATUS_PENDING);
        r = ev_rows_add(rows, &orders_table,
                        &(struct order){ .order_number = fact->order_number,
                                         .status = order_status_enum.symbols[fact->status],
                                         .total_amount = fact->total_amount,
                                         .currency = fact->currency,
                                         .customer_id = fact->customer_id,
                                         .company_id = fact->company_id,
                                         .created_at = head->time,
                                         .updated_at = head->time },
                        &order);
        if (r == 0)
                r = add_extras(rows, head, fact, order);
        for (size_t i = 0; r == 0 && i < fact->lines_count; ++i)
                r = add_line(rows, head, order, &fact->lines[i]);
        return r;
}
