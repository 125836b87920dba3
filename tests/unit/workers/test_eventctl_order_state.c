#include "support/unit.h"

#include <string.h>

#include "base/clock.h"
#include "eventctl/order_state.h"
#include "schemas/order.h"
#include "schemas/shipping.h"
#include "schemas/stock.h"

UNIT_SUITE(eventctl_order_state);

enum { T0 = 1000000 };

static struct order_state state;

/* Takes in a fact that was recorded so many seconds after T0. */
static int fold_at(int64_t seconds, const struct ev_record *record, const void *value)
{
        const struct event_line line = {
                .event = { .type = record->name,
                           .subject = EV_STR("O-1"),
                           .has_time = true,
                           .time = T0 + seconds * EV_MICROS_PER_SECOND,
                           .sequence = seconds + 1 },
                .record = record,
                .value = value,
        };

        return order_state_fold(&state, &line);
}

/* The text of a value of the order, or of the manifest if the order has none of that name; NULL:
 * null. */
static const char *text_in(const struct order_part *part, const char *name)
{
        static char text[100];
        char number[ORDER_STATE_TEXT_MAX];
        const struct order_value *value = order_state_value(part, name);

        cr_assert_not_null(value, "%s", name);
        if (value->time[0])
                return value->time;
        return ev_str_copy(order_state_text(value->node, number), text, sizeof(text)) ? text : NULL;
}

static const char *text(const char *name)
{
        return text_in(&state.order, name);
}

static void accept(bool has_limit)
{
        struct order_line line = { .sku = EV_STR("A"),
                                   .product_id = 7,
                                   .quantity = 5,
                                   .unit_price = 100,
                                   .total_price = 500 };
        struct order_accepted fact = { .order_number = EV_STR("O-1"),
                                       .company_id = EV_STR("acme"),
                                       .customer_id = EV_STR("ana"),
                                       .currency = EV_STR("USD"),
                                       .total_amount = 500,
                                       .status = ORDER_STATUS_PENDING,
                                       .origin_country = EV_STR("SE"),
                                       .destination_country = EV_STR("FR"),
                                       .has_expires_at = has_limit,
                                       .expires_at = T0,
                                       .lines_count = 1,
                                       .lines = &line };

        order_state_begin(&state);
        cr_assert_eq(fold_at(0, &order_accepted_record, &fact), 0);
}

static struct stock_lot_quantity lot(int32_t id, int32_t quantity)
{
        return (struct stock_lot_quantity){ .inventory_item_id = id,
                                            .sku = EV_STR("A"),
                                            .product_id = 7,
                                            .location = EV_STR("NORTH"),
                                            .quantity = quantity };
}

static void reserve(int32_t id, int32_t quantity, bool has_limit)
{
        struct stock_lot_quantity lots[] = { lot(id, quantity) };

        cr_assert_eq(fold_at(0, &stock_reserved_record,
                             &(struct stock_reserved){ .order_number = EV_STR("O-1"),
                                                       .company_id = EV_STR("acme"),
                                                       .lots_count = 1,
                                                       .lots = lots,
                                                       .has_expires_at = has_limit,
                                                       .expires_at = T0 }),
                     0);
}

static void confirm(int64_t seconds)
{
        cr_assert_eq(fold_at(seconds, &order_confirmed_record,
                             &(struct order_confirmed){ .order_number = EV_STR("O-1"),
                                                        .company_id = EV_STR("acme"),
                                                        .old_status = ORDER_STATUS_PENDING,
                                                        .new_status = ORDER_STATUS_CONFIRMED,
                                                        .customer_id = EV_STR("ana"),
                                                        .currency = EV_STR("USD"),
                                                        .total_amount = 500,
                                                        .origin_country = EV_STR("SE"),
                                                        .destination_country = EV_STR("FR") }),
                     0);
}

static const struct order_holding *holding(int64_t id, const char *status)
{
        for (size_t i = 0; i < state.holdings_count; ++i)
                if (state.holdings[i].lot_id == id && strcmp(state.holdings[i].status, status) == 0)
                        return &state.holdings[i];
        return NULL;
}

Test(eventctl_order_state, fields_are_taken_by_their_names)
{
        accept(true);
        cr_assert_str_eq(text("status"), "pending");
        cr_assert_str_eq(text("total_amount"), "5.00");
        cr_assert_str_eq(text("expires_at"), "1970-01-01T00:00:01.000000Z");
        cr_assert_str_eq(text("created_at"), "1970-01-01T00:00:01.000000Z");
        cr_assert_null(text("cancel_reason"));
        cr_assert_eq(ev_json_count(order_state_value(&state.order, "lines")->node), 1);
        order_state_done(&state);
}

