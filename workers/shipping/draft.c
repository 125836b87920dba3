/* An order was confirmed: OrderConfirmed → ManifestDrafted, RatesQuoted, and ManifestSubmitted,
 * ManifestHeld or ManifestRejected, in one transaction.
 *
 * The fact of another database is never refused: what can be mended is held, what cannot is
 * rejected, which cancels the order. Only a fact that makes no sense (an order without weights, a
 * sum that no column holds) is set aside for a person, because order_db promises that there is
 * none. A manifest's id is made of the order's number, so that a second one for an order cannot be.
 * Numbers are given out by producers, and each order_db sees to it that none comes twice in it;
 * where there are several (flow/shard.h) nobody else can, and the later one is set aside here. If
 * the process dies, all three facts and all rows are there, or none. */

#include <assert.h>
#include <string.h>

#include "schemas/order.h"
#include "shipping/decides.h"
#include "shipping/manifest.h"
#include "shipping/rules.h"

enum { LINES_MAX = 500 }; /* of an order */

#define CREATED_BY EV_STR("quenty-shipping")

/* A manifest in the making; nothing of it is kept but by facts. */
struct draft {
        const struct order_confirmed *order;
        char id_text[MANIFEST_ID_BYTES];
        struct ev_str id;
        size_t item_count;
        struct manifest_item items[LINES_MAX];
        char hs_codes[LINES_MAX][HS_CODE_DIGITS_MAX];
        int64_t total_weight, total_volume, total_value;
        int64_t volume_cm3; /* exact: rates are of it, not of the rounded columns */
        struct offers offers;
};

/* The manifest, if there is one, and what decides about a new one. Domestic orders are no business
 * of ours. */
void want_order_confirmed(struct ev_wants *wants, const void *event)
{
        const struct order_confirmed *order = event;

        assert(order);

        if (ev_str_equal(order->origin_country, order->destination_country))
                return;
        ev_want(wants, WANT_ORDER, order->order_number);
        ev_want(wants, WANT_DESTINATION, order->destination_country);
        ev_want(wants, WANT_ORIGIN, order->origin_country);
        ev_want(wants, WANT_CARRIERS, WANT_ALL);
}

/* ---- The manifest ---- */

/* Line totals, exact; false for what makes no sense. A volume in m3 is rounded once, half up. */
static bool make_item(struct draft *draft, const struct order_confirmed_line *line)
{
        struct manifest_item *item = &draft->items[draft->item_count];
        struct ev_str digits;

        assert(draft->item_count < LINES_MAX);

        *item = (struct manifest_item){ .description = line->description,
                                        .quantity = line->quantity,
                                        .value = line->line_value,
                                        .category = line->category,
                                        .hs_code = line->hs_code,
                                        .country_of_origin = line->country_of_origin,
                                        .has_product_id = true,
                                        .product_id = line->product_id };
        if (hs_code_read(line->hs_code, draft->hs_codes[draft->item_count], &digits))
                item->hs_code = digits;
        ++draft->item_count;
        return line->quantity > 0 && line->has_unit_weight && line->unit_weight > 0 &&
               line->unit_volume_cm3 >= 0 && line->line_value >= 0 &&
               ev_decimal_times(line->unit_weight, line->quantity, &item->weight) == 0 &&
               ev_decimal_times(line->unit_volume_cm3, line->quantity, &item->volume_cm3) == 0 &&
               ev_decimal_rescale(item->volume_cm3, 6, RATE_WEIGHT_SCALE, &item->volume) == 0;
}

/* Totals are sums of what the items' columns hold. False if one has no room in its column. */
static bool add_up(struct draft *draft)
{
        assert(draft->total_weight == 0);

        for (size_t i = 0; i < draft->item_count; ++i) {
                const struct manifest_item *item = &draft->items[i];

                if (item->weight > RATE_WEIGHT_MAX || item->volume > RATE_WEIGHT_MAX ||
                    item->value > RATE_COLUMN_MAX)
                        return false;
                draft->total_weight += item->weight;
                draft->total_volume += item->volume;
                draft->total_value += item->value;
                draft->volume_cm3 += item->volume_cm3;
        }
        return draft->total_weight <= RATE_WEIGHT_MAX && draft->total_volume <= RATE_WEIGHT_MAX &&
               draft->total_value <= RATE_COLUMN_MAX;
}

