/* The tables of intl_shipping_db: their columns, and how their rows are loaded.
 *
 * The order of the loads is the order in which rows are locked: parties that a fact changes, then
 * manifests, sorted by unique_id, and nothing else; what belongs to a manifest is read behind its
 * lock, reference data without one. */

#include "shipping/rows.h"

#include <assert.h>
#include <string.h>

#include "party_sql.h"
#include "shipping/rate.h"
#include "shipping_sql.h"

static const struct ev_table_column manifest_columns[] = {
        EV_COLUMN(struct manifest, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct manifest, unique_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, status, TEXT, 0),
        EV_COLUMN_DECIMAL(struct manifest, total_weight, RATE_WEIGHT_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct manifest, total_volume, RATE_WEIGHT_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct manifest, total_value, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, currency, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, origin_country, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, destination_country, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, shipping_zone, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct manifest, estimated_delivery, TIMESTAMPTZ, 0),
        EV_COLUMN(struct manifest, tracking_number, TEXT, 0),
        EV_COLUMN(struct manifest, company_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, created_by, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct manifest, updated_at, TIMESTAMPTZ, 0),
};

const struct ev_table manifests_table = {
        .name = "manifests",
        .row_size = sizeof(struct manifest),
        .columns = manifest_columns,
        .column_count = EV_ARRAY_SIZE(manifest_columns),
        .find_by = &manifest_columns[1],
        .drawn = &manifest_columns[0],
        .sequence = "public.manifests_id_seq",
};

/* Never saved: the number stands in its manifest's row. A fold adds what a manifest is given, so
 * that the next event of the batch sees it. */
static const struct ev_table_column tracking_columns[] = {
        EV_COLUMN(struct tracking, tracking_number, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct tracking, unique_id, TEXT, EV_COLUMN_READ),
};

const struct ev_table trackings_table = {
        .name = "manifests",
        .row_size = sizeof(struct tracking),
        .columns = tracking_columns,
        .column_count = EV_ARRAY_SIZE(tracking_columns),
        .find_by = &tracking_columns[0],
};

/* A group of one: found by its manifest. */
static const struct ev_table_column manifest_order_columns[] = {
        EV_COLUMN(struct manifest_order, manifest_id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct manifest_order, order_number, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct manifest_order, selected_rate_id, INT4, 0),
        EV_COLUMN(struct manifest_order, rejection_code, TEXT, 0),
        EV_COLUMN_NULLABLE(struct manifest_order, retryable, BOOL, 0),
        EV_COLUMN(struct manifest_order, held_reasons, TEXTS, 0),
        EV_COLUMN_NULLABLE(struct manifest_order, retry_until, TIMESTAMPTZ, 0),
        EV_COLUMN(struct manifest_order, documents, TEXTS, 0),
        EV_COLUMN_NULLABLE(struct manifest_order, submitted_at, TIMESTAMPTZ, 0),
        EV_COLUMN_NULLABLE(struct manifest_order, approved_at, TIMESTAMPTZ, 0),
        EV_COLUMN_NULLABLE(struct manifest_order, shipped_at, TIMESTAMPTZ, 0),
        EV_COLUMN(struct manifest_order, duty_flag, BOOL, EV_COLUMN_FIXED),
};

const struct ev_table manifest_orders_table = {
        .name = "manifest_orders",
        .row_size = sizeof(struct manifest_order),
        .columns = manifest_order_columns,
        .column_count = EV_ARRAY_SIZE(manifest_order_columns),
        .group_by = &manifest_order_columns[0],
};

