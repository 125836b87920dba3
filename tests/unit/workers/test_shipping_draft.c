#include "support/unit.h"

#include <inttypes.h>

#include "shipping/rules.h"
#include "unit/workers/manifests.h"

UNIT_SUITE(shipping_draft);

/* What is announced third, which must be this fact. */
static const void *ends_in(struct decide *t, struct order *order, const struct ev_record *record)
{
        cr_assert_eq(confirm(t, order), 0);
        cr_assert_eq(t->facts_count, 3);
        cr_assert_eq(t->facts->record, &manifest_drafted_record);
        cr_assert_eq(t->facts->next->record, &rates_quoted_record);
        cr_assert_eq(t->facts->next->next->record, record, "%s",
                     t->facts->next->next->record->name.data);
        return decide_fact(t, record);
}

static void is_held(struct decide *t, struct order *order, size_t count,
                    const enum shipping_reason reasons[])
{
        const struct manifest_held *held = ends_in(t, order, &manifest_held_record);
        const struct manifest *manifest = find_manifest(t->rows, held->unique_id);
        const struct manifest_order *row = order_of(t->rows, manifest);

        cr_assert_eq(held->reasons_count, count, "%.*s", EV_STR_ARG(held->detail));
        for (size_t i = 0; i < count; ++i)
                cr_assert_eq(held->reasons[i], reasons[i], "%zu", i);
        cr_assert(ev_str_equal(manifest->status, EV_STR("draft")));
        cr_assert_eq(held->held_until, t->cases.now + 7 * EV_MICROS_PER_DAY);
        cr_assert(row->has_retry_until);
        cr_assert_eq(row->retry_until, held->held_until);
        cr_assert(ev_str_equal(texts_first(row->held_reasons), shipping_reason_name(reasons[0])));
        cr_assert(ev_str_is_null(row->rejection_code));
}

static const struct manifest_rejected *is_rejected(struct decide *t, struct order *order,
                                                   enum shipping_reason reason)
{
        const struct manifest_rejected *rejected = ends_in(t, order, &manifest_rejected_record);
        const struct manifest *manifest = find_manifest(t->rows, rejected->unique_id);
        const struct manifest_order *row = order_of(t->rows, manifest);

        cr_assert_eq(rejected->reason, reason, "%d: %.*s", rejected->reason,
                     EV_STR_ARG(rejected->detail));
        cr_assert_not(rejected->retryable);
        cr_assert_not(rejected->has_retry_until);
        cr_assert_not(contains(rejected->detail, "; "), "one reason is told, and no other");
        cr_assert_eq(rejected->old_status, MANIFEST_STATUS_DRAFT);
        cr_assert(ev_str_equal(manifest->status, EV_STR("rejected")));
        cr_assert(row->has_retryable && !row->retryable);
        cr_assert(ev_str_equal(row->rejection_code, shipping_reason_name(reason)));
        cr_assert_not(row->has_retry_until);
        return rejected;
}

/* DHL: 45 + 8.50 x 5 + 5.50 + 0.5 % of 500 = 95.50. */
Test(shipping_draft, quotes_every_service_and_takes_the_best)
{
        static const int64_t totals[SEEDED_SERVICES] = { 9550, 8780, 10300 };
        const struct rates_quoted *fact;
        const struct manifest_quote *dhl;
        const struct rate *rate;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        ends_in(&t, &order, &manifest_submitted_record);
        fact = decide_fact(&t, &rates_quoted_record);
        cr_assert_eq(fact->quotes_count, SEEDED_SERVICES);
        for (size_t i = 0; i < SEEDED_SERVICES; ++i)
                cr_assert_eq(fact->quotes[i].total_cost, totals[i], "%zu: %" PRId64, i,
                             fact->quotes[i].total_cost);
        dhl = &fact->quotes[0];
        cr_assert(ev_str_equal(dhl->carrier_code, EV_STR("DHL")));
        cr_assert_eq(dhl->base_rate, 4500);
        cr_assert_eq(dhl->weight_rate, 4250);
        cr_assert_eq(dhl->volume_rate, 0);
        cr_assert_eq(dhl->fuel_surcharge, 550);
        cr_assert_eq(dhl->insurance_rate, 250);
        cr_assert_eq(dhl->chargeable_kg, 5000);
        cr_assert_eq(dhl->valid_until, t.cases.now + 24 * EV_MICROS_PER_HOUR);
        /* 0.5 x cost + 0.3 x days + 0.2 x unreliability: DHL 0.403, FEDEX 0.308, UPS 0.506 */
        cr_assert(ev_str_equal(fact->selected_carrier_code, EV_STR("FEDEX")));
        cr_assert(ev_str_equal(fact->selected_service_type, EV_STR("express")));
        /* Thursday, before the cut-off, and four business days. */
        cr_assert_eq(fact->estimated_delivery, date(2026, 1, 21));
        rate = selected_rate(t.rows, find_manifest(t.rows, EV_STR("MAN-O-1")));
        cr_assert_eq(rate->total_cost, 8780);
        decide_end(&t);
}

