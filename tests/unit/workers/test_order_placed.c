#include "support/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "flow/wants.h"
#include "lifecycle.h"
#include "order.h"
#include "placing.h"
#include "rows.h"
#include "stock.h"
#include "support/decide.h"

UNIT_SUITE(order_placed);

enum {
        A = 1, /* products: 10.00 USD and 1 kg; B 2.50 USD without a weight */
        B = 2,
        DAY = 86400,
};

#define MICROS INT64_C(1000000)

static void put_product(struct decide *t, int32_t id, struct ev_str sku, int64_t price,
                        int64_t weight)
{
        decide_put(t, &products_table,
                   &(struct product){ .id = id,
                                      .sku = sku,
                                      .company_id = EV_STR("C-1"),
                                      .name = EV_STR("Name"),
                                      .category = EV_STR("toys"),
                                      .price = price,
                                      .has_weight = weight >= 0,
                                      .weight = weight,
                                      .active = true });
        decide_put(t, &product_extras_table,
                   &(struct product_extras){ .product_id = id, .currency = EV_STR("USD") });
}

static void put_party(struct decide *t, struct ev_str company, struct ev_str user,
                      struct ev_str role, bool active)
{
        if (company.data)
                decide_put(t, &party_companies_table,
                           &(struct party){ .kind = EV_STR("company"),
                                            .party_id = company,
                                            .active = active,
                                            .source = EV_STR("/s") });
        if (user.data)
                decide_put(t, &party_users_table,
                           &(struct party){ .kind = EV_STR("user"),
                                            .party_id = user,
                                            .role = role,
                                            .active = active,
                                            .source = EV_STR("/s") });
}

static void begin(struct decide *t)
{
        decide_begin(t, &order_worker);
        put_party(t, EV_STR("C-1"), EV_STR("U-1"), EV_STR("customer"), true);
        put_product(t, A, EV_STR("A"), 1000, 1000);
        put_product(t, B, EV_STR("B"), 250, -1);
}

/* A lot of A in NORTH; `expiry` in days from now, 0 for none. */
static struct lot *put_lot(struct decide *t, int32_t id, int32_t quantity, int expiry)
{
        const struct lot *lot;

        decide_put(t, &lots_table,
                   &(struct lot){ .id = id,
                                  .product_id = A,
                                  .quantity = quantity,
                                  .location = EV_STR("NORTH"),
                                  .batch_number = EV_STR_NULL,
                                  .has_expiry_date = expiry != 0,
                                  .expiry_date = t->cases.now + expiry * DAY * MICROS });
        lot = lot_by_id(ev_rows_of(&(struct ev_case){ .cases = &t->cases }), A, id);
        cr_assert_not_null(lot);
        return (struct lot *)(void *)(uintptr_t)lot;
}

static int32_t reserved_on(const struct decide *t, int32_t id)
{
        return lot_by_id(t->rows, A, id)->reserved_quantity;
}

/* Ten pieces of A for 100.00 USD, at home. Its line is one for all tests: they change copies. */
static struct order_placed order(void)
{
        static struct order_placed_line line;

        line = (struct order_placed_line){ EV_STR("A"), 10, 1000 };
        return (struct order_placed){ .order_number = EV_STR("O-1"),
                                      .company_id = EV_STR("C-1"),
                                      .customer_id = EV_STR("U-1"),
                                      .currency = EV_STR("USD"),
                                      .total_amount = 10000,
                                      .placed_at = 5,
                                      .destination_country = EV_STR("CO"),
                                      .reservation_ttl_s = 900,
                                      .lines_count = 1,
                                      .lines = &line };
}

/* The same with another number: orders are otherwise alike. */
static struct order_placed numbered(struct decide *t, int number)
{
        struct order_placed placed = order();
        char text[16];

        snprintf(text, sizeof(text), "O-%d", number);
        cr_assert_eq(ev_arena_copy(t->arena, ev_str_of(text), &placed.order_number), 0);
        return placed;
}

static size_t rows_of(struct decide *t, const struct ev_table *table, enum ev_rows_kind kind)
{
        const struct ev_row *const *list;
        size_t count;

        cr_assert_eq(ev_rows_collect(t->rows, table, kind, &list, &count), 0);
        return count;
}

/* Decides it, which must be refused with this reason and leave nothing. */
static void refused(struct decide *t, const struct order_placed *placed, enum order_reason reason)
{
        size_t orders = rows_of(t, &orders_table, EV_ROWS_INSERTED);
        const struct order_rejected *fact;

        cr_assert_eq(decide(t, &order_placed_record, placed), 0);
        cr_assert_eq(t->facts_count, 1, "%zu facts instead of a refusal", t->facts_count);
        fact = decide_fact(t, &order_rejected_record);
        cr_assert_eq(fact->reason, reason, "reason %d: %.*s", fact->reason,
                     EV_STR_ARG(fact->detail));
        cr_assert(ev_str_equal(fact->order_number, placed->order_number));
        cr_assert(ev_str_equal(fact->company_id, placed->company_id));
        cr_assert_eq(decide_announced(t, &order_rejected_record)->outcome, EV_OUTCOME_REFUSED);
        cr_assert_eq(rows_of(t, &orders_table, EV_ROWS_INSERTED), orders);
        cr_assert_eq(rows_of(t, &lots_table, EV_ROWS_UPDATED), 0);
}

/* Decides it, which must be accepted; whether it was filled is for the test to look at. */
static const struct order_accepted *accepted(struct decide *t, const struct order_placed *placed)
{
        cr_assert_eq(decide(t, &order_placed_record, placed), 0);
        cr_assert_eq(decide_count(t, &order_rejected_record), 0, "%.*s",
                     EV_STR_ARG(
                             ((const struct order_rejected *)decide_fact(t, &order_rejected_record))
                                     ->detail));
        return decide_fact(t, &order_accepted_record);
}

static const struct stock_reserved *reserved(struct decide *t, const struct order_placed *placed)
{
        accepted(t, placed);
        return decide_fact(t, &stock_reserved_record);
}

