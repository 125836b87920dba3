#include "support/unit.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "order.h"
#include "rows.h"
#include "stock.h"
#include "support/decide.h"

UNIT_SUITE(order_listing);

/* 19.90 USD, and nothing that may be left out. */
static struct product_listing_requested request(void)
{
        return (struct product_listing_requested){ .sku = EV_STR("A"),
                                                   .company_id = EV_STR("C-1"),
                                                   .name = EV_STR("Doll"),
                                                   .category = EV_STR("toys"),
                                                   .price = 1990,
                                                   .currency = EV_STR("USD") };
}

static void put_company(struct decide *t, struct ev_str id, bool active)
{
        decide_put(t, &party_companies_table,
                   &(struct party){ .kind = EV_STR("company"),
                                    .party_id = id,
                                    .active = active,
                                    .source = EV_STR("/s") });
}

static void begin(struct decide *t)
{
        decide_begin(t, &order_worker);
        put_company(t, EV_STR("C-1"), true);
}

static const struct product_listed *listed(struct decide *t,
                                           const struct product_listing_requested *asked)
{
        cr_assert_eq(decide(t, &product_listing_requested_record, asked), 0);
        cr_assert_eq(t->facts_count, 1);
        cr_assert_eq(decide_count(t, &stock_request_declined_record), 0);
        return decide_fact(t, &product_listed_record);
}

static const struct stock_request_declined *
refused(struct decide *t, const struct product_listing_requested *asked, enum stock_reason reason)
{
        const struct stock_request_declined *fact;

        cr_assert_eq(decide(t, &product_listing_requested_record, asked), 0);
        cr_assert_eq(t->facts_count, 1);
        fact = decide_fact(t, &stock_request_declined_record);
        cr_assert_eq(fact->reason, reason, "reason %d: %.*s", fact->reason,
                     EV_STR_ARG(fact->detail));
        return fact;
}

/* Refused as INVALID_FIELD, and the detail names the field. */
static void misfits(struct decide *t, const struct product_listing_requested *asked,
                    const char *name)
{
        const struct stock_request_declined *fact = refused(t, asked, STOCK_REASON_INVALID_FIELD);

        cr_assert_not_null(memmem(fact->detail.data, fact->detail.size, name, strlen(name)), "%s",
                           name);
}

Test(order_listing, makes_a_product)
{
        struct product_listing_requested asked = request();
        const struct product_extras *extras;
        const struct product_listed *fact;
        const struct product *product;
        struct decide t;

        begin(&t);
        asked.description = EV_STR("A doll");
        asked.has_cost = asked.has_weight = true;
        asked.cost = 1000;
        asked.weight = 1500;
        asked.hs_code = EV_STR("9503.00.21");
        asked.country_of_origin = EV_STR("DE");
        fact = listed(&t, &asked);
        cr_assert_eq(fact->product_id, 1001);
        cr_assert(fact->active);
        cr_assert(ev_str_equal(fact->hs_code, EV_STR("95030021")), "without its dots");
        cr_assert_eq(decide_announced(&t, &product_listed_record)->outcome, EV_OUTCOME_ACCEPTED);
        cr_assert(ev_str_equal(decide_announced(&t, &product_listed_record)->key, EV_STR("C-1")));

        product = find_product(t.rows, EV_STR("A"));
        cr_assert_eq(product->id, 1001);
        cr_assert_eq(product, product_by_id(t.rows, 1001));
        cr_assert_eq(product->price, 1990);
        cr_assert_eq(product->cost, 1000);
        cr_assert_eq(product->weight, 1500);
        cr_assert(product->active);
        cr_assert(ev_str_is_null(product->dimensions));
        cr_assert_eq(product->created_at, t.cases.now);
        extras = extras_of_product(t.rows, product);
        cr_assert(ev_str_equal(extras->currency, EV_STR("USD")));
        cr_assert(ev_str_equal(extras->hs_code, EV_STR("95030021")));
        cr_assert(ev_str_equal(extras->country_of_origin, EV_STR("DE")));
        decide_end(&t);
}

