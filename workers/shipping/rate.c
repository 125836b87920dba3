/* Rates, exactly.
 *
 * Pure integer arithmetic: a quote is made again from the same card and parcel years later and
 * comes out the same, on every machine and in SQL's numeric. No state; a dying process loses
 * nothing. */

#include "shipping/rate.h"

#include <assert.h>
#include <stdlib.h>

enum {
        CENTS = 100,  /* 10^RATE_MONEY_SCALE */
        GRAMS = 1000, /* 10^RATE_WEIGHT_SCALE */
        CM3_PER_M3 = 1000000,
        PERCENT_UNITS = 1000000, /* 100 x 10^RATE_PERCENT_SCALE: what a percentage is divided by */
        PERCENT_FRACTION_SCALE = RATE_PERCENT_SCALE + 2, /* the same as a scale */
        WEIGHT_OF_COST = 5,                              /* tenths of the score */
        WEIGHT_OF_DAYS = 3,
        WEIGHT_OF_RELIABILITY = 2,
};

const char *rate_refusal_name(enum rate_refusal refusal)
{
        static const char *const names[] = {
                [RATE_ZONE_NOT_REACHED] = "zone not reached",
                [RATE_OTHER_CURRENCY] = "other currency",
                [RATE_TOO_HEAVY] = "too heavy",
                [RATE_OUT_OF_RANGE] = "out of range",
        };

        assert(refusal > 0 && refusal < EV_ARRAY_SIZE(names));
        return names[refusal];
}

bool rate_zone_parse(struct ev_str name, enum rate_zone *ret_zone)
{
        static const struct ev_str names[RATE_ZONES] = {
                [RATE_ZONE_1] = EV_STR_INIT("zone_1"),
                [RATE_ZONE_2] = EV_STR_INIT("zone_2"),
                [RATE_ZONE_3] = EV_STR_INIT("zone_3"),
                [RATE_ZONE_4] = EV_STR_INIT("zone_4"),
        };

        assert(ret_zone);

        for (size_t i = 0; i < RATE_ZONES; ++i)
                if (ev_str_equal(name, names[i])) {
                        *ret_zone = (enum rate_zone)i;
                        return true;
                }
        return false;
}

static bool is_within(int64_t value, int64_t min, int64_t max)
{
        assert(min <= max);

        return value >= min && value <= max;
}

bool rate_card_check(const struct rate_card *card)
{
        assert(card);

        for (size_t i = 0; i < RATE_ZONES; ++i)
                if (!is_within(card->transit_days[i], 0, RATE_TRANSIT_DAYS_MAX))
                        return false;
        return is_within(card->base_rate, 0, RATE_MONEY_MAX) &&
               is_within(card->per_kg, 0, RATE_MONEY_MAX) &&
               is_within(card->per_m3, 0, RATE_MONEY_MAX) &&
               is_within(card->fuel_fixed, 0, RATE_MONEY_MAX) &&
               is_within(card->fuel_percent, 0, RATE_PERCENT_MAX) &&
               is_within(card->insurance_percent, 0, RATE_PERCENT_MAX) &&
               is_within(card->reliability_percent, 0, RATE_PERCENT_100) &&
               is_within(card->volumetric_divisor, 1, RATE_DIVISOR_MAX) &&
               is_within(card->max_weight, 0, RATE_WEIGHT_MAX) &&
               is_within(card->cutoff, 0, RATE_CUTOFF_MAX) &&
               ev_currency_is_accepted(card->currency);
}

/* The greater of actual and volumetric weight in kilograms. Both products are below 2^67. */
static struct ev_ratio chargeable_weight(const struct rate_card *card,
                                         const struct rate_parcel *parcel)
{
        ev_int128 by_weight = (ev_int128)parcel->weight * card->volumetric_divisor;
        ev_int128 by_volume = (ev_int128)parcel->volume_cm3 * GRAMS;

        assert(card->volumetric_divisor > 0);

        if (by_weight >= by_volume)
                return (struct ev_ratio){ parcel->weight, GRAMS };
        return (struct ev_ratio){ parcel->volume_cm3, card->volumetric_divisor };
}

/* Rounds to a column. False if it does not fit, and a sum that passed 128 bits does not fit either.
 */
static bool round_to_column(struct ev_ratio amount, unsigned scale, int64_t max,
                            int64_t *ret_column)
{
        int64_t column;

        assert(amount.numerator >= 0);

        if (ev_ratio_round(amount, scale, &column) != 0 || column > max)
                return false;
        *ret_column = column;
        return true;
}