/* ---- What an accepted order is ---- */

Test(order_placed, is_accepted_reserved_and_confirmed)
{
        const struct order_confirmed *confirmed;
        struct order_placed placed = order();
        const struct order_accepted *fact;
        const struct stock_reserved *stock;
        const struct order_extras *extras;
        const struct reservation *row;
        const struct order_item *item;
        const struct order *stands;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, 0);
        fact = accepted(&t, &placed);
        cr_assert_eq(t.facts_count, 4, "accepted, reserved, low stock, confirmed");
        cr_assert_eq(decide_announced(&t, &order_accepted_record)->outcome, EV_OUTCOME_ACCEPTED);
        cr_assert_eq(fact->status, ORDER_STATUS_PENDING);
        cr_assert(ev_str_equal(fact->origin_country, EV_STR("CO")), "the destination");
        cr_assert_not(fact->has_expires_at);
        cr_assert_eq(fact->lines_count, 1);
        cr_assert_eq(fact->lines[0].product_id, A);
        cr_assert_eq(fact->lines[0].total_price, 10000);

        stock = decide_fact(&t, &stock_reserved_record);
        cr_assert_eq(stock->lots_count, 1);
        cr_assert_eq(stock->lots[0].inventory_item_id, 5);
        cr_assert_eq(stock->lots[0].quantity, 10);
        cr_assert_not(stock->has_expires_at);
        confirmed = decide_fact(&t, &order_confirmed_record);
        cr_assert_eq(confirmed->old_status, ORDER_STATUS_PENDING);
        cr_assert_eq(confirmed->new_status, ORDER_STATUS_CONFIRMED);

        stands = find_order(t.rows, EV_STR("O-1"));
        cr_assert(ev_str_equal(stands->status, EV_STR("confirmed")));
        cr_assert_eq(stands->total_amount, 10000);
        cr_assert_eq(stands->created_at, t.cases.now);
        extras = extras_of(t.rows, stands);
        cr_assert(ev_str_equal(extras->placed_event_id, EV_STR("event-1")));
        cr_assert(ev_str_equal(extras->confirmation, EV_STR("AUTO")));
        cr_assert_eq(extras->placed_at, 5);
        cr_assert_eq(extras->reservation_ttl_s, 900);
        cr_assert_not(extras->has_expires_at);
        item = first_item(t.rows, stands);
        cr_assert_eq(item->quantity, 10);
        cr_assert_null(next_item(item));
        row = first_reservation(t.rows, stands);
        cr_assert_eq(row->order_item_id, item->id);
        cr_assert_eq(row->quantity, 10);
        cr_assert(ev_str_equal(row->status, EV_STR("open")));
        cr_assert_null(next_reservation(row));
        cr_assert_eq(reserved_on(&t, 5), 10);
        cr_assert_eq(rows_of(&t, &movements_table, EV_ROWS_INSERTED), 0, "nothing has left yet");
        decide_end(&t);
}

/* Facts of one event stand in a fixed order: subscribers may rely on it. */
Test(order_placed, tells_in_order_what_happened)
{
        const struct ev_record *const expected[] = { &order_accepted_record, &stock_reserved_record,
                                                     &low_stock_detected_record,
                                                     &order_confirmed_record };
        const struct ev_announced *fact;
        struct order_placed placed = order();
        struct decide t;
        size_t i = 0;

        begin(&t);
        put_lot(&t, 5, 10, 0);
        cr_assert_eq(decide(&t, &order_placed_record, &placed), 0);
        for (fact = t.facts; fact; fact = fact->next, ++i)
                cr_assert_eq(fact->record, expected[i], "%zu is %s", i, fact->record->name.data);
        cr_assert_eq(i, EV_ARRAY_SIZE(expected));
        for (fact = t.facts; fact; fact = fact->next)
                cr_assert(ev_str_equal(fact->key, EV_STR("C-1")));
        decide_end(&t);
}

Test(order_placed, explicit_ones_stay_pending_and_run_out)
{
        struct order_placed placed = order();
        const struct order *stands;
        struct decide t;
        int64_t limit;

        begin(&t);
        put_lot(&t, 5, 20, 0);
        placed.confirmation = ORDER_CONFIRMATION_EXPLICIT;
        limit = t.cases.now + 900 * MICROS;
        cr_assert_eq(accepted(&t, &placed)->expires_at, limit);
        cr_assert_eq(((const struct stock_reserved *)decide_fact(&t, &stock_reserved_record))
                             ->expires_at,
                     limit);
        cr_assert_eq(decide_count(&t, &order_confirmed_record), 0);
        stands = find_order(t.rows, EV_STR("O-1"));
        cr_assert(ev_str_equal(stands->status, EV_STR("pending")));
        cr_assert(extras_of(t.rows, stands)->has_expires_at);
        cr_assert_eq(extras_of(t.rows, stands)->expires_at, limit);
        cr_assert_eq(first_reservation(t.rows, stands)->expires_at, limit);

        /* Confirmed, neither runs out any more. */
        cr_assert_eq(order_announce_confirmed(&t.c, stands), 0);
        cr_assert(ev_str_equal(stands->status, EV_STR("confirmed")));
        cr_assert_not(extras_of(t.rows, stands)->has_expires_at);
        cr_assert_not(first_reservation(t.rows, stands)->has_expires_at);
        decide_end(&t);
}

Test(order_placed, lines_of_one_sku_are_merged)
{
        struct order_placed_line lines[] = { { EV_STR("B"), 1, 250 },
                                             { EV_STR("A"), 4, 1000 },
                                             { EV_STR("B"), 2, 250 } };
        struct order_placed placed = order();
        const struct order_accepted *fact;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, 0);
        placed.lines = lines;
        placed.lines_count = 3;
        placed.total_amount = 4750;
        fact = accepted(&t, &placed);
        cr_assert_eq(fact->lines_count, 2);
        cr_assert_eq(fact->lines[0].product_id, B);
        cr_assert_eq(fact->lines[0].quantity, 3);
        cr_assert_eq(fact->lines[0].total_price, 750);
        cr_assert_eq(fact->lines[1].product_id, A);
        cr_assert_eq(rows_of(&t, &order_items_table, EV_ROWS_INSERTED), 2);
        decide_end(&t);
}