/* As JSON only what is known; the numbers beside it are what a decide reckons with. */
Test(order_listing, writes_the_dimensions_that_are_known)
{
        static const struct {
                const char *sku;
                int64_t length, width, height; /* -1: not known */
                const char *text;              /* NULL: null */
        } cases[] = {
                { "all", 100, 55, 9999999,
                  "{\"length\": 10.0, \"width\": 5.5, \"height\": 999999.9}" },
                { "two", -1, 1, 0, "{\"width\": 0.1, \"height\": 0.0}" },
                { "one", 9999999, -1, -1, "{\"length\": 999999.9}" },
                { "none", -1, -1, -1, NULL },
        };
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct product_listing_requested asked = request();
                const struct product *product;

                asked.sku = ev_str_of(cases[i].sku);
                asked.has_length = cases[i].length >= 0;
                asked.length = asked.has_length ? cases[i].length : 0;
                asked.has_width = cases[i].width >= 0;
                asked.width = asked.has_width ? cases[i].width : 0;
                asked.has_height = cases[i].height >= 0;
                asked.height = asked.has_height ? cases[i].height : 0;
                listed(&t, &asked);
                product = find_product(t.rows, asked.sku);
                cr_assert(ev_str_equal(product->dimensions, ev_str_of(cases[i].text)), "%.*s",
                          EV_STR_ARG(product->dimensions));
                cr_assert_eq(product->has_length, asked.has_length);
                cr_assert_eq(product->length, asked.length);
                cr_assert_eq(product->has_width, asked.has_width);
                cr_assert_eq(product->width, asked.width);
                cr_assert_eq(product->has_height, asked.has_height);
                cr_assert_eq(product->height, asked.height);
        }
        decide_end(&t);
}

Test(order_listing, waits_for_its_company)
{
        struct product_listing_requested asked = request();
        struct decide t;

        begin(&t);
        put_company(&t, EV_STR("C-off"), false);
        asked.company_id = EV_STR("C-2");
        cr_assert_eq(decide(&t, &product_listing_requested_record, &asked), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "company");
        t.is_last_try = true;
        refused(&t, &asked, STOCK_REASON_UNKNOWN_COMPANY);
        asked.company_id = EV_STR("C-off");
        refused(&t, &asked, STOCK_REASON_COMPANY_INACTIVE);
        decide_end(&t);
}

/* Also one that the event before it in the batch has listed, and whosever it is. */
Test(order_listing, refuses_a_sku_that_is_taken)
{
        struct product_listing_requested asked = request();
        struct decide t;

        begin(&t);
        listed(&t, &asked);
        asked.company_id = EV_STR("C-2");
        refused(&t, &asked, STOCK_REASON_DUPLICATE_SKU);
        asked.sku = EV_STR("a");
        asked.company_id = EV_STR("C-1");
        listed(&t, &asked);
        decide_end(&t);
}

/* 255 or 500 characters, which may be more bytes, fit; one more does not, and neither does none. */
Test(order_listing, refuses_each_text_that_does_not_fit)
{
        static const struct {
                const char *name;
                size_t offset;
                size_t max;
        } texts[] = {
                { "sku", offsetof(struct product_listing_requested, sku), 255 },
                { "company_id", offsetof(struct product_listing_requested, company_id), 255 },
                { "name", offsetof(struct product_listing_requested, name), 500 },
                { "category", offsetof(struct product_listing_requested, category), 255 },
        };
        char wide[2 * 501]; /* U+00E9 */
        struct decide t;

        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        begin(&t);
        put_company(&t, (struct ev_str){ wide, 510 }, true);
        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i) {
                struct product_listing_requested asked = request();
                struct ev_str *text = (struct ev_str *)(void *)((char *)&asked + texts[i].offset);
                char sku[] = { (char)('0' + i), '\0' };

                cr_assert_eq(ev_arena_copy(t.arena, ev_str_of(sku), &asked.sku), 0);
                *text = (struct ev_str){ wide, 2 * texts[i].max + 2 };
                misfits(&t, &asked, texts[i].name);
                *text = EV_STR("");
                misfits(&t, &asked, texts[i].name);
                *text = (struct ev_str){ wide, 2 * texts[i].max };
                listed(&t, &asked);
        }
        decide_end(&t);
}

Test(order_listing, refuses_amounts_that_are_none)
{
        struct product_listing_requested asked = request();
        struct decide t;

        begin(&t);
        asked.price = -1;
        misfits(&t, &asked, "price");
        asked.price = 1950;
        asked.currency = EV_STR("JPY");
        misfits(&t, &asked, "price");
        asked.price = 1900;
        asked.has_cost = true;
        asked.cost = 50;
        misfits(&t, &asked, "cost");
        asked.cost = -100;
        misfits(&t, &asked, "cost");
        asked.cost = 0;
        asked.price = 0;
        listed(&t, &asked);
        decide_end(&t);
}