Test(eventctl_order_state, a_confirmation_ends_time_limits_and_keeps_the_lines)
{
        accept(true);
        reserve(1, 5, true);
        cr_assert_not_null(holding(1, "open")->expires_at.node);
        confirm(9);
        cr_assert_str_eq(text("status"), "confirmed");
        cr_assert_str_eq(text("updated_at"), "1970-01-01T00:00:10.000000Z");
        cr_assert_null(text("expires_at"));
        cr_assert_null(holding(1, "open")->expires_at.node);
        cr_assert_eq(ev_json_count(order_state_value(&state.order, "lines")->node), 1,
                     "those of the confirmation are for customs");
        order_state_done(&state);
}

Test(eventctl_order_state, pieces_go_from_open_to_released_and_consumed)
{
        struct stock_lot_quantity released[] = { lot(1, 2) }, consumed[] = { lot(1, 1), lot(2, 4) };

        accept(false);
        reserve(1, 3, false);
        reserve(2, 4, false);
        cr_assert_eq(fold_at(1, &stock_released_record,
                             &(struct stock_released){ .order_number = EV_STR("O-1"),
                                                       .company_id = EV_STR("acme"),
                                                       .lots_count = 1,
                                                       .lots = released }),
                     0);
        cr_assert_eq(holding(1, "open")->quantity, 1);
        cr_assert_eq(holding(1, "released")->quantity, 2);
        cr_assert_eq(fold_at(2, &stock_consumed_record,
                             &(struct stock_consumed){ .order_number = EV_STR("O-1"),
                                                       .company_id = EV_STR("acme"),
                                                       .lots_count = 2,
                                                       .lots = consumed,
                                                       .reference_number = EV_STR("O-1"),
                                                       .created_by = EV_STR("x") }),
                     0);
        cr_assert_null(holding(1, "open"));
        cr_assert_null(holding(2, "open"));
        cr_assert_eq(holding(1, "consumed")->quantity, 1);
        cr_assert_eq(holding(2, "consumed")->quantity, 4);
        order_state_done(&state);
}

/* A question marks the order and leaves the rest; an answer takes the mark away. */
Test(eventctl_order_state, a_question_marks_the_order_until_it_is_answered)
{
        const struct order_cancellation_pending pending = { .order_number = EV_STR("O-1"),
                                                            .company_id = EV_STR("acme"),
                                                            .status = ORDER_STATUS_CONFIRMED,
                                                            .cancel_reason = EV_STR("late"),
                                                            .requested_by = EV_STR("ana") };

        accept(false);
        confirm(1);
        cr_assert_eq(fold_at(5, &order_cancellation_pending_record, &pending), 0);
        cr_assert_str_eq(text("cancel_reason"), "late");
        cr_assert_str_eq(text("cancel_requested_at"), "1970-01-01T00:00:06.000000Z");
        cr_assert_str_eq(text("updated_at"), "1970-01-01T00:00:02.000000Z");
        cr_assert_eq(fold_at(7, &order_cancellation_declined_record,
                             &(struct order_cancellation_declined){
                                     .order_number = EV_STR("O-1"),
                                     .company_id = EV_STR("acme"),
                                     .status = ORDER_STATUS_CONFIRMED,
                                     .reason = ORDER_REASON_ALREADY_SHIPPED,
                                     .detail = EV_STR("") }),
                     0);
        cr_assert_null(text("cancel_reason"));
        cr_assert_null(text("cancel_requested_at"));
        order_state_done(&state);
}

Test(eventctl_order_state, a_cancellation_without_words_keeps_the_mark)
{
        const struct order_cancelled cancelled = { .order_number = EV_STR("O-1"),
                                                   .company_id = EV_STR("acme"),
                                                   .old_status = ORDER_STATUS_PENDING,
                                                   .new_status = ORDER_STATUS_CANCELLED,
                                                   .reason = ORDER_CANCEL_REASON_MANIFEST_REJECTED,
                                                   .detail = EV_STR("") };
        struct order_cancellation_pending pending = { .order_number = EV_STR("O-1"),
                                                      .company_id = EV_STR("acme"),
                                                      .cancel_reason = EV_STR("late"),
                                                      .requested_by = EV_STR("ana") };

        accept(false);
        cr_assert_eq(fold_at(1, &order_cancellation_pending_record, &pending), 0);
        cr_assert_eq(fold_at(2, &order_cancelled_record, &cancelled), 0);
        cr_assert_str_eq(text("status"), "cancelled");
        cr_assert_str_eq(text("cancel_reason"), "late");
        cr_assert_str_eq(text("cancel_requested_at"), "1970-01-01T00:00:02.000000Z",
                         "the first time");
        order_state_done(&state);
}