/* Fuel surcharge, exactly. `weight` and `volume` are the exact products.
 *
 * 128 bits suffice. With D = 100 x 10^6 x d, where d is the chargeable weight's denominator and at
 * most 10^9 < 2^30, all three parts have the denominator D < 2^57. The caller has made sure that
 * each of them fits a column, that is, is below 10^8 < 2^27 in money, so their sum's numerator is
 * below 3 x 2^27 x 2^57 < 2^86. The percentage multiplies it by less than 10^7 < 2^24 and the
 * denominator by 10^6 < 2^20: below 2^110 over less than 2^77. The fixed part is below 2^27 in
 * money too: on that denominator below 2^104. Rounding to two places multiplies by 100 < 2^7: below
 * 2^118. */
static struct ev_ratio fuel_surcharge(const struct rate_card *card, struct ev_ratio weight,
                                      struct ev_ratio volume)
{
        ev_int128 d = weight.denominator / CENTS;
        ev_int128 denominator = volume.denominator * d;
        ev_int128 sum;

        assert(volume.denominator == (ev_int128)CENTS * CM3_PER_M3);
        assert(card->base_rate <= RATE_COLUMN_MAX && card->fuel_fixed <= RATE_COLUMN_MAX);

        sum = (ev_int128)card->base_rate * CM3_PER_M3 * d + weight.numerator * CM3_PER_M3 +
              volume.numerator * d;
        return (struct ev_ratio){
                sum * card->fuel_percent +
                        (ev_int128)card->fuel_fixed * PERCENT_UNITS * CM3_PER_M3 * d,
                denominator * PERCENT_UNITS,
        };
}

/* Fills the five amounts. False if one is too large to go on with; whether the last of them fits,
 * the total tells, which is no smaller. Each product is below 10^14 x 10^11 < 2^84, so that nothing
 * overflows before the check says so. */
static bool compute_amounts(const struct rate_card *card, const struct rate_parcel *parcel,
                            struct ev_ratio chargeable, struct rate_quote *quote)
{
        struct ev_ratio weight = { card->per_kg * chargeable.numerator,
                                   CENTS * chargeable.denominator };
        struct ev_ratio volume = { (ev_int128)card->per_m3 * parcel->volume_cm3,
                                   (ev_int128)CENTS * CM3_PER_M3 };

        assert(chargeable.denominator > 0);

        quote->base_rate = card->base_rate;
        if (card->base_rate > RATE_COLUMN_MAX || card->fuel_fixed > RATE_COLUMN_MAX)
                return false;
        return round_to_column(weight, RATE_MONEY_SCALE, RATE_COLUMN_MAX, &quote->weight_rate) &&
               round_to_column(volume, RATE_MONEY_SCALE, RATE_COLUMN_MAX, &quote->volume_rate) &&
               round_to_column(fuel_surcharge(card, weight, volume), RATE_MONEY_SCALE,
                               RATE_COLUMN_MAX, &quote->fuel_surcharge) &&
               ev_decimal_multiply(card->insurance_percent, PERCENT_FRACTION_SCALE, parcel->value,
                                   RATE_MONEY_SCALE, RATE_MONEY_SCALE, &quote->insurance_rate) == 0;
}

int rate_quote(const struct rate_card *card, const struct rate_parcel *parcel,
               struct rate_quote *ret_quote)
{
        struct ev_ratio chargeable;
        struct rate_quote quote;

        assert(card && rate_card_check(card));
        assert(parcel && (unsigned)parcel->zone < RATE_ZONES);
        assert(parcel->weight >= 0 && parcel->volume_cm3 >= 0 && parcel->value >= 0);
        assert(ret_quote);

        quote.transit_days = card->transit_days[parcel->zone];
        if (quote.transit_days == 0)
                return RATE_ZONE_NOT_REACHED;
        if (!ev_str_equal(card->currency, parcel->currency))
                return RATE_OTHER_CURRENCY;
        if (parcel->weight > card->max_weight)
                return RATE_TOO_HEAVY;
        if (parcel->volume_cm3 > RATE_VOLUME_MAX || parcel->value > RATE_MONEY_MAX)
                return RATE_OUT_OF_RANGE;

        chargeable = chargeable_weight(card, parcel);
        if (!round_to_column(chargeable, RATE_WEIGHT_SCALE, RATE_WEIGHT_MAX, &quote.chargeable_kg))
                return RATE_OUT_OF_RANGE;
        if (!compute_amounts(card, parcel, chargeable, &quote))
                return RATE_OUT_OF_RANGE;
        quote.total_cost = quote.base_rate + quote.weight_rate + quote.volume_rate +
                           quote.fuel_surcharge + quote.insurance_rate;
        if (quote.total_cost > RATE_COLUMN_MAX)
                return RATE_OUT_OF_RANGE;
        *ret_quote = quote;
        return 0;
}

/* The least and the greatest of what is normalised. */
struct spans {
        int64_t cost_min, cost_max;
        int64_t days_min, days_max;
};

/* The spans over all candidates, which is what makes a choice depend on who else offered. */
static struct spans find_spans(const struct rate_candidate *candidates, size_t count)
{
        struct spans spans = { INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN };

