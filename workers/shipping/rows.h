#ifndef SHIPPING_ROWS_H
#define SHIPPING_ROWS_H

/* The rows of intl_shipping_db as the shipping worker sees them. */

#include "events.h"
#include "party.h"

/* What events name, and rows are loaded by. */
enum shipping_list {
        WANT_MANIFEST =
                PARTY_LISTS, /* unique_id: the manifest, all that belongs to it, and its origin */
        WANT_ORDER,          /* order number: the same, of the order's manifest */
        WANT_TRACKING,       /* tracking number: who has it */
        WANT_DESTINATION,    /* iso_code: the country and its rules */
        WANT_ORIGIN,         /* iso_code: the country and its holidays */
        WANT_CARRIERS,       /* WANT_ALL: every service of every carrier */
        WANT_LISTS,
};

/* The only key of a list that has but one. */
#define WANT_ALL EV_STR("*")

enum {
        MANIFEST_ID_BYTES = 4 + 4 * 250, /* "MAN-" and 250 characters of an order's number */
        TEXTS_BYTES = 4096,              /* of a text[] that a fold writes */
};

/* A parcel on its way through customs. Its row is the lock of all that belongs to it. */
struct manifest {
        struct ev_row row;
        int32_t id;
        struct ev_str unique_id;
        struct ev_str status;
        int64_t total_weight; /* kg, 3 places */
        int64_t total_volume; /* m3, 3 places */
        int64_t total_value;  /* 2 places, as all money here */
        struct ev_str currency;
        struct ev_str origin_country;
        struct ev_str destination_country;
        struct ev_str shipping_zone; /* null: the destination is no country that we know */
        bool has_estimated_delivery;
        int64_t estimated_delivery; /* µs since 1970, as all times here */
        struct ev_str tracking_number;
        struct ev_str company_id;
        struct ev_str created_by;
        int64_t created_at;
        int64_t updated_at;
};

/* Who has a tracking number: an index beside the manifests, which are found by their id. */
struct tracking {
        struct ev_row row;
        struct ev_str tracking_number;
        struct ev_str unique_id;
};

/* What is under way with a manifest. */
struct manifest_order {
        struct ev_row row;
        int32_t manifest_id;        /* the group, of one */
        struct ev_str order_number; /* null: made by hand */
        bool has_selected_rate_id;
        int32_t selected_rate_id;
        struct ev_str rejection_code; /* null: not rejected */
        bool has_retryable;
        bool retryable;             /* of a rejection: a revision can still mend it */
        struct ev_str held_reasons; /* a text[]; null: not held */
        bool has_retry_until;
        int64_t retry_until;     /* what was not mended by then is rejected for good */
        struct ev_str documents; /* a text[] */
        bool has_submitted_at;
        int64_t submitted_at;
        bool has_approved_at;
        int64_t approved_at;
        bool has_shipped_at;
        int64_t shipped_at;
        bool duty_flag;
};

/* A line of a manifest; weight, volume and value are the line's. Never read by a decide. */
struct item {
        struct ev_row row;
        int32_t id;
        int32_t manifest_id;
        struct ev_str description;
        int32_t quantity;
        int64_t weight;
        int64_t volume; /* m3, rounded */
        int64_t value;
        struct ev_str hs_code;
        struct ev_str country_of_origin;
        bool has_product_id;
        int32_t product_id;
        int64_t created_at;
};

/* What manifest_items has no column for. */
struct item_extra {
        struct ev_row row;
        int32_t manifest_item_id;
        int64_t volume_cm3; /* exact */
        struct ev_str category;
};

/* A quote; all of a manifest's are replaced together. */
struct rate {
        struct ev_row row;
        int32_t id;
        int32_t manifest_id; /* the group */
        struct ev_str carrier_name;
        struct ev_str service_type;
        int64_t base_rate;
        int64_t weight_rate;
        int64_t volume_rate;
        int64_t fuel_surcharge;
        int64_t insurance_rate;
        int64_t total_cost;
        struct ev_str currency;
        int32_t transit_days;
        bool has_valid_until;
        int64_t valid_until;
        int64_t created_at;
};

