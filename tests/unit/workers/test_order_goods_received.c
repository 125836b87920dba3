#include "support/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "order.h"
#include "rows.h"
#include "stock.h"
#include "support/decide.h"

UNIT_SUITE(goods_received);

enum { PRODUCT = 1, LOT = 5, EXPIRY = 1900000000 };

/* A receipt of 10 pieces in NORTH, without a batch. */
static struct goods_received receipt(void)
{
        return (struct goods_received){ .sku = EV_STR("A"),
                                        .location = EV_STR("NORTH"),
                                        .quantity = 10,
                                        .reference_number = EV_STR("GRN-1"),
                                        .received_by = EV_STR("dock-1") };
}

static void begin(struct decide *t)
{
        decide_begin(t, &order_worker);
        decide_put(t, &products_table,
                   &(struct product){ .id = PRODUCT,
                                      .sku = EV_STR("A"),
                                      .company_id = EV_STR("C-1"),
                                      .active = true });
}

static void put_lot(struct decide *t, int32_t quantity, int32_t reserved, int32_t min_stock_level)
{
        decide_put(t, &lots_table,
                   &(struct lot){ .id = LOT,
                                  .product_id = PRODUCT,
                                  .quantity = quantity,
                                  .reserved_quantity = reserved,
                                  .min_stock_level = min_stock_level,
                                  .location = EV_STR("NORTH"),
                                  .created_at = 7,
                                  .updated_at = 7 });
}

static const struct lot *only_lot(struct decide *t)
{
        const struct lot *lot = ev_rows_first(t->rows, &lots_table, PRODUCT);

        cr_assert_not_null(lot);
        cr_assert_null(ev_rows_next(lot));
        return lot;
}

static size_t rows_of(struct decide *t, const struct ev_table *table, enum ev_rows_kind kind)
{
        const struct ev_row *const *list;
        size_t count;

        cr_assert_eq(ev_rows_collect(t->rows, table, kind, &list, &count), 0);
        return count;
}

/* Decides it, which must be refused with this reason, and nothing else may have happened. */
static const struct stock_request_declined *
refused(struct decide *t, const struct goods_received *received, enum stock_reason reason)
{
        const struct stock_request_declined *fact;

        cr_assert_eq(decide(t, &goods_received_record, received), 0);
        fact = decide_fact(t, &stock_request_declined_record);
        cr_assert_eq(fact->reason, reason, "reason %d: %.*s", fact->reason,
                     EV_STR_ARG(fact->detail));
        cr_assert_eq(t->facts_count, 1);
        cr_assert_eq(rows_of(t, &lots_table, EV_ROWS_INSERTED), 0);
        cr_assert_eq(rows_of(t, &lots_table, EV_ROWS_UPDATED), 0);
        cr_assert_eq(rows_of(t, &movements_table, EV_ROWS_INSERTED), 0);
        return fact;
}

Test(goods_received, makes_a_lot_and_a_movement)
{
        const struct ev_row *const *movements;
        const struct stock_received *fact;
        const struct movement *movement;
        struct goods_received received = receipt();
        const struct lot *lot;
        struct decide t;
        size_t count;

        begin(&t);
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        fact = decide_fact(&t, &stock_received_record);
        cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
        cr_assert(fact->lot_created);
        cr_assert_eq(fact->inventory_item_id, 1001);
        cr_assert_eq(fact->quantity, 10);
        cr_assert_eq(fact->quantity_after, 10);
        cr_assert_eq(fact->min_stock_level, 0);
        cr_assert_not(fact->has_max_stock_level);
        cr_assert(ev_str_is_null(fact->batch_number));
        cr_assert_eq(t.facts_count, 1, "10 above 0 is not low");

        lot = only_lot(&t);
        cr_assert_eq(lot->id, 1001);
        cr_assert_eq(lot->quantity, 10);
        cr_assert_eq(lot->created_at, t.cases.now);
        cr_assert_eq(rows_of(&t, &lots_table, EV_ROWS_INSERTED), 1);

        cr_assert_eq(ev_rows_collect(t.rows, &movements_table, EV_ROWS_INSERTED, &movements,
                                     &count),
                     0);
        cr_assert_eq(count, 1);
        movement = (const struct movement *)movements[0];
        cr_assert(ev_str_equal(movement->movement_type, EV_STR("IN")));
        cr_assert_eq(movement->quantity, 10);
        cr_assert_eq(movement->inventory_item_id, 1001);
        cr_assert_eq(movement->created_at, t.cases.now);
        cr_assert(ev_str_equal(movement->created_by, EV_STR("dock-1")));
        cr_assert_eq(memcmp(&movement->event_id, &t.facts->id, sizeof(t.facts->id)), 0,
                     "the movement names the fact that made it");
        decide_end(&t);
}