Test(shipping_draft, submits_what_is_complete_and_allowed)
{
        const struct manifest_submitted *fact;
        const struct manifest_drafted *drafted;
        const struct manifest *manifest;
        const struct manifest_order *row;
        const struct item *item;
        const struct item_extra *extra;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        fact = ends_in(&t, &order, &manifest_submitted_record);
        cr_assert(ev_str_equal(fact->unique_id, EV_STR("MAN-O-1")));
        cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
        cr_assert(ev_str_equal(fact->order_number, EV_STR("O-1")));
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_DRAFT);
        cr_assert_eq(fact->new_status, MANIFEST_STATUS_SUBMITTED);
        cr_assert_eq(fact->documents_count, 0);
        cr_assert(ev_str_equal(fact->carrier_code, EV_STR("FEDEX")));
        cr_assert_eq(fact->submitted_at, t.cases.now);
        cr_assert_eq(fact->estimated_delivery, date(2026, 1, 21));

        drafted = decide_fact(&t, &manifest_drafted_record);
        cr_assert_eq(drafted->status, MANIFEST_STATUS_DRAFT);
        cr_assert(ev_str_equal(drafted->shipping_zone, EV_STR("zone_3")));
        cr_assert(ev_str_equal(drafted->created_by, EV_STR("quenty-shipping")));
        cr_assert_not(drafted->duty_flag);

        manifest = find_manifest(t.rows, EV_STR("MAN-O-1"));
        cr_assert(ev_str_equal(manifest->status, EV_STR("submitted")));
        cr_assert_eq(manifest->total_weight, 5000);
        cr_assert_eq(manifest->total_volume, 0);
        cr_assert_eq(manifest->total_value, 50000);
        cr_assert_eq(manifest->created_at, t.cases.now);
        cr_assert_eq(manifest->updated_at, t.cases.now);
        row = order_of(t.rows, manifest);
        cr_assert(ev_str_equal(row->order_number, EV_STR("O-1")));
        cr_assert(row->has_submitted_at && row->submitted_at == t.cases.now);
        cr_assert(ev_str_equal(row->documents, EV_STR("{}")));
        cr_assert(ev_str_is_null(row->held_reasons) && !row->has_retry_until);
        item = ev_rows_first(t.rows, &items_table, manifest->id);
        cr_assert_eq(item->product_id, 7);
        extra = ev_rows_first(t.rows, &item_extras_table, item->id);
        cr_assert_eq(extra->volume_cm3, 480);
        cr_assert(ev_str_equal(extra->category, EV_STR("phones")));
        for (const struct ev_announced *f = t.facts; f; f = f->next) {
                cr_assert(ev_str_equal(f->key, EV_STR("C-1")));
                cr_assert_eq(f->outcome, EV_OUTCOME_NONE);
                cr_assert(ev_str_equal(f->causation_id, t.event.id));
        }
        decide_end(&t);
}

Test(shipping_draft, leaves_domestic_orders_alone)
{
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        order.fact.destination_country = EV_STR("CO");
        cr_assert_eq(confirm(&t, &order), 0);
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);
}