/* ---- Which lots ---- */

Test(order_placed, takes_the_earliest_expiry_first_and_splits)
{
        struct order_placed placed = order();
        const struct stock_reserved *fact;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, 30);
        put_lot(&t, 6, 6, 10);
        fact = reserved(&t, &placed);
        cr_assert_eq(fact->lots_count, 2);
        cr_assert_eq(fact->lots[0].inventory_item_id, 6);
        cr_assert_eq(fact->lots[0].quantity, 6);
        cr_assert_eq(fact->lots[1].inventory_item_id, 5);
        cr_assert_eq(fact->lots[1].quantity, 4);
        cr_assert_eq(reserved_on(&t, 5), 4);
        cr_assert_eq(reserved_on(&t, 6), 6);
        cr_assert_eq(rows_of(&t, &reservations_table, EV_ROWS_INSERTED), 2);
        decide_end(&t);
}

/* What does not expire comes last, and of equals the lower id first. */
Test(order_placed, lots_without_a_date_come_last_then_ids)
{
        static const int32_t order_of_lots[] = { 9, 8, 4, 5 };
        struct order_placed placed = order();
        const struct stock_reserved *fact;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 3, 0);
        put_lot(&t, 4, 2, 0);
        put_lot(&t, 8, 3, 20);
        put_lot(&t, 9, 3, 10);
        fact = reserved(&t, &placed);
        cr_assert_eq(fact->lots_count, 4);
        for (size_t i = 0; i < 4; ++i)
                cr_assert_eq(fact->lots[i].inventory_item_id, order_of_lots[i], "%zu is %d", i,
                             fact->lots[i].inventory_item_id);
        cr_assert_eq(fact->lots[3].quantity, 2);
        decide_end(&t);
}

Test(order_placed, the_preferred_location_goes_before_any_date)
{
        struct order_placed placed = order();
        const struct stock_reserved *fact;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 6, 10);
        put_lot(&t, 6, 6, 0)->location = EV_STR("SOUTH");
        placed.preferred_location = EV_STR("SOUTH");
        fact = reserved(&t, &placed);
        cr_assert_eq(fact->lots[0].inventory_item_id, 6);
        cr_assert_eq(fact->lots[0].quantity, 6);
        cr_assert_eq(fact->lots[1].inventory_item_id, 5, "the rest from elsewhere");
        decide_end(&t);
}

/* A lot that expires now is expired, one that does so a microsecond later is not. */
Test(order_placed, expired_lots_are_passed_over)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, -1);
        put_lot(&t, 6, 10, 1)->expiry_date = t.cases.now;
        put_lot(&t, 7, 10, 1)->expiry_date = t.cases.now + 1;
        cr_assert_eq(reserved(&t, &placed)->lots[0].inventory_item_id, 7);
        placed = numbered(&t, 2);
        accepted(&t, &placed);
        cr_assert_eq(decide_count(&t, &stock_reservation_failed_record), 1);
        decide_end(&t);
}

/* What others hold is not there: available is quantity less what is reserved. */
Test(order_placed, what_is_reserved_is_not_available)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 12, 0)->reserved_quantity = 3;
        accepted(&t, &placed);
        cr_assert_eq(decide_count(&t, &stock_reserved_record), 0);
        cr_assert_eq(reserved_on(&t, 5), 3);
        decide_end(&t);

        begin(&t);
        put_lot(&t, 5, 13, 0)->reserved_quantity = 3;
        cr_assert_eq(reserved(&t, &placed)->lots[0].quantity, 10);
        cr_assert_eq(reserved_on(&t, 5), 13);
        decide_end(&t);
}

/* ---- Not enough ---- */

Test(order_placed, is_cancelled_where_stock_is_short)
{
        const struct stock_reservation_failed *failed;
        struct order_placed placed = order();
        const struct order_cancelled *cancelled;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 9, 0);
        accepted(&t, &placed);
        cr_assert_eq(t.facts_count, 3);
        failed = decide_fact(&t, &stock_reservation_failed_record);
        cr_assert_eq(failed->shortages_count, 1);
        cr_assert_eq(failed->shortages[0].product_id, A);
        cr_assert_eq(failed->shortages[0].wanted, 10);
        cr_assert_eq(failed->shortages[0].available, 9);
        cancelled = decide_fact(&t, &order_cancelled_record);
        cr_assert_eq(cancelled->reason, ORDER_CANCEL_REASON_INSUFFICIENT_STOCK);
        cr_assert_eq(cancelled->old_status, ORDER_STATUS_PENDING);
        cr_assert_eq(cancelled->new_status, ORDER_STATUS_CANCELLED);
        cr_assert(ev_str_is_null(cancelled->cancel_reason));
        cr_assert_eq(reserved_on(&t, 5), 0);
        cr_assert_eq(rows_of(&t, &reservations_table, EV_ROWS_INSERTED), 0);
        cr_assert_eq(rows_of(&t, &orders_table, EV_ROWS_INSERTED), 1, "it can be audited");
        decide_end(&t);
}

/* Neither line is above what there is; together they are. */
Test(order_placed, two_lines_of_one_sku_share_its_stock)
{
        struct order_placed_line lines[] = { { EV_STR("A"), 6, 1000 }, { EV_STR("A"), 6, 1000 } };
        const struct stock_reservation_failed *failed;
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, 0);
        placed.lines = lines;
        placed.lines_count = 2;
        placed.total_amount = 12000;
        accepted(&t, &placed);
        failed = decide_fact(&t, &stock_reservation_failed_record);
        cr_assert_eq(failed->shortages_count, 1);
        cr_assert_eq(failed->shortages[0].wanted, 12);
        cr_assert_eq(failed->shortages[0].available, 10);
        decide_end(&t);
}