Test(goods_received, adds_to_the_lot_that_is_there)
{
        struct goods_received received = receipt();
        const struct stock_received *fact;
        struct decide t;

        begin(&t);
        put_lot(&t, 100, 40, 3);
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        fact = decide_fact(&t, &stock_received_record);
        cr_assert_not(fact->lot_created);
        cr_assert_eq(fact->inventory_item_id, LOT);
        cr_assert_eq(fact->quantity_after, 110);
        cr_assert_eq(fact->reserved_after, 40);
        cr_assert_eq(fact->min_stock_level, 3, "what was not given stays");
        cr_assert_eq(only_lot(&t)->quantity, 110);
        cr_assert_eq(only_lot(&t)->reserved_quantity, 40);
        cr_assert_eq(only_lot(&t)->created_at, 7);
        cr_assert_eq(only_lot(&t)->updated_at, t.cases.now);
        cr_assert_eq(t.drawn, 1000, "no id was drawn");
        decide_end(&t);
}

Test(goods_received, sees_what_the_event_before_it_did)
{
        struct goods_received received = receipt();
        struct decide t;

        begin(&t);
        for (int i = 1; i <= 3; ++i)
                cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(only_lot(&t)->quantity, 30);
        cr_assert_eq(rows_of(&t, &lots_table, EV_ROWS_INSERTED), 1, "one net image");
        cr_assert_eq(rows_of(&t, &movements_table, EV_ROWS_INSERTED), 3);
        decide_end(&t);
}

/* A lot is (product, location, batch), and a batch that is not given is a value of its own. */
Test(goods_received, tells_lots_apart_by_place_and_batch)
{
        const struct ev_str batches[] = { EV_STR_NULL, EV_STR(""), EV_STR("B") };
        const struct lot *lot;
        struct decide t;
        size_t lots = 0;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(batches); ++i)
                for (int place = 0; place < 2; ++place) {
                        struct goods_received received = receipt();

                        received.batch_number = batches[i];
                        received.location = place ? EV_STR("NORTH") : EV_STR("SOUTH");
                        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
                        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
                }
        for (lot = ev_rows_first(t.rows, &lots_table, PRODUCT); lot;
             lot = ev_rows_next(lot), ++lots)
                cr_assert_eq(lot->quantity, 20);
        cr_assert_eq(lots, 6);
        decide_end(&t);
}

Test(goods_received, waits_for_its_product_and_is_refused_at_the_last_try)
{
        struct goods_received received = receipt();
        struct decide t;

        begin(&t);
        received.sku = EV_STR("B");
        cr_assert_eq(decide(&t, &goods_received_record, &received), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "product");
        cr_assert_eq(t.facts_count, 0);

        t.is_last_try = true;
        refused(&t, &received, STOCK_REASON_UNKNOWN_PRODUCT);
        cr_assert(ev_str_equal(decide_announced(&t, &stock_request_declined_record)->key,
                               EV_STR("KEY")),
                  "no company is known: the key is the record's");

        decide_put(&t, &products_table,
                   &(struct product){ .id = 2, .sku = EV_STR("B"), .company_id = EV_STR("C-2") });
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(decide_count(&t, &stock_received_record), 1);
        decide_end(&t);
}

Test(goods_received, refuses_quantities_that_are_none)
{
        const int32_t quantities[] = { 0, -1, INT32_MIN };
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(quantities); ++i) {
                struct goods_received received = receipt();

                received.quantity = quantities[i];
                refused(&t, &received, STOCK_REASON_INVALID_QUANTITY);
                received.sku = EV_STR("unknown");
                refused(&t, &received, STOCK_REASON_INVALID_QUANTITY); /* and does not wait */
        }
        decide_end(&t);
}