Test(shipping_draft, makes_one_manifest_for_an_order)
{
        struct order order;
        struct decide t;

        begin(&t);
        submit(&t);
        make_order(&order, "O-1");
        order.lines[0].quantity = 2;
        cr_assert_eq(confirm(&t, &order), 0);
        cr_assert_eq(t.facts_count, 0);
        cr_assert(t.c.is_ignored);
        cr_assert_eq(find_manifest(t.rows, EV_STR("MAN-O-1"))->total_weight, 5000);
        decide_end(&t);
}

/* Totals are sums of the items' columns; a volume is rounded per item, half up. */
/* Two databases of orders cannot see to it that a number is given once. */
Test(shipping_draft, sets_aside_an_order_with_the_number_of_another_companys)
{
        struct order order;
        struct decide t;

        begin(&t);
        submit(&t);
        make_order(&order, "O-1");
        order.fact.company_id = EV_STR("C-2");
        cr_assert_eq(confirm(&t, &order), EV_PARKS);
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);
}

Test(shipping_draft, adds_lines_up_exactly)
{
        const struct manifest_drafted *fact;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        order.fact.lines_count = 3;
        order.lines[0] = order.lines[1];
        order.lines[0].quantity = 3;
        order.lines[0].unit_weight = 333;
        order.lines[0].unit_volume_cm3 = 500; /* 1500 cm3 = 0.0015 m3 */
        order.lines[0].line_value = 33;
        order.lines[1].unit_weight = 1;
        order.lines[1].unit_volume_cm3 = 499;
        order.lines[2].unit_weight = 2;
        order.lines[2].unit_volume_cm3 = 2500; /* 0.0025 */
        ends_in(&t, &order, &manifest_submitted_record);
        fact = decide_fact(&t, &manifest_drafted_record);
        cr_assert_eq(fact->items_count, 3);
        cr_assert_eq(fact->items[0].weight, 999);
        cr_assert_eq(fact->items[0].volume, 2);
        cr_assert_eq(fact->items[1].volume, 0);
        cr_assert_eq(fact->items[2].volume, 3);
        cr_assert_eq(fact->total_weight, 1002);
        cr_assert_eq(fact->total_volume, 5);
        cr_assert_eq(fact->total_value, 100033);
        decide_end(&t);
}

/* Chargeable is the greater of weight and volume, by cubic centimetres and not by rounded m3. */
Test(shipping_draft, rates_by_exact_volume)
{
        const struct rates_quoted *fact;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        order.lines[0].unit_weight = 1;
        order.lines[0].unit_volume_cm3 = 30400;
        ends_in(&t, &order, &manifest_submitted_record);
        fact = decide_fact(&t, &rates_quoted_record);
        cr_assert_eq(fact->quotes[0].chargeable_kg, 6080);
        cr_assert_eq(fact->quotes[0].weight_rate, 5168);
        decide_end(&t);
}

Test(shipping_draft, goes_to_countries_by_the_seeded_rules)
{
        static const struct {
                const char *country, *category;
                char end; /* s submitted, h held, r rejected */
        } cases[] = {
                { "FR", "food", 's' },        { "FR", "electronics", 's' },
                { "CA", "electronics", 's' }, { "MX", "electronics", 's' },
                { "US", "food", 'r' },        { "US", "FOOD", 'r' },
                { "US", "electronics", 'h' }, { "US", "Electronics", 'h' },
                { "US", "toys", 's' },        { "DE", "toys", 'h' },
                { "DE", "electronics", 'h' }, { "GB", "books", 'h' },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                const enum shipping_reason missing = SHIPPING_REASON_MISSING_DOCUMENTS;
                struct order order;
                struct decide t;

                begin(&t);
                make_order(&order, "O-1");
                order.fact.destination_country = ev_str_of(cases[i].country);
                order.lines[0].category = ev_str_of(cases[i].category);
                if (cases[i].end == 's')
                        ends_in(&t, &order, &manifest_submitted_record);
                else if (cases[i].end == 'h')
                        is_held(&t, &order, 1, &missing);
                else
                        is_rejected(&t, &order, SHIPPING_REASON_PROHIBITED_GOODS);
                decide_end(&t);
        }
}