/* All or nothing; every product that is short is named, and no other. */
Test(order_placed, reserves_all_lines_or_none)
{
        struct order_placed_line lines[] = { { EV_STR("A"), 10, 1000 }, { EV_STR("B"), 1, 250 } };
        const struct stock_reservation_failed *failed;
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, 0);
        placed.lines = lines;
        placed.lines_count = 2;
        placed.total_amount = 10250;
        placed.confirmation = ORDER_CONFIRMATION_EXPLICIT;
        cr_assert_not(accepted(&t, &placed)->has_expires_at, "only with a reservation");
        failed = decide_fact(&t, &stock_reservation_failed_record);
        cr_assert_eq(failed->shortages_count, 1);
        cr_assert_eq(failed->shortages[0].product_id, B);
        cr_assert_eq(failed->shortages[0].available, 0);
        cr_assert_eq(reserved_on(&t, 5), 0);
        decide_end(&t);
}

Test(order_placed, a_hundred_orders_share_a_stock_of_ten)
{
        size_t filled = 0, cancelled = 0;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 10, 0);
        for (int i = 1; i <= 100; ++i) {
                struct order_placed placed = numbered(&t, i);

                placed.lines[0].quantity = 1;
                placed.total_amount = 1000;
                accepted(&t, &placed);
                filled += decide_count(&t, &stock_reserved_record);
                cancelled += decide_count(&t, &order_cancelled_record);
        }
        cr_assert_eq(filled, 10);
        cr_assert_eq(cancelled, 90);
        cr_assert_eq(reserved_on(&t, 5), 10);
        cr_assert_eq(rows_of(&t, &lots_table, EV_ROWS_UPDATED), 1, "one net image");
        decide_end(&t);
}

/* 1,000 lots of one piece fill 1,000 pieces; the 1,001st is one lot too many. */
Test(order_placed, more_than_a_thousand_lots_cannot_fill_an_order)
{
        const struct stock_reservation_failed *failed;
        struct order_placed placed;
        struct decide t;

        for (int32_t wanted = ORDER_LOTS_MAX; wanted <= ORDER_LOTS_MAX + 1; ++wanted) {
                begin(&t);
                for (int32_t i = 1; i <= ORDER_LOTS_MAX + 1; ++i)
                        put_lot(&t, i, 1, 0);
                placed = order();
                placed.lines[0].quantity = wanted;
                placed.total_amount = wanted * 1000;
                accepted(&t, &placed);
                if (wanted == ORDER_LOTS_MAX) {
                        cr_assert_eq(decide_count(&t, &stock_reserved_record), 1);
                } else {
                        failed = decide_fact(&t, &stock_reservation_failed_record);
                        cr_assert_eq(failed->shortages[0].available, ORDER_LOTS_MAX);
                }
                decide_end(&t);
        }
}

/* ---- Low stock ---- */

Test(order_placed, tells_of_each_lot_that_comes_to_its_minimum)
{
        const struct low_stock_detected *low;
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 13, 10)->min_stock_level = 3; /* 13 - 10 = 3: low */
        low = (accepted(&t, &placed), decide_fact(&t, &low_stock_detected_record));
        cr_assert_eq(low->available, 3);
        cr_assert_eq(low->inventory_item_id, 5);
        placed = numbered(&t, 2);
        placed.lines[0].quantity = 1;
        placed.total_amount = 1000;
        accepted(&t, &placed);
        cr_assert_eq(decide_count(&t, &low_stock_detected_record), 0, "it was low before");
        decide_end(&t);

        begin(&t);
        put_lot(&t, 5, 14, 10)->min_stock_level = 3;
        placed = order();
        accepted(&t, &placed);
        cr_assert_eq(decide_count(&t, &low_stock_detected_record), 0, "4 is above 3");
        decide_end(&t);

        begin(&t);
        put_lot(&t, 5, 4, 10);
        put_lot(&t, 6, 6, 20);
        placed = order();
        accepted(&t, &placed);
        cr_assert_eq(decide_count(&t, &low_stock_detected_record), 2, "both are empty");
        decide_end(&t);
}

/* ---- What is refused ---- */

Test(order_placed, refuses_texts_that_do_not_fit)
{
        static const struct {
                size_t offset;
                size_t max;
                bool may_be_empty;
        } texts[] = {
                { offsetof(struct order_placed, order_number), 250, false },
                { offsetof(struct order_placed, company_id), 255, false },
                { offsetof(struct order_placed, customer_id), 255, false },
                { offsetof(struct order_placed, preferred_location), 255, true },
        };
        char wide[2 * 256]; /* U+00E9 */
        struct order_placed placed;
        struct decide t;

        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        begin(&t);
        put_party(&t, (struct ev_str){ wide, 510 }, (struct ev_str){ wide, 510 },
                  EV_STR("customer"), true);
        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i) {
                struct ev_str *text = (struct ev_str *)(void *)((char *)&placed + texts[i].offset);

                placed = order();
                *text = (struct ev_str){ wide, 2 * texts[i].max + 2 };
                refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
                *text = (struct ev_str){ wide, 2 * texts[i].max };
                cr_assert_eq(decide(&t, &order_placed_record, &placed), 0);
                cr_assert(decide_count(&t, &order_accepted_record) == 1 ||
                          ((const struct order_rejected *)decide_fact(&t, &order_rejected_record))
                                          ->reason != ORDER_REASON_INVALID_FIELD);
                if (texts[i].may_be_empty)
                        continue;
                *text = EV_STR("");
                refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        }
        placed = order();
        placed.lines[0].sku = EV_STR("");
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed.lines[0].sku = (struct ev_str){ wide, sizeof(wide) };
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        decide_end(&t);
}

Test(order_placed, refuses_numbers_that_are_none)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.total_amount = -1;
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed = order();
        placed.lines[0].unit_price = -1;
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed = order();
        placed.currency = EV_STR("JPY"); /* without a minor unit */
        placed.lines[0].unit_price = 1001;
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed = order();
        placed.reservation_ttl_s = -1;
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed = order();
        placed.backorder = true;
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed = order();
        placed.reservation_ttl_s = INT32_MAX;
        placed.confirmation = ORDER_CONFIRMATION_EXPLICIT;
        accepted(&t, &placed);
        decide_end(&t);
}

