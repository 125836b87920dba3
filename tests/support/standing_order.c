/* An order that stands, and the events that can happen to it. */

#include "support/standing_order.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "schemas/shipping.h"
#include "schemas/stock.h"

const struct contract contract[ORDER_EVENTS] = {
        { ORDER_IS_CONFIRMED, { "c......", "c......" } },
        { ORDER_IS_CANCELLED, { "xxx....", "xcp...." } },
        { ORDER_EXPIRES, { "x......", "x......" } },
        { ORDER_MANIFEST_APPROVED, { ".......", ".pp...." } },
        { ORDER_MANIFEST_REJECTED, { ".......", ".xx...." } },
        { ORDER_MANIFEST_SHIPPED, { ".......", "..s...." } },
        { ORDER_CANCELLATION_DECLINED, { ".......", ".cpstd." } },
};

/* No event leads back to pending, so that p is processing. */
enum order_status contract_status(char letter)
{
        static const char letters[] = "?cpstdx";
        const char *found = strchr(letters, letter);

        cr_assert(found && *found && letter != '?');
        return (enum order_status)(found - letters);
}

/* ---- Rows ---- */

static void put_product(struct decide *t, int32_t id, struct ev_str sku)
{
        decide_put(t, &products_table,
                   &(struct product){ .id = id,
                                      .sku = sku,
                                      .company_id = EV_STR("C-1"),
                                      .name = EV_STR("Lamp"),
                                      .category = EV_STR("toys"),
                                      .price = 1000,
                                      .has_weight = true,
                                      .weight = 1500,
                                      .active = true });
        decide_put(t, &product_extras_table,
                   &(struct product_extras){ .product_id = id, .currency = EV_STR("USD") });
}

static void put_line(struct decide *t, int32_t id, int32_t product, int32_t quantity)
{
        decide_put(t, &order_items_table,
                   &(struct order_item){ .id = id,
                                         .order_id = ORDER_ID,
                                         .product_id = product,
                                         .quantity = quantity,
                                         .unit_price = 1000,
                                         .total_price = quantity * 1000 });
}

/* A lot, and what the order has reserved of it. */
static void put_lot(struct decide *t, enum order_status status, struct reservation *reservation,
                    int32_t quantity, int32_t min_stock_level)
{
        bool is_open = status <= ORDER_STATUS_PROCESSING;
        bool is_consumed = !is_open && status != ORDER_STATUS_CANCELLED;

        reservation->order_id = ORDER_ID;
        reservation->status = is_open       ? EV_STR("open")
                              : is_consumed ? EV_STR("consumed")
                                            : EV_STR("released");
        decide_put(t, &reservations_table, reservation);
        decide_put(t, &lots_table,
                   &(struct lot){ .id = reservation->inventory_item_id,
                                  .product_id = reservation->product_id,
                                  .quantity = quantity - (is_consumed ? reservation->quantity : 0),
                                  .reserved_quantity = is_open ? reservation->quantity : 0,
                                  .min_stock_level = min_stock_level,
                                  .has_max_stock_level = true,
                                  .max_stock_level = 1, /* far exceeded, and nobody's business */
                                  .location = EV_STR("NORTH"),
                                  .created_at = EARLIER,
                                  .updated_at = EARLIER });
}

static void put_order(struct decide *t, enum order_status status, bool is_abroad,
                      int64_t expires_at)
{
        decide_put(t, &orders_table,
                   &(struct order){ .id = ORDER_ID,
                                    .order_number = NUMBER,
                                    .status = order_status_enum.symbols[status],
                                    .total_amount = 9000,
                                    .currency = EV_STR("USD"),
                                    .customer_id = EV_STR("U-1"),
                                    .company_id = EV_STR("C-1"),
                                    .created_at = EARLIER,
                                    .updated_at = EARLIER });
        decide_put(t, &order_extras_table,
                   &(struct order_extras){ .order_id = ORDER_ID,
                                           .origin_country = EV_STR("US"),
                                           .destination_country =
                                                   is_abroad ? EV_STR("DE") : EV_STR("US"),
                                           .placed_event_id = EV_STR("placed-1"),
                                           .confirmation = EV_STR("EXPLICIT"),
                                           .reservation_ttl_s = 900,
                                           .has_expires_at = expires_at > 0,
                                           .expires_at = expires_at });
}

static void begin(struct decide *t, enum order_status status, bool is_abroad, int64_t expires_at)
{
        struct reservation held = { .has_expires_at = expires_at > 0, .expires_at = expires_at };

        decide_begin(t, &order_worker);
        put_product(t, PRODUCT_A, EV_STR("A"));
        put_product(t, PRODUCT_B, EV_STR("B"));
        put_order(t, status, is_abroad, expires_at);
        put_line(t, LINE_A, PRODUCT_A, 5);
        put_line(t, LINE_B, PRODUCT_B, 4);
        held.order_item_id = LINE_A;
        held.product_id = PRODUCT_A;
        held.inventory_item_id = LOT_A_NORTH;
        held.quantity = 3;
        put_lot(t, status, &held, 100, 0);
        held.inventory_item_id = LOT_A_SOUTH;
        held.quantity = 2;
        put_lot(t, status, &held, 50, 0);
        held.order_item_id = LINE_B;
        held.product_id = PRODUCT_B;
        held.inventory_item_id = LOT_B;
        held.quantity = 4;
        put_lot(t, status, &held, 10, 7);
}

void standing_begin(struct decide *t, enum order_status status, bool is_abroad)
{
        begin(t, status, is_abroad, status == ORDER_STATUS_PENDING ? EARLIER : 0);
}

void standing_begin_pending(struct decide *t, bool is_abroad, int64_t expires_at)
{
        begin(t, ORDER_STATUS_PENDING, is_abroad, expires_at);
}