        for (size_t i = 0; i < count; ++i) {
                const struct rate_candidate *c = &candidates[i];

                assert(is_within(c->total_cost, 0, RATE_COLUMN_MAX));
                assert(is_within(c->transit_days, 1, RATE_TRANSIT_DAYS_MAX));
                assert(is_within(c->reliability_percent, 0, RATE_PERCENT_100));

                spans.cost_min = c->total_cost < spans.cost_min ? c->total_cost : spans.cost_min;
                spans.cost_max = c->total_cost > spans.cost_max ? c->total_cost : spans.cost_max;
                spans.days_min =
                        c->transit_days < spans.days_min ? c->transit_days : spans.days_min;
                spans.days_max =
                        c->transit_days > spans.days_max ? c->transit_days : spans.days_max;
        }
        return spans;
}

/* The score times 10 x cost span x days span x 10^6, which is the same number for all candidates:
 * so scores are compared without a division. A span of 0 counts as 1, its numerator being 0 anyway.
 *
 * 128 bits suffice: the spans are at most 10^10 < 2^34 and 365 < 2^9, each of the three fractions
 * is at most 1, and their weights sum to 10 < 2^4: at most 2^4 x 2^34 x 2^9 x 2^20 = 2^67. */
static ev_int128 scaled_score(const struct rate_candidate *c, const struct spans *spans)
{
        int64_t cost_span = spans->cost_max - spans->cost_min;
        int64_t days_span = spans->days_max - spans->days_min;
        ev_int128 cost = c->total_cost - spans->cost_min;
        ev_int128 days = c->transit_days - spans->days_min;
        ev_int128 unreliability = RATE_PERCENT_100 - c->reliability_percent;

        assert(cost_span >= 0 && days_span >= 0);

        cost_span = cost_span > 0 ? cost_span : 1;
        days_span = days_span > 0 ? days_span : 1;
        return WEIGHT_OF_COST * cost * days_span * RATE_PERCENT_100 +
               WEIGHT_OF_DAYS * days * cost_span * RATE_PERCENT_100 +
               WEIGHT_OF_RELIABILITY * unreliability * cost_span * days_span;
}

/* Whether `a` goes before `b` when their scores are equal. */
static bool is_named_before(const struct rate_candidate *a, const struct rate_candidate *b)
{
        int order = ev_str_compare(a->carrier_code, b->carrier_code);

        return order < 0 || (order == 0 && ev_str_compare(a->service_type, b->service_type) < 0);
}

size_t rate_select(const struct rate_candidate *candidates, size_t count)
{
        struct spans spans;
        ev_int128 score, best_score = 0;
        size_t best = 0;

        assert(candidates && count > 0);

        spans = find_spans(candidates, count);
        for (size_t i = 0; i < count; ++i) {
                score = scaled_score(&candidates[i], &spans);
                if (i > 0 && score > best_score)
                        continue;
                if (i > 0 && score == best_score &&
                    !is_named_before(&candidates[i], &candidates[best]))
                        continue;
                best = i;
                best_score = score;
        }
        return best;
}

/* For bsearch(). */
static int compare_days(const void *a, const void *b)
{
        int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

        return (left > right) - (left < right);
}

/* Monday to Friday, and no holiday of the origin. */
static bool is_business_day(int64_t day, const struct rate_holidays *holidays)
{
        assert(holidays && (holidays->days || holidays->count == 0));

        return ev_day_weekday(day) < EV_WEEKDAY_SATURDAY &&
               (holidays->count == 0 || !bsearch(&day, holidays->days, holidays->count,
                                                 sizeof(holidays->days[0]), compare_days));
}

/* Ends, because holidays are finitely many and weekends two days long. */
static int64_t next_business_day(int64_t day, const struct rate_holidays *holidays)
{
        do
                ++day;
        while (!is_business_day(day, holidays));
        return day;
}

int64_t rate_ship_day(int64_t now_micros, int cutoff, const struct rate_holidays *holidays)
{
        int64_t today = ev_instant_day(now_micros);
        int64_t cutoff_micros = ev_day_instant(today) + cutoff * EV_MICROS_PER_MINUTE;

        assert(is_within(cutoff, 0, RATE_CUTOFF_MAX));

        if (is_business_day(today, holidays) && now_micros < cutoff_micros)
                return today;
        return next_business_day(today, holidays);
}

int64_t rate_estimated_delivery(int64_t ship_day, int transit_days,
                                const struct rate_holidays *holidays)
{
        int64_t day = ship_day;

        assert(is_within(transit_days, 0, RATE_TRANSIT_DAYS_MAX));

        for (int i = 0; i < transit_days; ++i)
                day = next_business_day(day, holidays);
        return ev_day_instant(day);
}