Test(order_listing, refuses_amounts_that_no_column_holds)
{
        struct product_listing_requested asked = request();
        struct decide t;

        begin(&t);
        asked.price = INT64_C(10000000000); /* 100000000.00 */
        refused(&t, &asked, STOCK_REASON_AMOUNT_OUT_OF_RANGE);
        asked.price = INT64_C(9999999999);
        asked.has_cost = true;
        asked.cost = INT64_C(10000000000);
        refused(&t, &asked, STOCK_REASON_AMOUNT_OUT_OF_RANGE);
        asked.cost = INT64_C(9999999999);
        listed(&t, &asked);
        decide_end(&t);
}

Test(order_listing, refuses_measures_below_0)
{
        static const struct {
                const char *name;
                size_t present, value;
        } measures[] = {
                { "weight", offsetof(struct product_listing_requested, has_weight),
                  offsetof(struct product_listing_requested, weight) },
                { "length", offsetof(struct product_listing_requested, has_length),
                  offsetof(struct product_listing_requested, length) },
                { "width", offsetof(struct product_listing_requested, has_width),
                  offsetof(struct product_listing_requested, width) },
                { "height", offsetof(struct product_listing_requested, has_height),
                  offsetof(struct product_listing_requested, height) },
        };
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(measures); ++i) {
                struct product_listing_requested asked = request();

                *(bool *)((char *)&asked + measures[i].present) = true;
                *(int64_t *)(void *)((char *)&asked + measures[i].value) = -1;
                misfits(&t, &asked, measures[i].name);
        }
        decide_end(&t);
}

Test(order_listing, refuses_currencies_and_countries_that_are_none)
{
        static const char *const currencies[] = { "usd", "XXX", "KWD", "", "ABCDEFGHIJK" };
        static const char *const countries[] = { "de", "ZZ", "", "DEU" };
        struct product_listing_requested asked;
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(currencies); ++i) {
                asked = request();
                asked.currency = ev_str_of(currencies[i]);
                refused(&t, &asked, STOCK_REASON_CURRENCY_UNSUPPORTED);
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(countries); ++i) {
                asked = request();
                asked.country_of_origin = ev_str_of(countries[i]);
                refused(&t, &asked, STOCK_REASON_UNKNOWN_COUNTRY);
        }
        decide_end(&t);
}

/* 6, 8 or 10 digits; dots may stand anywhere. */
Test(order_listing, reads_hs_codes)
{
        static const char *const wrong[] = { "",          ".",           "12345",        "1234567",
                                             "123456789", "12345678901", "123456789012", "95O300",
                                             "9503 00",   "950300x" };
        static const struct {
                const char *text, *code;
        } right[] = { { "950300", "950300" },
                      { "9503.00", "950300" },
                      { "9503.00.21", "95030021" },
                      { ".9503.00.21.99.", "9503002199" },
                      { "770000", "770000" } };
        struct product_listing_requested asked = request();
        char sku[8] = "";
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < EV_ARRAY_SIZE(wrong); ++i) {
                asked.hs_code = ev_str_of(wrong[i]);
                misfits(&t, &asked, "hs_code");
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(right); ++i) {
                sku[0] = (char)('0' + i);
                cr_assert_eq(ev_arena_copy(t.arena, ev_str_of(sku), &asked.sku), 0);
                asked.hs_code = ev_str_of(right[i].text);
                cr_assert(ev_str_equal(listed(&t, &asked)->hs_code, ev_str_of(right[i].code)), "%s",
                          right[i].text);
        }
        decide_end(&t);
}

Test(order_listing, a_fold_fails_for_a_product_that_is_there)
{
        const struct ev_fact_head head = { .time = 1 };
        const struct product_listed fact = { .sku = EV_STR("A"),
                                             .company_id = EV_STR("C-1"),
                                             .product_id = 7,
                                             .name = EV_STR("Doll"),
                                             .category = EV_STR("toys"),
                                             .currency = EV_STR("USD") };
        struct decide t;

        begin(&t);
        cr_assert_eq(fold_product_listed(t.rows, &head, &fact), 0);
        cr_assert_eq(fold_product_listed(t.rows, &head, &fact), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        decide_end(&t);
}