void standing_mark(struct decide *t)
{
        struct order_extras *extras = ev_rows_change(t->rows, standing_extras(t));

        extras->has_cancel_requested_at = true;
        extras->cancel_requested_at = EARLIER;
        extras->cancel_reason = EV_STR("old");
}

const struct order *standing_order(struct decide *t)
{
        const struct order *order = find_order(t->rows, NUMBER);

        cr_assert_not_null(order);
        return order;
}

const struct order_extras *standing_extras(struct decide *t)
{
        const struct order_extras *extras = extras_of(t->rows, standing_order(t));

        cr_assert_not_null(extras);
        return extras;
}

enum order_status standing_status(struct decide *t)
{
        int32_t status = ev_enum_index(&order_status_enum, standing_order(t)->status);

        cr_assert(status >= 0 && status < STATUSES);
        return (enum order_status)status;
}

const struct lot *standing_lot(struct decide *t, int32_t id)
{
        const struct lot *lot = lot_by_id(t->rows, id == LOT_B ? PRODUCT_B : PRODUCT_A, id);

        cr_assert_not_null(lot);
        return lot;
}

int64_t standing_pieces(struct decide *t, const char *status)
{
        int64_t pieces = 0;

        for (const struct reservation *row = first_reservation(t->rows, standing_order(t)); row;
             row = next_reservation(row))
                if (ev_str_equal(row->status, ev_str_of(status)))
                        pieces += row->quantity;
        return pieces;
}

/* ---- Events ---- */

static int report(struct decide *t, enum order_event event)
{
        struct manifest_approved approved = { .unique_id = EV_STR("MAN-O-1"),
                                              .order_number = NUMBER,
                                              .tracking_number = EV_STR("TRACK12345") };
        struct manifest_rejected rejected = { .unique_id = EV_STR("MAN-O-1"),
                                              .order_number = NUMBER,
                                              .reason = SHIPPING_REASON_CUSTOMS_REJECTED,
                                              .detail = EV_STR("papers") };
        struct manifest_shipped shipped = { .unique_id = EV_STR("MAN-O-1"),
                                            .order_number = NUMBER,
                                            .carrier = EV_STR("DHL"),
                                            .tracking_number = EV_STR("TRACK12345") };
        struct manifest_cancellation_declined declined = { .unique_id = EV_STR("MAN-O-1"),
                                                           .order_number = NUMBER,
                                                           .detail = EV_STR("it has left") };

        if (event == ORDER_MANIFEST_APPROVED)
                return decide(t, &manifest_approved_record, &approved);
        if (event == ORDER_MANIFEST_REJECTED)
                return decide(t, &manifest_rejected_record, &rejected);
        if (event == ORDER_MANIFEST_SHIPPED)
                return decide(t, &manifest_shipped_record, &shipped);
        cr_assert_eq(event, ORDER_CANCELLATION_DECLINED);
        return decide(t, &manifest_cancellation_declined_record, &declined);
}

int standing_event(struct decide *t, enum order_event event)
{
        struct order_confirmation_requested confirmation = { .order_number = NUMBER };
        struct order_cancellation_requested cancellation = { .order_number = NUMBER,
                                                             .reason = EV_STR("old"),
                                                             .requested_by = EV_STR("shop") };

        if (event == ORDER_IS_CONFIRMED)
                return decide(t, &order_confirmation_requested_record, &confirmation);
        if (event == ORDER_IS_CANCELLED)
                return decide(t, &order_cancellation_requested_record, &cancellation);
        if (event == ORDER_EXPIRES)
                return decide_timer(t, &order_worker.timers[0], NUMBER);
        return report(t, event);
}

/* The part of a full name behind its last dot. */
static struct ev_str short_name(const struct ev_record *record)
{
        const char *dot = memrchr(record->name.data, '.', record->name.size);
        size_t before = (size_t)(dot + 1 - record->name.data);

        cr_assert_not_null(dot);
        return (struct ev_str){ dot + 1, record->name.size - before };
}

void standing_announced(struct decide *t, const char *names)
{
        char found[1024] = "";
        size_t used = 0;

        for (const struct ev_announced *fact = t->facts; fact; fact = fact->next)
                used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%.*s",
                                         used ? " " : "", EV_STR_ARG(short_name(fact->record)));
        cr_assert_str_eq(found, names);
}

void standing_check_laws_of_lots(struct decide *t)
{
        static const int32_t lots[] = { LOT_A_NORTH, LOT_A_SOUTH, LOT_B };
        int64_t reserved = 0;

        for (size_t i = 0; i < EV_ARRAY_SIZE(lots); ++i) {
                const struct lot *lot = standing_lot(t, lots[i]);

                cr_assert(0 <= lot->reserved_quantity && lot->reserved_quantity <= lot->quantity);
                reserved += lot->reserved_quantity;
        }
        cr_assert_eq(reserved, standing_pieces(t, "open"),
                     "what lots have reserved is what is open");
}

void standing_check_laws(struct decide *t)
{
        enum order_status status = standing_status(t);

        standing_check_laws_of_lots(t);
        cr_assert_eq(standing_pieces(t, "open") + standing_pieces(t, "consumed") +
                             standing_pieces(t, "released"),
                     9);
        if (status == ORDER_STATUS_CANCELLED)
                cr_assert_eq(standing_pieces(t, "released"), 9, "cancelled holds nothing");
        else if (status >= ORDER_STATUS_SHIPPED)
                cr_assert_eq(standing_pieces(t, "consumed"), 9, "shipped is fully consumed");
        else
                cr_assert_eq(standing_pieces(t, "open"), 9, "what stands is fully reserved");
}