/* Written once, with their manifest. */
static const struct ev_table_column item_columns[] = {
        EV_COLUMN(struct item, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct item, manifest_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct item, description, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct item, quantity, INT4, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct item, weight, RATE_WEIGHT_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct item, volume, RATE_WEIGHT_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct item, value, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN(struct item, hs_code, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct item, country_of_origin, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct item, product_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct item, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
};

const struct ev_table items_table = {
        .name = "manifest_items",
        .row_size = sizeof(struct item),
        .columns = item_columns,
        .column_count = EV_ARRAY_SIZE(item_columns),
        .group_by = &item_columns[1],
        .drawn = &item_columns[0],
        .sequence = "public.manifest_items_id_seq",
};

static const struct ev_table_column item_extra_columns[] = {
        EV_COLUMN(struct item_extra, manifest_item_id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct item_extra, volume_cm3, INT8, EV_COLUMN_FIXED),
        EV_COLUMN(struct item_extra, category, TEXT, EV_COLUMN_FIXED),
};

const struct ev_table item_extras_table = {
        .name = "manifest_item_extras",
        .row_size = sizeof(struct item_extra),
        .columns = item_extra_columns,
        .column_count = EV_ARRAY_SIZE(item_extra_columns),
        .group_by = &item_extra_columns[0],
};

/* Never changed: RatesQuoted takes all of a manifest's away and writes new ones. */
static const struct ev_table_column rate_columns[] = {
        EV_COLUMN(struct rate, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct rate, manifest_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct rate, carrier_name, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct rate, service_type, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct rate, base_rate, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct rate, weight_rate, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct rate, volume_rate, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct rate, fuel_surcharge, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct rate, insurance_rate, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct rate, total_cost, RATE_MONEY_SCALE, EV_COLUMN_FIXED),
        EV_COLUMN(struct rate, currency, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct rate, transit_days, INT4, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct rate, valid_until, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct rate, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
};

const struct ev_table rates_table = {
        .name = "shipping_rates",
        .row_size = sizeof(struct rate),
        .columns = rate_columns,
        .column_count = EV_ARRAY_SIZE(rate_columns),
        .group_by = &rate_columns[1],
        .drawn = &rate_columns[0],
        .sequence = "public.shipping_rates_id_seq",
};

/* Reference data: read, never written here, which the library sees by the columns' flags. */
static const struct ev_table_column country_columns[] = {
        EV_COLUMN(struct country, id, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct country, iso_code, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct country, zone, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct country, active, BOOL, EV_COLUMN_READ),
};

const struct ev_table countries_table = {
        .name = "countries",
        .row_size = sizeof(struct country),
        .columns = country_columns,
        .column_count = EV_ARRAY_SIZE(country_columns),
        .find_by = &country_columns[1],
};

/* No table of this shape exists: carriers have a list of services in one column. */
static const struct ev_table_column service_columns[] = {
        EV_COLUMN(struct service, everywhere, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct service, carrier_code, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct service, service_type, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct service, carrier_name, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct service, active, BOOL, EV_COLUMN_READ),
        EV_COLUMN(struct service, currency, TEXT, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, base_rate, RATE_MONEY_SCALE, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, per_kg, RATE_MONEY_SCALE, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, per_m3, RATE_MONEY_SCALE, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, fuel_fixed, RATE_MONEY_SCALE, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, fuel_percent, RATE_PERCENT_SCALE, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, insurance_percent, RATE_PERCENT_SCALE, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, reliability_percent, RATE_PERCENT_SCALE, EV_COLUMN_READ),
        EV_COLUMN(struct service, volumetric_divisor, INT8, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL(struct service, max_weight, RATE_WEIGHT_SCALE, EV_COLUMN_READ),
        EV_COLUMN(struct service, cutoff, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct service, days_1, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct service, days_2, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct service, days_3, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct service, days_4, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct service, tracking_pattern, TEXT, EV_COLUMN_READ),
};

const struct ev_table services_table = {
        .name = "shipping_carriers",
        .row_size = sizeof(struct service),
        .columns = service_columns,
        .column_count = EV_ARRAY_SIZE(service_columns),
        .group_by = &service_columns[0],
};

static const struct ev_table_column rule_columns[] = {
        EV_COLUMN(struct rule, rule_id, INT8, EV_COLUMN_READ),
        EV_COLUMN(struct rule, country_id, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct rule, category, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct rule, hs_prefix, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct rule, level, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct rule, documents, TEXT, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL_NULLABLE(struct rule, limit_value, RATE_MONEY_SCALE, EV_COLUMN_READ),
        EV_COLUMN(struct rule, limit_currency, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct rule, valid_from, TIMESTAMPTZ, EV_COLUMN_READ),
        EV_COLUMN_NULLABLE(struct rule, valid_to, TIMESTAMPTZ, EV_COLUMN_READ),
};

const struct ev_table rules_table = {
        .name = "country_rules",
        .row_size = sizeof(struct rule),
        .columns = rule_columns,
        .column_count = EV_ARRAY_SIZE(rule_columns),
        .group_by = &rule_columns[1],
};

static const struct ev_table_column holiday_columns[] = {
        EV_COLUMN(struct holiday, country_id, INT4, EV_COLUMN_READ),
        EV_COLUMN(struct holiday, day, INT4, EV_COLUMN_READ),
};

const struct ev_table holidays_table = {
        .name = "holidays",
        .row_size = sizeof(struct holiday),
        .columns = holiday_columns,
        .column_count = EV_ARRAY_SIZE(holiday_columns),
        .group_by = &holiday_columns[0],
};

const struct ev_table *const shipping_tables[SHIPPING_TABLES] = {
        &party_companies_table, &party_users_table, &manifests_table, &manifest_orders_table,
        &items_table,           &item_extras_table, &rates_table,     &countries_table,
        &services_table,        &rules_table,       &holidays_table,  &trackings_table,
};

static const unsigned changed_companies[] = { WANT_COMPANY_CHANGED };
static const unsigned changed_users[] = { WANT_USER_CHANGED };
static const unsigned by_manifest[] = { WANT_MANIFEST, WANT_ORDER };
static const unsigned by_tracking[] = { WANT_TRACKING };
static const unsigned by_country[] = { WANT_DESTINATION, WANT_ORIGIN, WANT_MANIFEST };
static const unsigned by_origin[] = { WANT_ORIGIN, WANT_MANIFEST };
static const unsigned by_destination[] = { WANT_DESTINATION };
static const unsigned all_carriers[] = { WANT_CARRIERS };

#define BY(lists) (lists), EV_ARRAY_SIZE(lists)
const struct ev_load shipping_loads[SHIPPING_LOADS] = {
        { &party_companies_table, &party_sql_load_companies_changed, BY(changed_companies) },
        { &party_users_table, &party_sql_load_users_changed, BY(changed_users) },
        { &manifests_table, &shipping_sql_load_manifests, BY(by_manifest) },
        { &trackings_table, &shipping_sql_load_trackings, BY(by_tracking) },
        { &manifest_orders_table, &shipping_sql_load_manifest_orders, BY(by_manifest) },
        { &rates_table, &shipping_sql_load_rates, BY(by_manifest) },
        { &countries_table, &shipping_sql_load_countries, BY(by_country) },
        { &services_table, &shipping_sql_load_services, BY(all_carriers) },
        { &rules_table, &shipping_sql_load_rules, BY(by_destination) },
        { &holidays_table, &shipping_sql_load_holidays, BY(by_origin) },
};

/* Of those that the batch has wanted. */
const struct manifest *find_manifest(const struct ev_rows *rows, struct ev_str unique_id)
{
        assert(!ev_str_is_null(unique_id));

        return ev_rows_find(rows, &manifests_table, unique_id);
}

/* The same text as in the statements that find a manifest by its order. */
bool order_manifest_id(struct ev_str order_number, char buffer[MANIFEST_ID_BYTES],
                       struct ev_str *ret_id)
{
        static const struct ev_str prefix = EV_STR_INIT("MAN-");

        assert(ret_id);

        if (order_number.size == 0 || order_number.size > MANIFEST_ID_BYTES - prefix.size)
                return false;
        memcpy(buffer, prefix.data, prefix.size);
        memcpy(buffer + prefix.size, order_number.data, order_number.size);
        *ret_id = (struct ev_str){ buffer, prefix.size + order_number.size };
        return true;
}

/* An order and its manifest name each other by their ids alone. */
const struct manifest *find_order_manifest(const struct ev_rows *rows, struct ev_str order_number)
{
        char buffer[MANIFEST_ID_BYTES];
        struct ev_str id;

        assert(!ev_str_is_null(order_number));

        return order_manifest_id(order_number, buffer, &id) ? find_manifest(rows, id) : NULL;
}

const struct tracking *find_tracking(const struct ev_rows *rows, struct ev_str tracking_number)
{
        assert(!ev_str_is_null(tracking_number));

        return ev_rows_find(rows, &trackings_table, tracking_number);
}

/* Both rows are made by one fold and loaded by one list. */
const struct manifest_order *order_of(const struct ev_rows *rows, const struct manifest *manifest)
{
        const struct manifest_order *order;

        assert(manifest);

        order = ev_rows_first(rows, &manifest_orders_table, manifest->id);
        assert(order);
        return order;
}

/* NULL before there are quotes, and where none was good for it. */
const struct rate *selected_rate(const struct ev_rows *rows, const struct manifest *manifest)
{
        const struct manifest_order *order = order_of(rows, manifest);
        const struct rate *rate = ev_rows_first(rows, &rates_table, manifest->id);

        assert(order->manifest_id == manifest->id);

        if (!order->has_selected_rate_id)
                return NULL;
        while (rate && rate->id != order->selected_rate_id)
                rate = ev_rows_next(rate);
        return rate;
}

const struct country *find_country(const struct ev_rows *rows, struct ev_str iso_code)
{
        assert(!ev_str_is_null(iso_code));

        return ev_rows_find(rows, &countries_table, iso_code);
}

/* Appends what fits; `*used` above TEXTS_BYTES says that something did not. */
static void append(char buffer[TEXTS_BYTES], size_t *used, char byte)
{
        assert(*used <= TEXTS_BYTES);

        if (*used < TEXTS_BYTES)
                buffer[*used] = byte;
        *used += *used < TEXTS_BYTES;
}

/* Every text stands in quotes, so that only quotes and backslashes mean something in it. Source:
 * PostgreSQL 15, "Array Input and Output Syntax" (8.15.6). */
int texts_write(struct ev_rows *rows, const struct ev_str *texts, size_t count,
                struct ev_str *ret_array)
{
        char buffer[TEXTS_BYTES];
        size_t used = 0;

        assert(texts || count == 0);

        append(buffer, &used, '{');
        for (size_t i = 0; i < count; ++i) {
                if (i > 0)
                        append(buffer, &used, ',');
                append(buffer, &used, '"');
                for (size_t k = 0; k < texts[i].size; ++k) {
                        if (texts[i].data[k] == '"' || texts[i].data[k] == '\\')
                                append(buffer, &used, '\\');
                        append(buffer, &used, texts[i].data[k]);
                }
                append(buffer, &used, '"');
        }
        append(buffer, &used, '}');
        if (used == TEXTS_BYTES)
                return ev_fail(EV_VERDICT_STOP, "a list of %zu texts has more than %d bytes", count,
                               TEXTS_BYTES - 1);
        return ev_trace(ev_rows_text(rows, (struct ev_str){ buffer, used }, ret_array));
}

/* PostgreSQL writes a name without quotes, and texts_write() with them. */
struct ev_str texts_first(struct ev_str array)
{
        size_t begin = 1, end;

        assert(ev_str_is_null(array) || (array.size >= 2 && array.data[0] == '{'));

        if (ev_str_is_null(array) || array.size == 2)
                return EV_STR_NULL;
        begin += array.data[begin] == '"';
        for (end = begin; !memchr("\",}", array.data[end], 3); ++end)
                assert(end + 1 < array.size);
        return (struct ev_str){ array.data + begin, end - begin };
}
