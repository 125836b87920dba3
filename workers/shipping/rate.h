#ifndef SHIPPING_RATE_H
#define SHIPPING_RATE_H

/* What a carrier's service asks for a parcel, which service is taken, and when it arrives.
 *
 * All arithmetic is exact; an amount is rounded once, half up, when it becomes a column:
 *
 *      chargeable = max(weight, volume_cm3 / divisor)                  kg, exact
 *      weight_rate = per_kg x chargeable
 *      volume_rate = per_m3 x volume_cm3 / 10^6
 *      fuel_surcharge = fuel_fixed + fuel_percent % of (base_rate + per_kg x chargeable
 *                       + per_m3 x m3), the exact products and not the rounded columns
 *      insurance_rate = insurance_percent % of the parcel's value
 *      total_cost = sum of the five rounded amounts
 *
 * so that a stored quote proves itself (its columns add up) and depends on nothing but the card and
 * the parcel. Amounts have two places in every currency, as their columns have. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"

enum {
        RATE_MONEY_SCALE = 2,
        RATE_WEIGHT_SCALE = 3,  /* kilograms */
        RATE_PERCENT_SCALE = 4, /* 5000 is 0.5 % */
        RATE_ZONES = 4,
        RATE_TRANSIT_DAYS_MAX = 365,
        RATE_DIVISOR_MAX = 1000000000,
        RATE_CUTOFF_MAX = 24 * 60 - 1, /* minutes */
        RATE_PERCENT_MAX = 9999999,    /* 999.9999, what decimal(7,4) holds */
        RATE_PERCENT_100 = 1000000,
        RATE_VALID_HOURS = 24, /* how long a quote holds */
};

#define RATE_COLUMN_MAX INT64_C(9999999999)     /* 99,999,999.99: numeric(10,2) */
#define RATE_MONEY_MAX  INT64_C(99999999999999) /* what decimal(14,2) holds */
#define RATE_WEIGHT_MAX INT64_C(99999999)       /* 99,999.999 kg: numeric(8,3) */
#define RATE_VOLUME_MAX INT64_C(99999999999)    /* cm3; 99,999.999999 m3 */

enum rate_zone { RATE_ZONE_1, RATE_ZONE_2, RATE_ZONE_3, RATE_ZONE_4 };

/* A service of a carrier and its prices. */
struct rate_card {
        struct ev_str carrier_code;
        struct ev_str service_type;
        struct ev_str currency;
        int64_t base_rate; /* money */
        int64_t per_kg;
        int64_t per_m3;
        int64_t fuel_fixed;
        int64_t fuel_percent;         /* percent */
        int64_t insurance_percent;    /* of the value */
        int64_t reliability_percent;  /* 0 to 100 */
        int64_t volumetric_divisor;   /* cm3 that count as a kilogram; usually 5000 */
        int64_t max_weight;           /* the heaviest parcel, by its actual weight */
        int transit_days[RATE_ZONES]; /* business days; 0: the zone is not reached */
        int cutoff;                   /* minutes since 00:00 UTC; later parcels go the next day */
};

struct rate_parcel {
        int64_t weight;     /* kilograms at RATE_WEIGHT_SCALE, as weighed */
        int64_t volume_cm3; /* exact */
        int64_t value;      /* money */
        struct ev_str currency;
        enum rate_zone zone; /* of the destination */
};

/* The columns of shipping_rates. */
struct rate_quote {
        int64_t chargeable_kg; /* rounded half up to RATE_WEIGHT_SCALE, for show */
        int64_t base_rate;     /* money */
        int64_t weight_rate;
        int64_t volume_rate;
        int64_t fuel_surcharge;
        int64_t insurance_rate;
        int64_t total_cost; /* the sum of the five */
        int transit_days;
};

/* Why a service cannot quote; it makes no row then. The first that applies. */
enum rate_refusal {
        RATE_ZONE_NOT_REACHED = 1,
        RATE_OTHER_CURRENCY,
        RATE_TOO_HEAVY,
        RATE_OUT_OF_RANGE, /* an amount, weight or volume does not fit its column */
};

/* "zone not reached", …, for logs and details. */
const char *rate_refusal_name(enum rate_refusal refusal);

/* Reads "zone_1" to "zone_4". */
bool rate_zone_parse(struct ev_str name, enum rate_zone *ret_zone);

/* Whether a card can be used: nothing negative, all within the limits above, reliability at most
 * 100 %, divisor above 0, a currency that is accepted. What comes from outside is checked with this
 * first; the functions below assert it. */
bool rate_card_check(const struct rate_card *card);

/* The quote, or why there is none. The parcel's numbers are not negative. */
int rate_quote(const struct rate_card *card, const struct rate_parcel *parcel,
               struct rate_quote *ret_quote) _must_check_;

/* A quote with what the choice depends on besides. */
struct rate_candidate {
        struct ev_str carrier_code;
        struct ev_str service_type;
        int64_t total_cost;          /* at most RATE_COLUMN_MAX; all in one currency */
        int64_t reliability_percent; /* 0 to 100 % */
        int transit_days;            /* 1 to RATE_TRANSIT_DAYS_MAX */
};

/* The index of the candidate with the lowest
 *
 *      0.5 x cost + 0.3 x days + 0.2 x (1 - reliability / 100)
 *
 * with cost and days min-max normalised over all candidates: (x - min) / (max - min), 0 where max
 * is min. Compared exactly; equal ones by carrier code, then by service type. count is above 0. */
size_t rate_select(const struct rate_candidate *candidates, size_t count);

/* Days on which nothing is shipped or delivered besides weekends, in ascending order. */
struct rate_holidays {
        const int64_t *days; /* as in base/clock.h */
        size_t count;
};

/* The day on which a parcel that is ready now is shipped: today before the cut-off of a business
 * day, else the next business day. */
int64_t rate_ship_day(int64_t now_micros, int cutoff, const struct rate_holidays *holidays);

/* 00:00 UTC of the transit_days-th business day behind the ship day. */
int64_t rate_estimated_delivery(int64_t ship_day, int transit_days,
                                const struct rate_holidays *holidays);

#endif