Test(order_placed, refuses_a_number_that_is_taken)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 100, 0);
        decide_put(&t, &orders_table,
                   &(struct order){ .id = 3,
                                    .order_number = EV_STR("O-1"),
                                    .status = EV_STR("delivered"),
                                    .currency = EV_STR("USD") });
        refused(&t, &placed, ORDER_REASON_DUPLICATE_ORDER_NUMBER);
        decide_end(&t);

        /* By the event before it in the batch. */
        begin(&t);
        accepted(&t, &placed);
        placed.lines_count = 0;
        refused(&t, &placed, ORDER_REASON_DUPLICATE_ORDER_NUMBER);
        decide_end(&t);
}

Test(order_placed, counts_lines_before_and_after_merging)
{
        struct order_placed_line lines[ORDER_LINES_MAX + 1];
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.lines_count = 0;
        refused(&t, &placed, ORDER_REASON_EMPTY_ORDER);
        for (size_t i = 0; i < EV_ARRAY_SIZE(lines); ++i)
                lines[i] = (struct order_placed_line){ EV_STR("A"), 1, 1000 };
        placed.lines = lines;
        placed.lines_count = ORDER_LINES_MAX + 1;
        placed.total_amount = 1000 * (ORDER_LINES_MAX + 1);
        refused(&t, &placed, ORDER_REASON_TOO_MANY_LINES);
        placed.lines_count = ORDER_LINES_MAX;
        placed.total_amount = 1000 * ORDER_LINES_MAX;
        cr_assert_eq(accepted(&t, &placed)->lines_count, 1);
        decide_end(&t);
}

Test(order_placed, refuses_quantities_out_of_range)
{
        static const int32_t wrong[] = { 0, -1, INT32_MIN, ORDER_QUANTITY_MAX + 1, INT32_MAX };
        struct order_placed_line lines[] = { { EV_STR("A"), ORDER_QUANTITY_MAX, 1000 },
                                             { EV_STR("A"), 1, 1000 } };
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(wrong); ++i) {
                placed.lines[0].quantity = wrong[i];
                refused(&t, &placed, ORDER_REASON_INVALID_QUANTITY);
        }
        placed.lines = lines;
        placed.lines_count = 2;
        refused(&t, &placed, ORDER_REASON_INVALID_QUANTITY);
        placed.lines_count = 1;
        placed.total_amount = ORDER_QUANTITY_MAX * INT64_C(1000);
        accepted(&t, &placed);
        decide_end(&t);
}

/* Whom the order is of and for: waited for first, then refused. */
static void waits_then(struct decide *t, const struct order_placed *placed, const char *for_what,
                       enum order_reason reason)
{
        t->is_last_try = false;
        cr_assert_eq(decide(t, &order_placed_record, placed), EV_WAITS);
        cr_assert_str_eq(t->c.reason, for_what);
        cr_assert_eq(t->facts_count, 0);
        t->is_last_try = true;
        refused(t, placed, reason);
        t->is_last_try = false;
}

Test(order_placed, waits_for_parties_and_products)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_party(&t, EV_STR("C-off"), EV_STR("U-off"), EV_STR("customer"), false);
        put_party(&t, EV_STR_NULL, EV_STR("U-viewer"), EV_STR("viewer"), true);
        placed.company_id = EV_STR("C-2");
        waits_then(&t, &placed, "company", ORDER_REASON_UNKNOWN_COMPANY);
        placed.company_id = EV_STR("C-off");
        refused(&t, &placed, ORDER_REASON_COMPANY_INACTIVE);
        placed = order();
        placed.customer_id = EV_STR("U-2");
        waits_then(&t, &placed, "customer", ORDER_REASON_UNKNOWN_CUSTOMER);
        placed.customer_id = EV_STR("U-off");
        refused(&t, &placed, ORDER_REASON_CUSTOMER_INACTIVE);
        placed.customer_id = EV_STR("U-viewer");
        refused(&t, &placed, ORDER_REASON_FORBIDDEN_ROLE);
        placed = order();
        placed.lines[0].sku = EV_STR("new");
        waits_then(&t, &placed, "product", ORDER_REASON_UNKNOWN_PRODUCT);
        decide_end(&t);
}

/* What can never be right is refused at once, whatever else is missing. */
Test(order_placed, does_not_wait_in_vain)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.company_id = EV_STR("C-2");
        placed.lines[0].quantity = 0;
        refused(&t, &placed, ORDER_REASON_INVALID_QUANTITY);
        placed = order();
        put_party(&t, EV_STR("C-off"), EV_STR_NULL, EV_STR_NULL, false);
        placed.company_id = EV_STR("C-off");
        placed.customer_id = EV_STR("U-2");
        refused(&t, &placed, ORDER_REASON_COMPANY_INACTIVE);
        decide_end(&t);
}

static struct product *product(struct decide *t, int32_t id)
{
        return (struct product *)(void *)(uintptr_t)product_by_id(t->rows, id);
}

Test(order_placed, refuses_products_that_are_not_sold_so)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        product(&t, A)->active = false;
        refused(&t, &placed, ORDER_REASON_PRODUCT_INACTIVE);
        product(&t, A)->active = true;
        product(&t, A)->company_id = EV_STR("C-2");
        refused(&t, &placed, ORDER_REASON_COMPANY_MISMATCH);
        product(&t, A)->company_id = EV_STR("C-1");
        placed.currency = EV_STR("EUR");
        refused(&t, &placed, ORDER_REASON_CURRENCY_MISMATCH);
        placed.currency = EV_STR("usd");
        refused(&t, &placed, ORDER_REASON_CURRENCY_UNSUPPORTED);
        placed.currency = EV_STR("KWD");
        refused(&t, &placed, ORDER_REASON_CURRENCY_UNSUPPORTED);
        placed = order();
        placed.lines[0].unit_price = 999;
        refused(&t, &placed, ORDER_REASON_PRICE_MISMATCH);
        placed = order();
        placed.total_amount = 9999;
        refused(&t, &placed, ORDER_REASON_TOTAL_MISMATCH);
        decide_end(&t);
}