Test(shipping_draft, names_the_documents_that_are_missing)
{
        const struct manifest_held *held;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        order.fact.destination_country = EV_STR("DE");
        held = ends_in(&t, &order, &manifest_held_record);
        cr_assert(contains(held->detail, "commercial_invoice, packing_list"));
        decide_end(&t);
}

/* Spoils an order in one way. */
enum spoil {
        NO_HS_CODE = 1,
        BAD_HS_CODE = 2,
        NO_ORIGIN = 4,
        DOCUMENTS = 8,
        OTHER_CURRENCY = 16,
        INACTIVE = 32,
        FORBIDDEN = 64,
        HEAVY = 128,
        DEAR = 256,
        SPOILS = 512,
};

/* Two lines, so that a code can be missing and another one wrong. */
static void spoil(struct decide *t, struct order *order, int how)
{
        begin(t);
        make_order(order, "O-1");
        order->fact.lines_count = 2;
        order->fact.destination_country = EV_STR("ZZ");
        put_country(t, 999, "ZZ", "zone_4", !(how & INACTIVE));
        if (how & NO_HS_CODE)
                order->lines[0].hs_code = EV_STR_NULL;
        if (how & BAD_HS_CODE)
                order->lines[1].hs_code = EV_STR("770000");
        if (how & NO_ORIGIN)
                order->lines[1].country_of_origin = EV_STR_NULL;
        if (how & OTHER_CURRENCY)
                order->fact.currency = EV_STR("EUR");
        if (how & HEAVY)
                order->lines[1].unit_weight = 65001;
        put_rule(t, (struct rule){ .rule_id = 10,
                                   .country_id = how & DOCUMENTS ? 999 : 1,
                                   .level = EV_STR("DOCUMENTS"),
                                   .documents = EV_STR("permit") });
        put_rule(t, (struct rule){ .rule_id = 11,
                                   .country_id = how & FORBIDDEN ? 999 : 1,
                                   .level = EV_STR("PROHIBITED"),
                                   .documents = EV_STR("") });
        put_rule(t, (struct rule){ .rule_id = 12,
                                   .country_id = how & DEAR ? 999 : 1,
                                   .level = EV_STR("VALUE_LIMIT"),
                                   .documents = EV_STR(""),
                                   .has_limit_value = true,
                                   .limit_value = 99999,
                                   .limit_currency = order->fact.currency });
}

/* All 512 combinations: what rejects goes before what holds, the first of its list; all that holds
 * is named, in the order of its list. */
Test(shipping_draft, finds_reasons_in_their_order)
{
        static const struct {
                int how;
                enum shipping_reason reason;
        } rejections[] = { { FORBIDDEN, SHIPPING_REASON_PROHIBITED_GOODS },
                           { HEAVY, SHIPPING_REASON_WEIGHT_LIMIT_EXCEEDED },
                           { DEAR, SHIPPING_REASON_VALUE_LIMIT_EXCEEDED } },
          holds[] = { { NO_HS_CODE, SHIPPING_REASON_MISSING_HS_CODE },
                      { BAD_HS_CODE, SHIPPING_REASON_INVALID_HS_CODE },
                      { NO_ORIGIN, SHIPPING_REASON_MISSING_ORIGIN },
                      { DOCUMENTS, SHIPPING_REASON_MISSING_DOCUMENTS },
                      { OTHER_CURRENCY, SHIPPING_REASON_NO_RATE },
                      { INACTIVE, SHIPPING_REASON_COUNTRY_INACTIVE } };

        for (int how = 0; how < SPOILS; ++how) {
                enum shipping_reason expected[EV_ARRAY_SIZE(holds)];
                size_t count = 0, rejection = 0;
                struct order order;
                struct decide t;

                while (rejection < EV_ARRAY_SIZE(rejections) && !(how & rejections[rejection].how))
                        ++rejection;
                for (size_t i = 0; i < EV_ARRAY_SIZE(holds); ++i)
                        if (how & holds[i].how)
                                expected[count++] = holds[i].reason;
                spoil(&t, &order, how);
                if (rejection < EV_ARRAY_SIZE(rejections))
                        is_rejected(&t, &order, rejections[rejection].reason);
                else if (count > 0)
                        is_held(&t, &order, count, expected);
                else
                        ends_in(&t, &order, &manifest_submitted_record);
                decide_end(&t);
        }
}