/* Whoever asks in vain, in whichever name, changes nothing. */
Test(eventctl_order_state, refusals_change_nothing)
{
        accept(false);
        cr_assert_eq(fold_at(1, &order_rejected_record,
                             &(struct order_rejected){ .order_number = EV_STR("O-1"),
                                                       .company_id = EV_STR("stranger"),
                                                       .reason =
                                                               ORDER_REASON_DUPLICATE_ORDER_NUMBER,
                                                       .detail = EV_STR("") }),
                     0);
        cr_assert_str_eq(text("company_id"), "acme");
        order_state_done(&state);

        order_state_begin(&state);
        cr_assert_eq(fold_at(1, &order_rejected_record,
                             &(struct order_rejected){ .order_number = EV_STR("O-1"),
                                                       .reason =
                                                               ORDER_REASON_DUPLICATE_ORDER_NUMBER,
                                                       .detail = EV_STR("") }),
                     0);
        cr_assert_not(state.order.exists, "an order that was refused is none");
        order_state_done(&state);
}

Test(eventctl_order_state, facts_that_are_missing_are_missed)
{
        struct stock_lot_quantity lots[] = { lot(1, 2) };
        struct stock_released released = { .order_number = EV_STR("O-1"),
                                           .company_id = EV_STR("acme"),
                                           .lots_count = 1,
                                           .lots = lots };

        order_state_begin(&state);
        cr_assert_lt(fold_at(1, &stock_released_record, &released), 0, "without an order");
        order_state_done(&state);
        accept(false);
        cr_assert_lt(fold_at(1, &stock_released_record, &released), 0, "never reserved");
        reserve(1, 1, false);
        cr_assert_lt(fold_at(1, &stock_released_record, &released), 0, "not so many");
        order_state_done(&state);
        order_state_begin(&state);
        cr_assert_lt(fold_at(1, &order_processing_record,
                             &(struct order_processing){ .order_number = EV_STR("O-1"),
                                                         .company_id = EV_STR("acme"),
                                                         .new_status = ORDER_STATUS_PROCESSING,
                                                         .by = EV_STR("x") }),
                     0, "before it was accepted");
        order_state_done(&state);
}

Test(eventctl_order_state, a_manifest_is_told_beside_its_order)
{
        const struct manifest_rejected rejected = { .unique_id = EV_STR("MAN-O-1"),
                                                    .company_id = EV_STR("acme"),
                                                    .order_number = EV_STR("O-1"),
                                                    .new_status = MANIFEST_STATUS_REJECTED,
                                                    .reason = SHIPPING_REASON_ORDER_CANCELLED,
                                                    .detail = EV_STR("") };
        struct ev_buffer out = EV_BUFFER_INIT(65536);

        accept(false);
        cr_assert_eq(fold_at(1, &manifest_drafted_record,
                             &(struct manifest_drafted){ .unique_id = EV_STR("MAN-O-1"),
                                                         .company_id = EV_STR("acme"),
                                                         .order_number = EV_STR("O-1"),
                                                         .origin_country = EV_STR("SE"),
                                                         .destination_country = EV_STR("FR"),
                                                         .currency = EV_STR("USD"),
                                                         .created_by = EV_STR("x") }),
                     0);
        cr_assert_eq(fold_at(2, &manifest_rejected_record, &rejected), 0);
        cr_assert_str_eq(text_in(&state.manifest, "status"), "rejected");
        cr_assert_str_eq(text_in(&state.manifest, "rejection_code"), "ORDER_CANCELLED");
        cr_assert_str_eq(text("status"), "pending", "the order has a status of its own");
        cr_assert_eq(order_state_write_json(&state, EV_STR_NULL, &out), 0);
        cr_assert_eq(ev_buffer_append(&out, "", 1), 0);
        cr_assert_not_null(strstr((const char *)out.data,
                                  "{\"at\":null,\"order\":{\"order_number\":"
                                  "\"O-1\",\"status\":\"pending\""));
        cr_assert_not_null(strstr((const char *)out.data, "\"reservations\":[]},\"manifest\":{\""));
        ev_buffer_done(&out);
        order_state_done(&state);
}
