/* Offers over rows: the cards that carriers have today, and the holidays to come.
 *
 * Nothing is kept: the same rows and the same instant give the same offers. */

#include "shipping/quotes.h"

#include <assert.h>

enum { HOLIDAYS_MAX = 1024 }; /* load_holidays.sql gives 1001 days at most */

/* The columns as a card. */
static struct rate_card card_of(const struct service *service)
{
        assert(service);

        return (struct rate_card){
                .carrier_code = service->carrier_code,
                .service_type = service->service_type,
                .currency = service->currency,
                .base_rate = service->base_rate,
                .per_kg = service->per_kg,
                .per_m3 = service->per_m3,
                .fuel_fixed = service->fuel_fixed,
                .fuel_percent = service->fuel_percent,
                .insurance_percent = service->insurance_percent,
                .reliability_percent = service->reliability_percent,
                .volumetric_divisor = service->volumetric_divisor,
                .max_weight = service->max_weight,
                .transit_days = { service->days_1, service->days_2, service->days_3,
                                  service->days_4 },
                .cutoff = service->cutoff,
        };
}

/* The choice depends on who else offers, so it comes when all have. */
static const struct offer *select_offer(const struct offers *offers)
{
        struct rate_candidate candidates[SERVICES_MAX];

        assert(offers->count <= SERVICES_MAX);

        if (offers->count == 0)
                return NULL;
        for (size_t i = 0; i < offers->count; ++i) {
                const struct offer *offer = &offers->list[i];

                candidates[i] = (struct rate_candidate){
                        .carrier_code = offer->service->carrier_code,
                        .service_type = offer->service->service_type,
                        .total_cost = offer->quote.total_cost,
                        .reliability_percent = offer->service->reliability_percent,
                        .transit_days = offer->quote.transit_days,
                };
        }
        return &offers->list[rate_select(candidates, offers->count)];
}

/* A card outside of its limits, which nobody can have registered, quotes nothing. */
void make_offers(const struct ev_rows *rows, const struct rate_parcel *parcel,
                 struct offers *offers)
{
        const struct service *service = ev_rows_first(rows, &services_table, 0);
        bool carried = false;

        assert(parcel);

        *offers = (struct offers){ 0 };
        for (; service && offers->count < SERVICES_MAX; service = ev_rows_next(service)) {
                struct rate_card card = card_of(service);
                struct offer *offer = &offers->list[offers->count];

                if (!service->active || !rate_card_check(&card))
                        continue;
                if (card.transit_days[parcel->zone] > 0) {
                        offers->reached = true;
                        carried |= parcel->weight <= card.max_weight;
                }
                offer->service = service;
                offers->count += rate_quote(&card, parcel, &offer->quote) == 0;
        }
        offers->too_heavy = offers->reached && !carried;
        offers->selected = select_offer(offers);
}

/* In ascending order, as they were loaded. */
static size_t read_holidays(const struct ev_rows *rows, struct ev_str country_code,
                            int64_t days[HOLIDAYS_MAX])
{
        const struct country *country = find_country(rows, country_code);
        const struct holiday *holiday;
        size_t count = 0;

        assert(days);

        if (!country)
                return 0;
        holiday = ev_rows_first(rows, &holidays_table, country->id);
        for (; holiday && count < HOLIDAYS_MAX; holiday = ev_rows_next(holiday))
                days[count++] = holiday->day;
        return count;
}

int64_t estimate_delivery(const struct ev_rows *rows, struct ev_str origin_country, int cutoff,
                          int transit_days, int64_t now)
{
        int64_t days[HOLIDAYS_MAX];
        struct rate_holidays holidays = { days, read_holidays(rows, origin_country, days) };

        assert(transit_days >= 0 && transit_days <= RATE_TRANSIT_DAYS_MAX);

        return rate_estimated_delivery(rate_ship_day(now, cutoff, &holidays), transit_days,
                                       &holidays);
}

/* Rows of quotes have the carrier's name. Where names repeat it is the first of them, which differs
 * at most in its cut-off and in what its tracking numbers look like. */
const struct service *service_of_rate(const struct ev_rows *rows, const struct rate *rate)
{
        const struct service *service = ev_rows_first(rows, &services_table, 0);

        assert(rate);

        while (service && !(ev_str_equal(service->carrier_name, rate->carrier_name) &&
                            ev_str_equal(service->service_type, rate->service_type)))
                service = ev_rows_next(service);
        return service;
}