Test(shipping_draft, rejects_a_country_that_is_not_known)
{
        const struct manifest_drafted *drafted;
        const struct rates_quoted *quoted;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        order.fact.destination_country = EV_STR("QQ");
        order.lines[0].hs_code = EV_STR_NULL;
        cr_assert(contains(is_rejected(&t, &order, SHIPPING_REASON_UNKNOWN_COUNTRY)->detail, "QQ"));
        drafted = decide_fact(&t, &manifest_drafted_record);
        cr_assert(ev_str_is_null(drafted->shipping_zone));
        quoted = decide_fact(&t, &rates_quoted_record);
        cr_assert_eq(quoted->quotes_count, 0);
        cr_assert(ev_str_is_null(quoted->selected_carrier_code));
        cr_assert_not(quoted->has_estimated_delivery);
        decide_end(&t);
}

/* 70.000 kg still go; one gram more is above every service's limit. */
Test(shipping_draft, knows_the_heaviest_parcel)
{
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        order.lines[0].unit_weight = 70000;
        ends_in(&t, &order, &manifest_submitted_record);
        make_order(&order, "O-2");
        order.lines[0].unit_weight = 70001;
        is_rejected(&t, &order, SHIPPING_REASON_WEIGHT_LIMIT_EXCEEDED);
        decide_end(&t);
}

/* Without any service a weight is above nobody's limit: that can be mended. A service that would
 * take the weight but not the currency is no limit either. */
Test(shipping_draft, holds_where_no_service_quotes)
{
        const enum shipping_reason no_rate = SHIPPING_REASON_NO_RATE;
        struct service service = seeded_service(0);
        struct order order;
        struct decide t;

        begin_without_services(&t);
        make_order(&order, "O-1");
        order.lines[0].unit_weight = 900000;
        is_held(&t, &order, 1, &no_rate);
        service.active = false;
        decide_put(&t, &services_table, &service);
        make_order(&order, "O-2");
        is_held(&t, &order, 1, &no_rate);
        service = seeded_service(1);
        service.days_3 = 0;
        decide_put(&t, &services_table, &service);
        make_order(&order, "O-3");
        is_held(&t, &order, 1, &no_rate);
        service = seeded_service(2);
        service.currency = EV_STR("EUR");
        service.max_weight = 900000;
        decide_put(&t, &services_table, &service);
        make_order(&order, "O-4");
        order.lines[0].unit_weight = 900000;
        is_held(&t, &order, 1, &no_rate);
        decide_end(&t);
}

/* A rule holds from valid_from until before valid_to. */
Test(shipping_draft, looks_at_the_dates_of_rules)
{
        static const struct {
                int64_t from, to; /* µs from now; 0: for ever */
                bool holds;
        } spans[] = { { -1, 1, true },
                      { 0, 1, true },
                      { 1, 2, false },
                      { -2, -1, false },
                      { -1, 0, false } };

        for (size_t i = 0; i < EV_ARRAY_SIZE(spans); ++i) {
                struct order order;
                struct decide t;

                begin(&t);
                put_rule(&t, (struct rule){ .rule_id = 10,
                                            .country_id = 250,
                                            .level = EV_STR("PROHIBITED"),
                                            .documents = EV_STR(""),
                                            .valid_from = t.cases.now + spans[i].from,
                                            .has_valid_to = true,
                                            .valid_to = t.cases.now + spans[i].to });
                make_order(&order, "O-1");
                if (spans[i].holds)
                        is_rejected(&t, &order, SHIPPING_REASON_PROHIBITED_GOODS);
                else
                        ends_in(&t, &order, &manifest_submitted_record);
                decide_end(&t);
        }
}

/* A rule is about items of its category and with its beginning of the code, wherever it has them.
 */