/* False for an order that order_db would not have confirmed. */
static bool make_draft(const struct order_confirmed *order, struct draft *draft)
{
        draft->order = order;
        draft->item_count = 0;
        draft->total_weight = draft->total_volume = draft->total_value = draft->volume_cm3 = 0;

        assert(order->lines || order->lines_count == 0);

        if (order->lines_count == 0 || order->lines_count > LINES_MAX ||
            !order_manifest_id(order->order_number, draft->id_text, &draft->id))
                return false;
        for (size_t i = 0; i < order->lines_count; ++i)
                if (!make_item(draft, &order->lines[i]))
                        return false;
        return add_up(draft);
}

/* ---- Facts ---- */

static int announce_drafted(struct ev_case *c, struct draft *draft, const struct shipment *shipment)
{
        assert(!find_manifest(ev_rows_of(c), draft->id));

        return manifest_drafted_announce(
                c, &(struct manifest_drafted){
                           .unique_id = draft->id,
                           .company_id = draft->order->company_id,
                           .order_number = draft->order->order_number,
                           .status = MANIFEST_STATUS_DRAFT,
                           .origin_country = draft->order->origin_country,
                           .destination_country = draft->order->destination_country,
                           .shipping_zone = shipment->destination ? shipment->destination->zone
                                                                  : EV_STR_NULL,
                           .currency = draft->order->currency,
                           .total_weight = draft->total_weight,
                           .total_volume = draft->total_volume,
                           .total_value = draft->total_value,
                           .created_by = CREATED_BY,
                           .duty_flag = duty_is_due(shipment),
                           .items_count = draft->item_count,
                           .items = draft->items });
}

static struct manifest_quote quote_of(const struct offer *offer, int64_t now)
{
        const struct service *service = offer->service;
        const struct rate_quote *quote = &offer->quote;

        assert(service);

        return (struct manifest_quote){ .carrier_code = service->carrier_code,
                                        .carrier_name = service->carrier_name,
                                        .service_type = service->service_type,
                                        .chargeable_kg = quote->chargeable_kg,
                                        .base_rate = quote->base_rate,
                                        .weight_rate = quote->weight_rate,
                                        .volume_rate = quote->volume_rate,
                                        .fuel_surcharge = quote->fuel_surcharge,
                                        .insurance_rate = quote->insurance_rate,
                                        .total_cost = quote->total_cost,
                                        .currency = service->currency,
                                        .transit_days = quote->transit_days,
                                        .valid_until =
                                                now + RATE_VALID_HOURS * EV_MICROS_PER_HOUR };
}

/* All quotes, and the one that is taken; none at all is a fact too. */
static int announce_quotes(struct ev_case *c, const struct draft *draft)
{
        const struct offers *offers = &draft->offers;
        const struct offer *selected = offers->selected;
        struct manifest_quote quotes[SERVICES_MAX];
        struct rates_quoted fact = { .unique_id = draft->id,
                                     .company_id = draft->order->company_id,
                                     .order_number = draft->order->order_number,
                                     .quotes_count = offers->count,
                                     .quotes = quotes };

        assert(offers->count <= SERVICES_MAX);

        for (size_t i = 0; i < offers->count; ++i)
                quotes[i] = quote_of(&offers->list[i], ev_now(c));
        if (selected) {
                fact.selected_carrier_code = selected->service->carrier_code;
                fact.selected_service_type = selected->service->service_type;
                fact.has_estimated_delivery = true;
                fact.estimated_delivery =
                        estimate_delivery(ev_rows_of(c), draft->order->origin_country,
                                          selected->service->cutoff, selected->quote.transit_days,
                                          ev_now(c));
        }
        return rates_quoted_announce(c, &fact);
}