/* One of two lines of a SKU has another price: whichever of them it is. */
Test(order_placed, looks_at_the_price_of_every_line)
{
        struct order_placed_line lines[] = { { EV_STR("A"), 1, 1000 }, { EV_STR("A"), 1, 1001 } };
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.lines = lines;
        placed.lines_count = 2;
        placed.total_amount = 2001;
        refused(&t, &placed, ORDER_REASON_PRICE_MISMATCH);
        decide_end(&t);
}

Test(order_placed, refuses_countries_that_are_none)
{
        static const char *const wrong[] = { "ZZ", "co", "COL", "", "UK" };
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(wrong); ++i) {
                placed = order();
                placed.destination_country = ev_str_of(wrong[i]);
                refused(&t, &placed, ORDER_REASON_UNKNOWN_COUNTRY);
                placed = order();
                placed.origin_country = ev_str_of(wrong[i]);
                refused(&t, &placed, ORDER_REASON_UNKNOWN_COUNTRY);
        }
        decide_end(&t);
}

/* Every reason at once: each is told in its turn as the ones before it are mended. */
Test(order_placed, reasons_come_in_the_order_of_the_contract)
{
        struct order_placed_line bad = { EV_STR("new"), 0, 7 };
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        put_party(&t, EV_STR("C-off"), EV_STR("U-off"), EV_STR("viewer"), false);
        t.is_last_try = true;
        decide_put(&t, &orders_table,
                   &(struct order){ .id = 3,
                                    .order_number = EV_STR("taken"),
                                    .status = EV_STR("pending"),
                                    .currency = EV_STR("USD") });
        product(&t, B)->active = false;
        product(&t, B)->company_id = EV_STR("C-2");
        placed = (struct order_placed){ .order_number = EV_STR("taken"),
                                        .company_id = EV_STR("C-9"),
                                        .customer_id = EV_STR("U-9"),
                                        .currency = EV_STR("XXX"),
                                        .total_amount = 1,
                                        .destination_country = EV_STR("ZZ"),
                                        .origin_country = EV_STR("CO"),
                                        .backorder = true };
        refused(&t, &placed, ORDER_REASON_INVALID_FIELD);
        placed.backorder = false;
        refused(&t, &placed, ORDER_REASON_DUPLICATE_ORDER_NUMBER);
        placed.order_number = EV_STR("free");
        refused(&t, &placed, ORDER_REASON_EMPTY_ORDER);
        placed.lines_count = 1;
        placed.lines = &bad;
        refused(&t, &placed, ORDER_REASON_INVALID_QUANTITY);
        bad.quantity = 1000000;
        refused(&t, &placed, ORDER_REASON_UNKNOWN_COMPANY);
        placed.company_id = EV_STR("C-off");
        refused(&t, &placed, ORDER_REASON_COMPANY_INACTIVE);
        placed.company_id = EV_STR("C-1");
        refused(&t, &placed, ORDER_REASON_UNKNOWN_CUSTOMER);
        placed.customer_id = EV_STR("U-off");
        refused(&t, &placed, ORDER_REASON_CUSTOMER_INACTIVE);
        put_party(&t, EV_STR_NULL, EV_STR("U-viewer"), EV_STR("viewer"), true);
        placed.customer_id = EV_STR("U-viewer");
        refused(&t, &placed, ORDER_REASON_FORBIDDEN_ROLE);
        placed.customer_id = EV_STR("U-1");
        refused(&t, &placed, ORDER_REASON_UNKNOWN_PRODUCT);
        bad.sku = EV_STR("B");
        refused(&t, &placed, ORDER_REASON_PRODUCT_INACTIVE);
        product(&t, B)->active = true;
        refused(&t, &placed, ORDER_REASON_COMPANY_MISMATCH);
        product(&t, B)->company_id = EV_STR("C-1");
        refused(&t, &placed, ORDER_REASON_UNKNOWN_COUNTRY);
        placed.destination_country = EV_STR("US");
        refused(&t, &placed, ORDER_REASON_CURRENCY_UNSUPPORTED);
        placed.currency = EV_STR("EUR");
        refused(&t, &placed, ORDER_REASON_CURRENCY_MISMATCH);
        placed.currency = EV_STR("USD");
        refused(&t, &placed, ORDER_REASON_PRICE_MISMATCH);
        product(&t, B)->price = bad.unit_price = 1000000;
        refused(&t, &placed, ORDER_REASON_TOTAL_MISMATCH);
        placed.total_amount = 1000000 * INT64_C(1000000);
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        bad.quantity = 1;
        placed.total_amount = 1000000;
        refused(&t, &placed, ORDER_REASON_WEIGHT_UNKNOWN);
        product(&t, B)->has_weight = true;
        refused(&t, &placed, ORDER_REASON_WEIGHT_UNKNOWN); /* 0 kg */
        product(&t, B)->weight = 1;
        accepted(&t, &placed);
        decide_end(&t);
}

/* ---- What does not fit a column ---- */

Test(order_placed, refuses_a_total_that_no_column_holds)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        product(&t, A)->price = 350000000; /* 3,500,000.00 */
        placed.lines[0].unit_price = 350000000;
        placed.lines[0].quantity = 29;
        placed.total_amount = INT64_C(10150000000);
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        placed.lines[0].quantity = 28;
        placed.total_amount = INT64_C(9800000000);
        accepted(&t, &placed);

        /* The last amount that fits, and the most that there can be. */
        placed = numbered(&t, 2);
        product(&t, A)->price = placed.lines[0].unit_price = INT64_C(9999999999);
        placed.lines[0].quantity = 1;
        placed.total_amount = INT64_C(9999999999);
        accepted(&t, &placed);
        placed = numbered(&t, 3);
        placed.lines[0].unit_price = INT64_C(9999999999);
        placed.lines[0].quantity = ORDER_QUANTITY_MAX;
        placed.total_amount = INT64_C(9999999999000000) % INT64_C(100000000000000);
        refused(&t, &placed, ORDER_REASON_TOTAL_MISMATCH);
        decide_end(&t);
}