Test(shipping_draft, applies_rules_to_their_goods_only)
{
        static const struct {
                const char *category, *hs_prefix;
                bool holds;
        } rules[] = { { NULL, NULL, true },       { "phones", NULL, true },
                      { "PHONES", NULL, true },   { "phone", NULL, false },
                      { NULL, "85", true },       { NULL, "851713", true },
                      { NULL, "8517131", false }, { NULL, "84", false },
                      { "phones", "84", false },  { "phones", "85", true } };

        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i) {
                struct order order;
                struct decide t;

                begin(&t);
                put_rule(&t, (struct rule){ .rule_id = 10,
                                            .country_id = 250,
                                            .category = ev_str_of(rules[i].category),
                                            .hs_prefix = ev_str_of(rules[i].hs_prefix),
                                            .level = EV_STR("PROHIBITED"),
                                            .documents = EV_STR("") });
                make_order(&order, "O-1");
                order.lines[0].hs_code = EV_STR("8517.13");
                if (rules[i].holds)
                        is_rejected(&t, &order, SHIPPING_REASON_PROHIBITED_GOODS);
                else
                        ends_in(&t, &order, &manifest_submitted_record);
                decide_end(&t);
        }
}

/* The value of the goods that a limit is about, in its currency; exactly the limit is within it. */
Test(shipping_draft, compares_values_with_limits)
{
        static const struct {
                const char *level, *category, *currency;
                int64_t limit;
                bool above;
        } limits[] = {
                { "VALUE_LIMIT", NULL, "USD", 100000, false },
                { "VALUE_LIMIT", NULL, "USD", 99999, true },
                { "VALUE_LIMIT", NULL, "EUR", 1, false },
                { "VALUE_LIMIT", "phones", "USD", 50000, false },
                { "VALUE_LIMIT", "phones", "USD", 49999, true },
                { "DUTY_FREE_LIMIT", NULL, "USD", 100000, false },
                { "DUTY_FREE_LIMIT", NULL, "USD", 99999, true },
                { "DUTY_FREE_LIMIT", NULL, "EUR", 1, false },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(limits); ++i) {
                bool is_duty = limits[i].level[0] == 'D';
                const struct manifest_drafted *drafted;
                struct order order;
                struct decide t;

                begin(&t);
                put_rule(&t, (struct rule){ .rule_id = 10,
                                            .country_id = 250,
                                            .category = ev_str_of(limits[i].category),
                                            .level = ev_str_of(limits[i].level),
                                            .documents = EV_STR(""),
                                            .has_limit_value = true,
                                            .limit_value = limits[i].limit,
                                            .limit_currency = ev_str_of(limits[i].currency) });
                make_order(&order, "O-1");
                order.fact.lines_count = 2;
                order.lines[1].category = EV_STR("books");
                if (!is_duty && limits[i].above)
                        is_rejected(&t, &order, SHIPPING_REASON_VALUE_LIMIT_EXCEEDED);
                else
                        ends_in(&t, &order, &manifest_submitted_record);
                drafted = decide_fact(&t, &manifest_drafted_record);
                cr_assert_eq(drafted->duty_flag, is_duty && limits[i].above);
                cr_assert_eq(order_of(t.rows, find_manifest(t.rows, drafted->unique_id))->duty_flag,
                             drafted->duty_flag);
                decide_end(&t);
        }
}

Test(shipping_draft, tells_of_limits_in_other_currencies)
{
        const struct manifest_held *held;
        struct order order;
        struct decide t;

        begin(&t);
        put_rule(&t, (struct rule){ .rule_id = 10,
                                    .country_id = 250,
                                    .level = EV_STR("VALUE_LIMIT"),
                                    .documents = EV_STR(""),
                                    .has_limit_value = true,
                                    .limit_value = 1,
                                    .limit_currency = EV_STR("EUR") });
        make_order(&order, "O-1");
        order.lines[0].hs_code = EV_STR_NULL;
        held = ends_in(&t, &order, &manifest_held_record);
        cr_assert(contains(held->detail, "a limit in EUR"), "%.*s", EV_STR_ARG(held->detail));
        decide_end(&t);
}

