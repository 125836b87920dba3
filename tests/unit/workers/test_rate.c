#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shipping/rate.h"

UNIT_SUITE(rate);

enum {
        LINE_BYTES = 2048,
        COLUMNS_MAX = 32,
        CANDIDATES_MAX = 16,
        HOLIDAYS_MAX = 16,
};

/* One line of rates.tsv, cut into its columns. */
struct row {
        char line[LINE_BYTES];
        char *columns[COLUMNS_MAX];
        size_t count;
};

static size_t split(char *text, const char *separator, char **parts, size_t parts_max)
{
        size_t count = 0;

        for (char *part; (part = strsep(&text, separator));) {
                cr_assert_lt(count, parts_max);
                parts[count++] = part;
        }
        return count;
}

/* Calls `check` for every row of that kind; returns how many there were. */
static size_t for_each_row(const char *kind, void (*check)(const struct row *row))
{
        FILE *file = fopen(EV_VECTORS "/rates.tsv", "r");
        size_t count = 0;
        struct row row;

        cr_assert_not_null(file);
        while (fgets(row.line, sizeof(row.line), file)) {
                cr_assert_not_null(strchr(row.line, '\n'));
                *strchr(row.line, '\n') = '\0';
                row.count = split(row.line, "\t", row.columns, COLUMNS_MAX);
                if (strcmp(row.columns[0], kind) != 0)
                        continue;
                check(&row);
                ++count;
        }
        fclose(file);
        return count;
}

static int64_t decimal(const char *text, unsigned scale)
{
        int64_t unscaled;

        cr_assert_eq(ev_decimal_parse(ev_str_of(text), scale, &unscaled), 0, "\"%s\"", text);
        return unscaled;
}

static int64_t number(const char *text)
{
        return decimal(text, 0);
}

static struct rate_card card_of(char *const *c)
{
        return (struct rate_card){
                .carrier_code = EV_STR("X"),
                .service_type = EV_STR("express"),
                .currency = ev_str_of(c[0]),
                .base_rate = decimal(c[1], 2),
                .per_kg = decimal(c[2], 2),
                .per_m3 = decimal(c[3], 2),
                .fuel_fixed = decimal(c[4], 2),
                .fuel_percent = decimal(c[5], 4),
                .insurance_percent = decimal(c[6], 4),
                .reliability_percent = RATE_PERCENT_100,
                .volumetric_divisor = number(c[7]),
                .max_weight = decimal(c[8], 3),
                .transit_days = { [RATE_ZONE_3] = (int)number(c[9]) },
        };
}

static void check_quote(const struct row *row)
{
        struct rate_card card = card_of(row->columns + 2);
        struct rate_parcel parcel = {
                .currency = ev_str_of(row->columns[12]),
                .weight = decimal(row->columns[13], 3),
                .volume_cm3 = number(row->columns[14]),
                .value = decimal(row->columns[15], 2),
                .zone = RATE_ZONE_3,
        };
        const char *name = row->columns[1], *wanted = row->columns[16];
        struct rate_quote quote;
        int r = rate_quote(&card, &parcel, &quote);

        cr_assert_str_eq(r ? rate_refusal_name((enum rate_refusal)r) : "ok", wanted, "%s", name);
        if (r)
                return;
        cr_assert_eq(row->count, 24, "%s", name);
        cr_assert_eq(quote.chargeable_kg, decimal(row->columns[17], 3), "%s", name);
        cr_assert_eq(quote.base_rate, decimal(row->columns[18], 2), "%s", name);
        cr_assert_eq(quote.weight_rate, decimal(row->columns[19], 2), "%s", name);
        cr_assert_eq(quote.volume_rate, decimal(row->columns[20], 2), "%s", name);
        cr_assert_eq(quote.fuel_surcharge, decimal(row->columns[21], 2), "%s", name);
        cr_assert_eq(quote.insurance_rate, decimal(row->columns[22], 2), "%s", name);
        cr_assert_eq(quote.total_cost, decimal(row->columns[23], 2), "%s", name);
        cr_assert_eq(quote.transit_days, card.transit_days[RATE_ZONE_3], "%s", name);
}

Test(rate, quotes_are_those_of_the_vectors)
{
        cr_assert_geq(for_each_row("quote", check_quote), 60);
}

static void check_selection(const struct row *row)
{
        struct rate_candidate candidates[CANDIDATES_MAX];
        char *texts[CANDIDATES_MAX], *parts[5], chosen[64];
        size_t count = split(row->columns[2], ";", texts, CANDIDATES_MAX);
        size_t best;

        for (size_t i = 0; i < count; ++i) {
                cr_assert_eq(split(texts[i], "/", parts, 5), 5);
                candidates[i] = (struct rate_candidate){
                        .carrier_code = ev_str_of(parts[0]),
                        .service_type = ev_str_of(parts[1]),
                        .total_cost = decimal(parts[2], 2),
                        .transit_days = (int)number(parts[3]),
                        .reliability_percent = decimal(parts[4], 4),
                };
        }
        /* The choice does not depend on the order in which the candidates come. */
        for (size_t turn = 0; turn < count; ++turn) {
                struct rate_candidate first = candidates[0];

                best = rate_select(candidates, count);
                snprintf(chosen, sizeof(chosen), "%.*s/%.*s",
                         EV_STR_ARG(candidates[best].carrier_code),
                         EV_STR_ARG(candidates[best].service_type));
                cr_assert_str_eq(chosen, row->columns[3], "%s, turn %zu", row->columns[1], turn);
                memmove(candidates, candidates + 1, (count - 1) * sizeof(candidates[0]));
                candidates[count - 1] = first;
        }
}