Test(goods_received, refuses_a_sum_that_no_column_holds)
{
        struct goods_received received = receipt();
        struct decide t;

        begin(&t);
        put_lot(&t, INT32_MAX - 9, 0, 0);
        refused(&t, &received, STOCK_REASON_INVALID_QUANTITY);
        received.quantity = 9;
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(only_lot(&t)->quantity, INT32_MAX);
        decide_end(&t);
}

/* 255 characters, which may be more bytes, fit; one more does not, and neither does none. */
Test(goods_received, refuses_each_text_that_does_not_fit)
{
        static const struct {
                const char *name;
                size_t offset;
                bool may_be_empty;
        } texts[] = {
                { "sku", offsetof(struct goods_received, sku), false },
                { "location", offsetof(struct goods_received, location), false },
                { "batch_number", offsetof(struct goods_received, batch_number), true },
                { "reference_number", offsetof(struct goods_received, reference_number), false },
                { "received_by", offsetof(struct goods_received, received_by), false },
        };
        const struct stock_request_declined *fact;
        char wide[2 * 256]; /* U+00E9, 256 times */
        struct decide t;

        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i) {
                struct goods_received received = receipt();
                struct ev_str *text =
                        (struct ev_str *)(void *)((char *)&received + texts[i].offset);

                *text = (struct ev_str){ wide, sizeof(wide) };
                fact = refused(&t, &received, STOCK_REASON_INVALID_FIELD);
                cr_assert_not_null(memmem(fact->detail.data, fact->detail.size, texts[i].name,
                                          strlen(texts[i].name)));
                *text = EV_STR("");
                if (!texts[i].may_be_empty)
                        refused(&t, &received, STOCK_REASON_INVALID_FIELD);
        }
        for (size_t i = 1; i < EV_ARRAY_SIZE(texts); ++i) {
                struct goods_received received = receipt();

                *(struct ev_str *)(void *)((char *)&received + texts[i].offset) =
                        (struct ev_str){ wide, sizeof(wide) - 2 };
                cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
                cr_assert_eq(decide_count(&t, &stock_received_record), 1, "%s", texts[i].name);
        }
        decide_end(&t);
}

Test(goods_received, refuses_negative_levels)
{
        struct goods_received received = receipt();
        struct decide t;

        begin(&t);
        received.has_min_stock_level = true;
        received.min_stock_level = -1;
        refused(&t, &received, STOCK_REASON_INVALID_FIELD);
        received.has_min_stock_level = false;
        received.has_max_stock_level = true;
        received.max_stock_level = -1;
        refused(&t, &received, STOCK_REASON_INVALID_FIELD);
        decide_end(&t);
}

Test(goods_received, refuses_another_expiry_date_of_a_known_lot)
{
        struct goods_received received = receipt();
        struct decide t;

        begin(&t);
        put_lot(&t, 1, 0, 0);
        received.has_expiry_date = true;
        received.expiry_date = EXPIRY;
        refused(&t, &received, STOCK_REASON_INVALID_FIELD);
        decide_end(&t);

        begin(&t);
        received.location = EV_STR("SOUTH");
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(only_lot(&t)->expiry_date, EXPIRY);
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0, "the same date");
        cr_assert_eq(only_lot(&t)->quantity, 20);

        received.expiry_date = EXPIRY + 1;
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(decide_count(&t, &stock_request_declined_record), 1);
        received.has_expiry_date = false;
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(decide_count(&t, &stock_request_declined_record), 1);
        cr_assert_eq(only_lot(&t)->quantity, 20);
        decide_end(&t);
}

Test(goods_received, sets_the_levels_that_were_given)
{
        struct goods_received received = receipt();
        struct decide t;

        begin(&t);
        put_lot(&t, 100, 0, 3);
        received.has_min_stock_level = true;
        received.min_stock_level = 4;
        received.has_max_stock_level = true;
        received.max_stock_level = 500;
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(only_lot(&t)->min_stock_level, 4);
        cr_assert(only_lot(&t)->has_max_stock_level);
        cr_assert_eq(only_lot(&t)->max_stock_level, 500);

        received.has_min_stock_level = received.has_max_stock_level = false;
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(only_lot(&t)->min_stock_level, 4);
        cr_assert_eq(only_lot(&t)->max_stock_level, 500);
        decide_end(&t);
}