/* Reference data is read without locks and written by other events than those of manifests. */
struct country {
        struct ev_row row;
        int32_t id;
        struct ev_str iso_code;
        struct ev_str zone;
        bool active; /* goods may be sent there */
};

/* A service of a carrier, with its card. */
struct service {
        struct ev_row row;
        int32_t everywhere; /* 0: the group of all services */
        struct ev_str carrier_code;
        struct ev_str service_type;
        struct ev_str carrier_name;
        bool active; /* its carrier takes new parcels */
        struct ev_str currency;
        int64_t base_rate;
        int64_t per_kg;
        int64_t per_m3;
        int64_t fuel_fixed;
        int64_t fuel_percent; /* 4 places, as all percentages */
        int64_t insurance_percent;
        int64_t reliability_percent;
        int64_t volumetric_divisor; /* cm3 that count as a kilogram */
        int64_t max_weight;         /* kg, 3 places */
        int32_t cutoff;             /* minutes since 00:00 UTC */
        int32_t days_1;             /* business days to each zone; 0: not reached */
        int32_t days_2;
        int32_t days_3;
        int32_t days_4;
        struct ev_str tracking_pattern; /* null: the usual one */
};

/* A restriction of a country, for a span of time. */
struct rule {
        struct ev_row row;
        int64_t rule_id;
        int32_t country_id;      /* the group */
        struct ev_str category;  /* null: any */
        struct ev_str hs_prefix; /* null: any */
        struct ev_str level;     /* PROHIBITED, DOCUMENTS, VALUE_LIMIT, DUTY_FREE_LIMIT */
        struct ev_str documents; /* with ", " between them; empty: none */
        bool has_limit_value;
        int64_t limit_value;
        struct ev_str limit_currency;
        int64_t valid_from;
        bool has_valid_to;
        int64_t valid_to; /* not any more from here on */
};

/* A day on which nothing is shipped from a country. */
struct holiday {
        struct ev_row row;
        int32_t country_id; /* the group */
        int32_t day;        /* since 1970-01-01 */
};

extern const struct ev_table manifests_table;
extern const struct ev_table trackings_table;
extern const struct ev_table manifest_orders_table;
extern const struct ev_table items_table;
extern const struct ev_table item_extras_table;
extern const struct ev_table rates_table;
extern const struct ev_table countries_table;
extern const struct ev_table services_table;
extern const struct ev_table rules_table;
extern const struct ev_table holidays_table;

/* A row's table stands behind those it refers to; loads lock in the order in which they stand. */
enum { SHIPPING_TABLES = 12, SHIPPING_LOADS = 10 };
extern const struct ev_table *const shipping_tables[SHIPPING_TABLES];
extern const struct ev_load shipping_loads[SHIPPING_LOADS];

/* The manifest with this id, or NULL. */
const struct manifest *find_manifest(const struct ev_rows *rows, struct ev_str unique_id);

/* Writes the id of an order's manifest into the buffer. False for a number that no order has. */
bool order_manifest_id(struct ev_str order_number, char buffer[MANIFEST_ID_BYTES],
                       struct ev_str *ret_id);

/* The manifest of an order, or NULL. */
const struct manifest *find_order_manifest(const struct ev_rows *rows, struct ev_str order_number);

/* Who has this tracking number, or NULL. */
const struct tracking *find_tracking(const struct ev_rows *rows, struct ev_str tracking_number);

/* The row beside a manifest: each has one. */
const struct manifest_order *order_of(const struct ev_rows *rows, const struct manifest *manifest);

/* The quote that a manifest uses, or NULL. */
const struct rate *selected_rate(const struct ev_rows *rows, const struct manifest *manifest);

/* The country of this code, or NULL. */
const struct country *find_country(const struct ev_rows *rows, struct ev_str iso_code);

/* A text[] as PostgreSQL reads it, in memory of the batch; EV_FAILED (verdict: stop) for one above
 * TEXTS_BYTES. */
int texts_write(struct ev_rows *rows, const struct ev_str *texts, size_t count,
                struct ev_str *ret_array) _must_check_;

/* The first of a text[] of names that need no quotes. Null where there is none. */
struct ev_str texts_first(struct ev_str array);

#endif