/* With the quote that was just made, so that it cannot have run out. */
static int announce_submitted(struct ev_case *c, const struct draft *draft)
{
        const struct manifest *manifest = find_manifest(ev_rows_of(c), draft->id);
        const struct service *service = draft->offers.selected->service;

        assert(manifest && manifest->has_estimated_delivery);
        assert(manifest_effect_of(ev_rows_of(c), manifest, MANIFEST_SUBMITTED) == MANIFEST_MOVES);

        return manifest_submitted_announce(
                c, &(struct manifest_submitted){ .unique_id = draft->id,
                                                 .company_id = draft->order->company_id,
                                                 .order_number = draft->order->order_number,
                                                 .old_status = status_of(manifest),
                                                 .new_status = MANIFEST_STATUS_SUBMITTED,
                                                 .carrier_code = service->carrier_code,
                                                 .service_type = service->service_type,
                                                 .estimated_delivery = manifest->estimated_delivery,
                                                 .submitted_at = ev_now(c) });
}

/* The third fact: what becomes of the draft. */
static int announce_end(struct ev_case *c, const struct draft *draft,
                        const struct shipment *shipment)
{
        struct findings findings = { 0 };
        const struct manifest *manifest = find_manifest(ev_rows_of(c), draft->id);

        assert(manifest_effect_of(ev_rows_of(c), manifest, MANIFEST_FORBIDDEN) == MANIFEST_MOVES);

        find_rejection(shipment, &findings);
        if (findings.count > 0)
                return announce_rejected(c, manifest,
                                         &(struct rejection){ .reason = findings.reasons[0],
                                                              .detail =
                                                                      findings_detail(&findings) });
        find_holds(shipment, &findings);
        if (findings.count == 0)
                return announce_submitted(c, draft);
        return manifest_held_announce(
                c, &(struct manifest_held){ .unique_id = draft->id,
                                            .company_id = draft->order->company_id,
                                            .order_number = draft->order->order_number,
                                            .status = status_of(manifest),
                                            .reasons_count = findings.count,
                                            .reasons = findings.reasons,
                                            .detail = findings_detail(&findings),
                                            .held_until = ev_now(c) + MANIFEST_RETRY_DAYS *
                                                                              EV_MICROS_PER_DAY });
}

/* What carriers offer for it; nothing where the destination is in no zone. */
static void ask_carriers(const struct ev_rows *rows, const struct country *destination,
                         struct draft *draft)
{
        struct rate_parcel parcel = { .weight = draft->total_weight,
                                      .volume_cm3 = draft->volume_cm3,
                                      .value = draft->total_value,
                                      .currency = draft->order->currency };

        assert(draft->total_weight > 0);

        draft->offers.count = 0;
        draft->offers.selected = NULL;
        draft->offers.reached = draft->offers.too_heavy = false;
        if (destination && rate_zone_parse(destination->zone, &parcel.zone))
                make_offers(rows, &parcel, &draft->offers);
}

int decide_order_confirmed(struct ev_case *c, const void *event)
{
        const struct order_confirmed *order = event;
        const struct ev_rows *rows = ev_rows_of(c);
        const struct manifest *manifest;
        struct shipment shipment;
        struct draft draft;
        int r;

        if (ev_str_equal(order->origin_country, order->destination_country))
                return 0;
        manifest = find_order_manifest(rows, order->order_number);
        if (manifest && !ev_str_equal(manifest->company_id, order->company_id))
                return ev_park(c, "an order of another company, in another shard of order_db, has "
                                  "this number and the manifest that is named after it");
        if (manifest)
                return ev_ignore(c, "the order has a manifest already");
        if (!make_draft(order, &draft))
                return ev_park(c,
                               "an order that cannot have been confirmed abroad: its number, its "
                               "lines, or a sum of theirs fits no manifest");

        shipment = (struct shipment){ .rows = rows,
                                      .destination = find_country(rows, order->destination_country),
                                      .destination_country = order->destination_country,
                                      .currency = order->currency,
                                      .items = draft.items,
                                      .item_count = draft.item_count,
                                      .total_weight = draft.total_weight,
                                      .offers = &draft.offers,
                                      .now = ev_now(c) };
        ask_carriers(rows, shipment.destination, &draft);
        r = announce_drafted(c, &draft, &shipment);
        if (r == 0)
                r = announce_quotes(c, &draft);
        if (r == 0)
                r = announce_end(c, &draft, &shipment);
        return r;
}