/* Receives `quantity` with this minimum (-1: none given) and says which edge was told. */
static void receive(struct decide *t, int32_t quantity, int32_t min_stock_level, size_t low,
                    size_t restored)
{
        struct goods_received received = receipt();

        received.quantity = quantity;
        received.has_min_stock_level = min_stock_level >= 0;
        received.min_stock_level = min_stock_level;
        cr_assert_eq(decide(t, &goods_received_record, &received), 0);
        cr_assert_eq(decide_count(t, &stock_received_record), 1);
        cr_assert_eq(decide_count(t, &low_stock_detected_record), low, "low at %d",
                     only_lot(t)->quantity);
        cr_assert_eq(decide_count(t, &stock_restored_record), restored, "restored at %d",
                     only_lot(t)->quantity);
}

/* A new lot counts as above its minimum before; at the minimum stock is low; each crossing is told
 * once. */
Test(goods_received, tells_each_crossing_of_the_minimum_once)
{
        const struct low_stock_detected *low;
        struct decide t;

        begin(&t);
        receive(&t, 10, 20, 1, 0);
        low = decide_fact(&t, &low_stock_detected_record);
        cr_assert_eq(low->available, 10);
        cr_assert_eq(low->min_stock_level, 20);
        cr_assert_eq(low->inventory_item_id, only_lot(&t)->id);
        receive(&t, 10, -1, 0, 0); /* 20: still low */
        receive(&t, 1, -1, 0, 1);  /* 21 */
        receive(&t, 1, -1, 0, 0);
        receive(&t, 1, 23, 1, 0); /* 23 with the minimum raised */
        receive(&t, 1, -1, 0, 1);
        receive(&t, 1, 0, 0, 0);
        decide_end(&t);
}

Test(goods_received, counts_only_what_is_not_reserved_as_available)
{
        struct decide t;

        begin(&t);
        put_lot(&t, 50, 45, 10); /* 5 available: low */
        receive(&t, 5, -1, 0, 0);
        receive(&t, 1, -1, 0, 1);
        decide_end(&t);
}

Test(goods_received, tells_of_a_lot_above_its_maximum_and_clamps_nothing)
{
        struct goods_received received = receipt();
        const struct overstock_detected *over;
        struct decide t;

        begin(&t);
        received.has_max_stock_level = true;
        received.max_stock_level = 20;
        for (int i = 0; i < 2; ++i) {
                cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
                cr_assert_eq(decide_count(&t, &overstock_detected_record), 0);
        }
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        over = decide_fact(&t, &overstock_detected_record);
        cr_assert_eq(over->quantity_after, 30);
        cr_assert_eq(over->max_stock_level, 20);
        cr_assert_eq(only_lot(&t)->quantity, 30);
        decide_end(&t);
}

/* ★ stands on the one outcome, whatever else is told. */
Test(goods_received, has_one_outcome)
{
        struct goods_received received = receipt();
        struct decide t;
        size_t outcomes = 0;

        begin(&t);
        received.has_min_stock_level = received.has_max_stock_level = true;
        received.min_stock_level = 100;
        received.max_stock_level = 1;
        cr_assert_eq(decide(&t, &goods_received_record, &received), 0);
        cr_assert_eq(t.facts_count, 3);
        for (const struct ev_announced *fact = t.facts; fact; fact = fact->next)
                outcomes += fact->outcome != EV_OUTCOME_NONE;
        cr_assert_eq(outcomes, 1);
        cr_assert_eq(decide_announced(&t, &stock_received_record)->outcome, EV_OUTCOME_ACCEPTED);
        decide_end(&t);
}

/* In a rebuild facts come from a topic; what does not fit is an error. */
Test(goods_received, a_fold_fails_for_rows_that_are_not_there)
{
        const struct ev_fact_head head = { .time = 1 };
        struct stock_received fact = { .sku = EV_STR("B"),
                                       .location = EV_STR("NORTH"),
                                       .inventory_item_id = LOT,
                                       .quantity = 1,
                                       .created_by = EV_STR("x") };
        struct decide t;

        begin(&t);
        cr_assert_eq(fold_stock_received(t.rows, &head, &fact), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        fact.sku = EV_STR("A");
        cr_assert_eq(fold_stock_received(t.rows, &head, &fact), EV_FAILED);
        put_lot(&t, 1, 0, 0);
        cr_assert_eq(fold_stock_received(t.rows, &head, &fact), 0);
        decide_end(&t);
}