Test(rate, choices_are_those_of_the_vectors)
{
        cr_assert_geq(for_each_row("select", check_selection), 30);
}

static int64_t day_of(const char *date)
{
        char text[64];
        int64_t micros;

        snprintf(text, sizeof(text), "%sT00:00:00Z", date);
        cr_assert(ev_instant_parse(ev_str_of(text), &micros), "%s", text);
        return ev_instant_day(micros);
}

static void check_delivery(const struct row *row)
{
        int64_t days[HOLIDAYS_MAX], now, ship_day;
        struct rate_holidays holidays = { days, 0 };
        char *dates[HOLIDAYS_MAX];
        const char *cutoff = row->columns[3];
        int minutes = ((cutoff[0] - '0') * 10 + cutoff[1] - '0') * 60 + (cutoff[3] - '0') * 10 +
                      cutoff[4] - '0';

        cr_assert(ev_instant_parse(ev_str_of(row->columns[2]), &now));
        if (strcmp(row->columns[4], "-") != 0)
                holidays.count = split(row->columns[4], ",", dates, HOLIDAYS_MAX);
        for (size_t i = 0; i < holidays.count; ++i)
                days[i] = day_of(dates[i]);
        ship_day = rate_ship_day(now, minutes, &holidays);
        cr_assert_eq(ship_day, day_of(row->columns[6]), "%s", row->columns[1]);
        cr_assert_eq(rate_estimated_delivery(ship_day, (int)number(row->columns[5]), &holidays),
                     ev_day_instant(day_of(row->columns[7])), "%s", row->columns[1]);
}

Test(rate, deliveries_are_those_of_the_vectors)
{
        cr_assert_geq(for_each_row("ship", check_delivery), 30);
}

Test(rate, zones_have_names)
{
        enum rate_zone zone = RATE_ZONE_1;

        cr_assert(rate_zone_parse(EV_STR("zone_4"), &zone));
        cr_assert_eq(zone, RATE_ZONE_4);
        cr_assert_not(rate_zone_parse(EV_STR("ZONE_4"), &zone));
        cr_assert_not(rate_zone_parse(EV_STR("zone_5"), &zone));
        cr_assert_not(rate_zone_parse(EV_STR_NULL, &zone));
        cr_assert_eq(zone, RATE_ZONE_4);
}

Test(rate, only_the_zones_of_the_card_are_reached)
{
        struct rate_card card = { .currency = EV_STR("USD"),
                                  .volumetric_divisor = 5000,
                                  .max_weight = 70000,
                                  .transit_days = { 1, 0, 3, 4 } };
        struct rate_parcel parcel = { .currency = EV_STR("USD"), .zone = RATE_ZONE_2 };
        struct rate_quote quote = { .total_cost = 4711 };

        cr_assert_eq(rate_quote(&card, &parcel, &quote), RATE_ZONE_NOT_REACHED);
        cr_assert_eq(quote.total_cost, 4711, "a refusal touches nothing");
        parcel.zone = RATE_ZONE_4;
        cr_assert_eq(rate_quote(&card, &parcel, &quote), 0);
        cr_assert_eq(quote.transit_days, 4);
}

Test(rate, a_card_from_outside_is_checked)
{
        static const struct rate_card good = { .currency = EV_STR_INIT("USD"),
                                               .volumetric_divisor = 5000,
                                               .max_weight = 70000,
                                               .reliability_percent = RATE_PERCENT_100,
                                               .transit_days = { 1, 2, 3, 365 } };
        struct rate_card cards[] = { good, good, good, good, good, good, good, good,
                                     good, good, good, good, good, good, good };

        cards[0].base_rate = -1;
        cards[1].per_kg = RATE_MONEY_MAX + 1;
        cards[2].per_m3 = -1;
        cards[3].fuel_fixed = -1;
        cards[4].fuel_percent = RATE_PERCENT_MAX + 1;
        cards[5].insurance_percent = -1;
        cards[6].reliability_percent = RATE_PERCENT_100 + 1;
        cards[7].volumetric_divisor = 0;
        cards[8].volumetric_divisor = RATE_DIVISOR_MAX + INT64_C(1);
        cards[9].max_weight = RATE_WEIGHT_MAX + 1;
        cards[10].transit_days[1] = -1;
        cards[11].transit_days[3] = RATE_TRANSIT_DAYS_MAX + 1;
        cards[12].cutoff = RATE_CUTOFF_MAX + 1;
        cards[13].currency = EV_STR("BHD");
        cards[14].volumetric_divisor = INT64_MIN;
        cr_assert(rate_card_check(&good));
        for (size_t i = 0; i < EV_ARRAY_SIZE(cards); ++i)
                cr_assert_not(rate_card_check(&cards[i]), "card %zu", i);
}
