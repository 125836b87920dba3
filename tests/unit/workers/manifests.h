#ifndef TESTS_UNIT_WORKERS_MANIFESTS_H
#define TESTS_UNIT_WORKERS_MANIFESTS_H

/* What tests of the shipping worker begin with: the countries, cards and rules that
 * intl_shipping_db is seeded with, as far as they are needed, and an order that is shipped abroad.
 */

#include <criterion/criterion.h>
#include <string.h>

#include "schemas/order.h"
#include "schemas/shipping.h"
#include "shipping/manifest.h"
#include "shipping/rows.h"
#include "shipping/shipping.h"
#include "support/decide.h"

enum { SEEDED_SERVICES = 3, SEEDED_RULES = 4 };

/* A Thursday, noon: before every cut-off. */
static inline int64_t thursday_noon(void)
{
        return ev_day_instant(ev_day_of_date(2026, 1, 15)) + 12 * EV_MICROS_PER_HOUR;
}

static inline int64_t date(int year, int month, int mday)
{
        return ev_day_instant(ev_day_of_date(year, month, mday));
}

static inline struct service seeded_service(int number)
{
        static const struct {
                const char *code;
                int64_t base_rate, per_kg, fuel_fixed, insurance_percent, reliability_percent;
                int days, cutoff;
        } cards[SEEDED_SERVICES] = {
                { "DHL", 4500, 850, 550, 5000, 1000000, 3, 18 * 60 },
                { "FEDEX", 4200, 780, 480, 4000, 960000, 4, 19 * 60 },
                { "UPS", 4800, 920, 600, 6000, 970000, 2, 17 * 60 + 30 },
        };

        cr_assert(number >= 0 && number < SEEDED_SERVICES);
        return (struct service){ .carrier_code = ev_str_of(cards[number].code),
                                 .service_type = EV_STR("express"),
                                 .carrier_name = ev_str_of(cards[number].code),
                                 .active = true,
                                 .currency = EV_STR("USD"),
                                 .base_rate = cards[number].base_rate,
                                 .per_kg = cards[number].per_kg,
                                 .fuel_fixed = cards[number].fuel_fixed,
                                 .insurance_percent = cards[number].insurance_percent,
                                 .reliability_percent = cards[number].reliability_percent,
                                 .volumetric_divisor = 5000,
                                 .max_weight = 70000,
                                 .cutoff = cards[number].cutoff,
                                 .days_1 = cards[number].days,
                                 .days_2 = cards[number].days,
                                 .days_3 = cards[number].days,
                                 .days_4 = cards[number].days };
}

static inline void put_country(struct decide *t, int32_t id, const char *code, const char *zone,
                               bool active)
{
        decide_put(t, &countries_table,
                   &(struct country){ .id = id,
                                      .iso_code = ev_str_of(code),
                                      .zone = ev_str_of(zone),
                                      .active = active });
}

static inline void put_rule(struct decide *t, struct rule rule)
{
        if (rule.valid_from == 0)
                rule.valid_from = date(2025, 1, 22);
        decide_put(t, &rules_table, &rule);
}

/* An empty database as the migrations leave it. Ids of countries are their numeric ISO codes. */
static inline void begin_without_services(struct decide *t)
{
        decide_begin(t, &shipping_worker);
        t->cases.now = thursday_noon();
        put_country(t, 170, "CO", "zone_2", true);
        put_country(t, 840, "US", "zone_1", true);
        put_country(t, 124, "CA", "zone_1", true);
        put_country(t, 484, "MX", "zone_1", true);
        put_country(t, 250, "FR", "zone_3", true);
        put_country(t, 276, "DE", "zone_3", true);
        put_country(t, 826, "GB", "zone_3", true);
        put_rule(t, (struct rule){ .rule_id = 1,
                                   .country_id = 840,
                                   .category = EV_STR("food"),
                                   .level = EV_STR("PROHIBITED"),
                                   .documents = EV_STR("") });
        put_rule(t, (struct rule){ .rule_id = 2,
                                   .country_id = 840,
                                   .category = EV_STR("electronics"),
                                   .level = EV_STR("DOCUMENTS"),
                                   .documents = EV_STR("commercial_invoice, "
                                                       "certificate_of_origin") });
        put_rule(t, (struct rule){ .rule_id = 3,
                                   .country_id = 276,
                                   .level = EV_STR("DOCUMENTS"),
                                   .documents = EV_STR("commercial_invoice, packing_list") });
        put_rule(t,
                 (struct rule){ .rule_id = 4,
                                .country_id = 826,
                                .level = EV_STR("DOCUMENTS"),
                                .documents = EV_STR("commercial_invoice, customs_declaration") });
}

static inline void begin(struct decide *t)
{
        begin_without_services(t);
        for (int i = 0; i < SEEDED_SERVICES; ++i) {
                struct service service = seeded_service(i);

                decide_put(t, &services_table, &service);
        }
}

/* One phone of 5.000 kg and 500.00 USD, from Colombia to France; the line may be changed. */
struct order {
        struct order_confirmed fact;
        struct order_confirmed_line lines[4];
};

static inline void make_order(struct order *order, const char *number)
{
        *order = (struct order){
                .fact = { .order_number = ev_str_of(number),
                          .company_id = EV_STR("C-1"),
                          .old_status = ORDER_STATUS_PENDING,
                          .new_status = ORDER_STATUS_CONFIRMED,
                          .customer_id = EV_STR("U-1"),
                          .currency = EV_STR("USD"),
                          .total_amount = 50000,
                          .origin_country = EV_STR("CO"),
                          .destination_country = EV_STR("FR"),
                          .lines_count = 1 },
        };
        for (size_t i = 0; i < EV_ARRAY_SIZE(order->lines); ++i)
                order->lines[i] = (struct order_confirmed_line){ .sku = EV_STR("PHONE"),
                                                                 .product_id = 7,
                                                                 .quantity = 1,
                                                                 .category = EV_STR("phones"),
                                                                 .description = EV_STR("A phone"),
                                                                 .hs_code = EV_STR("851713"),
                                                                 .country_of_origin = EV_STR("CO"),
                                                                 .has_unit_weight = true,
                                                                 .unit_weight = 5000,
                                                                 .unit_volume_cm3 = 480,
                                                                 .line_value = 50000 };
}

static inline int confirm(struct decide *t, struct order *order)
{
        order->fact.lines = order->lines;
        return decide(t, &order_confirmed_record, &order->fact);
}

/* The manifest of order "O-1", submitted. */
static inline const struct manifest *submit(struct decide *t)
{
        const struct manifest *manifest;
        struct order order;

        make_order(&order, "O-1");
        cr_assert_eq(confirm(t, &order), 0);
        cr_assert_eq(decide_count(t, &manifest_submitted_record), 1);
        manifest = find_manifest(t->rows, EV_STR("MAN-O-1"));
        cr_assert_not_null(manifest);
        return manifest;
}

static inline bool contains(struct ev_str text, const char *part)
{
        return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

#endif