/* 500 lines of 1,000,000 pieces at 99,999,999.99: the sum is exact and merely too much. */
Test(order_placed, the_largest_sum_does_not_wrap)
{
        struct order_placed_line lines[ORDER_LINES_MAX];
        struct order_placed placed = order();
        char skus[ORDER_LINES_MAX][8];
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < ORDER_LINES_MAX; ++i) {
                snprintf(skus[i], sizeof(skus[i]), "L-%zu", i);
                put_product(&t, (int32_t)(100 + i), ev_str_of(skus[i]), INT64_C(9999999999), 1);
                lines[i] = (struct order_placed_line){ ev_str_of(skus[i]), ORDER_QUANTITY_MAX,
                                                       INT64_C(9999999999) };
        }
        placed.lines = lines;
        placed.lines_count = ORDER_LINES_MAX;
        placed.total_amount = INT64_C(4999999999500000000);
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        placed.total_amount += 1;
        refused(&t, &placed, ORDER_REASON_TOTAL_MISMATCH);
        decide_end(&t);
}

/* Ten pieces abroad: weight of a line and of all lines, up to 99,999.999 kg; at home it is nobody's
 * business. */
Test(order_placed, refuses_weights_that_no_manifest_holds)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.origin_country = EV_STR("US");
        product(&t, A)->weight = 10000000; /* 10,000 kg */
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        product(&t, A)->weight = 9999999;
        accepted(&t, &placed);
        placed = numbered(&t, 2);
        product(&t, A)->weight = 99999999;
        placed.lines[0].quantity = 1;
        placed.total_amount = 1000;
        placed.origin_country = EV_STR("US");
        accepted(&t, &placed);
        placed = numbered(&t, 3);
        accepted(&t, &placed);
        decide_end(&t);
}

Test(order_placed, refuses_weights_that_are_too_much_together)
{
        struct order_placed_line lines[] = { { EV_STR("A"), 10, 1000 }, { EV_STR("B"), 1, 250 } };
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.origin_country = EV_STR("US");
        placed.lines = lines;
        placed.lines_count = 2;
        placed.total_amount = 10250;
        product(&t, A)->weight = 9999999; /* 99,999.990 for ten */
        product(&t, B)->has_weight = true;
        product(&t, B)->weight = 10;
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        product(&t, B)->weight = 9;
        accepted(&t, &placed);
        decide_end(&t);
}

static void measure(struct decide *t, int32_t id, int64_t length, int64_t width, int64_t height)
{
        struct product *measured = product(t, id);

        measured->has_length = measured->has_width = measured->has_height = true;
        measured->length = length;
        measured->width = width;
        measured->height = height;
}

/* 99,999.9995 m³ would be rounded up. */
Test(order_placed, refuses_volumes_that_no_manifest_holds)
{
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.origin_country = EV_STR("US");
        placed.lines[0].quantity = 1;
        placed.total_amount = 1000;
        measure(&t, A, 9999999, 9999999, 9999999); /* the most there is: 10^18 cm³ */
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        placed.lines[0].quantity = ORDER_QUANTITY_MAX;
        placed.total_amount = ORDER_QUANTITY_MAX * INT64_C(1000);
        product(&t, A)->weight = 1;
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        placed.lines[0].quantity = 1;
        placed.total_amount = 1000;
        measure(&t, A, 9999999, 9999999, 10); /* 999,999.9² * 1.0 cm³: 999,999.8 m³ */
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        measure(&t, A, 9999999, 1000000, 10); /* 99,999.99 m³ */
        accepted(&t, &placed);
        decide_end(&t);

        begin(&t);
        placed.lines[0].quantity = 1;
        measure(&t, A, 9999995, 1000000, 100); /* 999,999.5 * 100,000 * 10 cm³ = 999,999.5 m³ */
        refused(&t, &placed, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        decide_end(&t);
}

Test(order_placed, weights_matter_abroad_only)
{
        struct order_placed_line line = { EV_STR("B"), 1, 250 };
        struct order_placed placed = order();
        struct decide t;

        begin(&t);
        placed.lines = &line;
        placed.total_amount = 250;
        placed.origin_country = EV_STR("US");
        refused(&t, &placed, ORDER_REASON_WEIGHT_UNKNOWN);
        placed.origin_country = EV_STR("CO");
        accepted(&t, &placed);
        decide_end(&t);
}

/* ---- What shipping is told ---- */

static const struct order_confirmed_line *only_line(struct decide *t,
                                                    const struct order_placed *placed)
{
        const struct order_confirmed *fact;

        accepted(t, placed);
        fact = decide_fact(t, &order_confirmed_record);
        cr_assert_eq(fact->lines_count, 1);
        return &fact->lines[0];
}

Test(order_placed, tells_shipping_all_it_needs)
{
        const struct order_confirmed_line *line;
        struct order_placed placed = order();
        struct product_extras *extras;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 100, 0);
        product(&t, A)->description = EV_STR("A doll");
        extras = (struct product_extras *)(void *)(uintptr_t)extras_of_product(t.rows,
                                                                               product(&t, A));
        extras->hs_code = EV_STR("950300");
        extras->country_of_origin = EV_STR("DE");
        measure(&t, A, 15, 10, 10); /* 1.5 cm³: 2 */
        placed.origin_country = EV_STR("US");
        line = only_line(&t, &placed);
        cr_assert(ev_str_equal(line->description, EV_STR("A doll")));
        cr_assert(ev_str_equal(line->category, EV_STR("toys")));
        cr_assert(ev_str_equal(line->hs_code, EV_STR("950300")));
        cr_assert(ev_str_equal(line->country_of_origin, EV_STR("DE")));
        cr_assert(line->has_unit_weight);
        cr_assert_eq(line->unit_weight, 1000);
        cr_assert_eq(line->unit_volume_cm3, 2);
        cr_assert_eq(line->line_value, 10000);
        cr_assert_eq(line->quantity, 10);
        decide_end(&t);
}