/* World Customs Organization: 6 digits are the world's, 8 and 10 a nation's; chapters 01 to 97. */
Test(shipping_draft, reads_hs_codes)
{
        static const struct {
                const char *code;
                bool is_one;
        } codes[] = {
                { "851713", true },       { "8517.13", true },  { "85.17.13.00", true },
                { "8517130000", true },   { "010121", true },   { "970110", true },
                { "85171", false },       { "8517130", false }, { "851713000", false },
                { "85171300000", false }, { "000121", false },  { "770000", false },
                { "980000", false },      { "990000", false },  { "85171a", false },
                { "8517-13", false },     { " 851713", false }, { "", false },
                { ".", false },
        };
        char buffer[10];
        struct ev_str digits;

        for (size_t i = 0; i < EV_ARRAY_SIZE(codes); ++i)
                cr_assert_eq(hs_code_read(ev_str_of(codes[i].code), buffer, &digits),
                             codes[i].is_one, "%s", codes[i].code);
        cr_assert_not(hs_code_read(EV_STR_NULL, buffer, &digits));
        cr_assert(hs_code_read(EV_STR("85.17.13.00"), buffer, &digits));
        cr_assert(ev_str_equal(digits, EV_STR("85171300")));
}

/* order_db promises that there is none; a fact is never refused. */
Test(shipping_draft, sets_aside_an_order_that_makes_no_sense)
{
        enum { EMPTY_NUMBER = 10, CASES };
        struct order order;
        struct decide t;

        begin(&t);
        for (int i = 0; i < CASES; ++i) {
                make_order(&order, i == EMPTY_NUMBER ? "" : "O-1");
                order.fact.lines_count = 2;
                switch (i) {
                case 0: order.lines[0].has_unit_weight = false; break;
                case 1: order.lines[0].unit_weight = 0; break;
                case 2: order.lines[0].quantity = 0; break;
                case 3: order.lines[0].quantity = 100000; break;
                case 4: order.lines[0].line_value = RATE_COLUMN_MAX + 1; break;
                case 5: order.lines[0].unit_volume_cm3 = INT64_MAX / 2 + 1; break;
                case 6: order.fact.lines_count = 0; break;
                case 7: order.lines[0].unit_weight = RATE_WEIGHT_MAX - 4999; break; /* with 5.000 */
                case 8: order.lines[0].line_value = RATE_COLUMN_MAX - 49999; break;
                case 9: order.lines[0].unit_volume_cm3 = INT64_C(99999999000); break;
                }
                order.lines[0].quantity += i == 5;
                order.lines[1].unit_volume_cm3 = 1000;
                cr_assert_eq(confirm(&t, &order), EV_PARKS, "%d", i);
                cr_assert_eq(t.facts_count, 0);
        }
        /* The greatest that fits. */
        make_order(&order, "O-1");
        order.lines[0].unit_weight = RATE_WEIGHT_MAX - 5000;
        order.lines[0].line_value = RATE_COLUMN_MAX - 50000;
        order.fact.lines_count = 2;
        is_rejected(&t, &order, SHIPPING_REASON_WEIGHT_LIMIT_EXCEEDED);
        decide_end(&t);
}

/* An order of 500 lines is one manifest of 500 items. */
Test(shipping_draft, takes_the_longest_order)
{
        static struct order_confirmed_line lines[501];
        const struct manifest_drafted *fact;
        struct order order;
        struct decide t;

        begin(&t);
        make_order(&order, "O-1");
        for (size_t i = 0; i < EV_ARRAY_SIZE(lines); ++i) {
                lines[i] = order.lines[0];
                lines[i].unit_weight = 100;
        }
        order.fact.lines = lines;
        order.fact.lines_count = 501;
        cr_assert_eq(decide(&t, &order_confirmed_record, &order.fact), EV_PARKS);
        order.fact.lines_count = 500;
        cr_assert_eq(decide(&t, &order_confirmed_record, &order.fact), 0);
        fact = decide_fact(&t, &manifest_drafted_record);
        cr_assert_eq(fact->items_count, 500);
        cr_assert_eq(fact->total_weight, 50000);
        decide_end(&t);
}