Test(order_placed, volumes_are_rounded_half_up_and_need_three_dimensions)
{
        static const struct {
                int64_t length, width, height, volume;
        } cases[] = {
                { 10, 10, 14, 1 }, { 10, 10, 15, 2 },
                { 10, 10, 4, 0 },  { 10, 10, 5, 1 },
                { 0, 10, 10, 0 },  { 9999999, 9999999, 9999999, INT64_C(999999700000030000) }
        };
        struct order_placed placed;
        struct decide t;

        begin(&t);
        put_lot(&t, 5, 1000, 0);
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                placed = numbered(&t, (int)i);
                measure(&t, A, cases[i].length, cases[i].width, cases[i].height);
                cr_assert_eq(only_line(&t, &placed)->unit_volume_cm3, cases[i].volume, "%zu", i);
        }
        placed = numbered(&t, 100);
        product(&t, A)->has_width = false;
        cr_assert_eq(only_line(&t, &placed)->unit_volume_cm3, 0);
        decide_end(&t);
}

/* The name stands in for a description; both are cut to 200 characters, whole ones. */
Test(order_placed, descriptions_are_cut_to_200_characters)
{
        struct order_placed placed = order();
        char wide[2 * 201];
        struct decide t;

        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        begin(&t);
        put_lot(&t, 5, 1000, 0);
        cr_assert(ev_str_equal(only_line(&t, &placed)->description, EV_STR("Name")));
        product(&t, A)->description = EV_STR("");
        placed = numbered(&t, 2);
        cr_assert(ev_str_equal(only_line(&t, &placed)->description, EV_STR("Name")));
        product(&t, A)->description = (struct ev_str){ wide, 400 };
        placed = numbered(&t, 3);
        cr_assert_eq(only_line(&t, &placed)->description.size, 400);
        product(&t, A)->description = (struct ev_str){ wide, 402 };
        placed = numbered(&t, 4);
        cr_assert_eq(only_line(&t, &placed)->description.size, 400);
        decide_end(&t);
}

/* ---- Folding ---- */

/* In a rebuild facts come from a topic; what does not fit is an error. */
Test(order_placed, folds_fail_for_rows_that_are_not_there)
{
        const struct ev_fact_head head = { .time = 1, .causation_id = EV_STR("e") };
        struct stock_lot_quantity taken = { .inventory_item_id = 5,
                                            .product_id = A,
                                            .quantity = 10 };
        struct stock_reserved stock = { .order_number = EV_STR("O-1"),
                                        .lots_count = 1,
                                        .lots = &taken };
        struct order_confirmed confirmed = { .order_number = EV_STR("O-1"),
                                             .new_status = ORDER_STATUS_CONFIRMED };
        struct order_line line = { EV_STR("B"), B, 1, 250, 250 };
        struct order_accepted fact = { .order_number = EV_STR("O-1"),
                                       .lines_count = 1,
                                       .lines = &line };
        struct decide t;

        begin(&t);
        cr_assert_eq(order_fold_confirmed(t.rows, &head, &confirmed), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_eq(fold_stock_reserved(t.rows, &head, &stock), EV_FAILED, "no order");
        cr_assert_eq(fold_order_accepted(t.rows, &head, &fact), 0);
        cr_assert_eq(fold_order_accepted(t.rows, &head, &fact), EV_FAILED, "twice");
        cr_assert_eq(fold_stock_reserved(t.rows, &head, &stock), EV_FAILED, "no line of A");
        fact.order_number = stock.order_number = EV_STR("O-2");
        line.product_id = A;
        cr_assert_eq(fold_order_accepted(t.rows, &head, &fact), 0);
        cr_assert_eq(fold_stock_reserved(t.rows, &head, &stock), EV_FAILED, "no lot");
        put_lot(&t, 5, 9, 0);
        cr_assert_eq(fold_stock_reserved(t.rows, &head, &stock), EV_FAILED, "9 are not 10");
        cr_assert_eq(reserved_on(&t, 5), 0);
        taken.quantity = 9;
        cr_assert_eq(fold_stock_reserved(t.rows, &head, &stock), 0);
        cr_assert_eq(reserved_on(&t, 5), 9);
        decide_end(&t);
}

/* ---- What is wanted ---- */

/* All that the decide looks at; of an order that is refused for its lines, none of them. */
Test(order_placed, wants_what_it_looks_at)
{
        struct order_placed_line lines[ORDER_LINES_MAX + 1];
        struct order_placed placed = order();
        char skus[ORDER_LINES_MAX + 1][8];
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(lines); ++i) {
                snprintf(skus[i], sizeof(skus[i]), "L-%zu", i);
                lines[i] = (struct order_placed_line){ ev_str_of(skus[i]), 1, 1000 };
        }
        placed.lines = lines;
        for (size_t count = ORDER_LINES_MAX; count <= ORDER_LINES_MAX + 1; ++count) {
                struct ev_wants wants = { 0 };

                ev_wants_begin(&wants, t.arena);
                placed.lines_count = count;
                want_order_placed(&wants, &placed);
                cr_assert_eq(ev_wants_finish(&wants), 0);
                cr_assert_eq(wants.lists[WANT_SKU].count,
                             count > ORDER_LINES_MAX ? 0 : ORDER_LINES_MAX);
                cr_assert_eq(wants.lists[WANT_ORDER].count, 1);
                cr_assert_eq(wants.lists[WANT_ORDER_PARTS].count, 0, "the order is a new one");
                cr_assert_eq(wants.lists[WANT_COMPANY].count, 1);
                cr_assert_eq(wants.lists[WANT_USER].count, 1);
        }
        decide_end(&t);
}
