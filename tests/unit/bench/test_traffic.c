#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "bench/traffic.h"
#include "schemas/order.h"
#include "schemas/stock.h"
#include "wire/avro.h"

UNIT_SUITE(traffic);

enum { EVENTS = 2000, COMPANIES = 24, SKUS = 20, PRODUCTS = COMPANIES * SKUS };

static const struct traffic_options plain = {
        .companies = COMPANIES,
        .skus = SKUS,
        .lines = 2,
        .country = "CO",
        .shares = { 100, 0, 0 },
        .run = 0xabcd,
};

static struct ev_arena *arena;

static void set_up(void)
{
        cr_assert_eq(ev_arena_new(&arena, 1 << 24), 0);
}

static void tear_down(void)
{
        arena = ev_arena_free(arena);
}

/* The value as a reader sees it, behind its frame. */
static const void *decoded(const struct traffic_event *event)
{
        struct ev_frame frame;
        void *value;

        cr_assert_eq(ev_frame_parse(event->value, &frame), 0);
        cr_assert_eq(frame.id, event->record->schema_id);
        cr_assert_eq(ev_avro_decode(event->record, frame.payload, arena, &value), 0, "%s",
                     ev_error_last()->text);
        return value;
}

static int number_in(struct ev_str text, const char *prefix)
{
        size_t size = strlen(prefix);
        int64_t number;

        cr_assert_gt(text.size, size);
        cr_assert_eq(memcmp(text.data, prefix, size), 0);
        cr_assert(ev_str_to_int64((struct ev_str){ text.data + size, text.size - size }, &number));
        return (int)number;
}

/* Checks an order against what is seeded; returns the company's number. */
static int check_order(const struct traffic_event *event, size_t lines)
{
        const struct order_placed *order = decoded(event);
        int company = number_in(order->company_id, "C-");

        cr_assert(ev_str_equal(event->key, order->company_id));
        cr_assert_eq(order->lines_count, lines);
        cr_assert_eq(order->total_amount, (int64_t)lines * 1000);
        for (size_t i = 0; i < lines; ++i) {
                int product = number_in(order->lines[i].sku, "SKU-");

                cr_assert(product >= 1 && product <= PRODUCTS);
                cr_assert_eq(product % COMPANIES, company);
                for (size_t k = 0; k < i; ++k)
                        cr_assert(!ev_str_equal(order->lines[k].sku, order->lines[i].sku));
        }
        return company;
}

Test(traffic, orders_go_in_turn_over_all_products_that_are_seeded, .init = set_up,
     .fini = tear_down)
{
        _cleanup_(traffic_free_p) struct traffic *traffic = traffic_new(&plain);
        struct traffic_event event;

        for (int64_t n = 0; n < EVENTS; ++n) {
                const struct order_placed *order;

                traffic_make(traffic, n, &event);
                cr_assert_eq(event.kind, TRAFFIC_ORDER);
                cr_assert_eq(check_order(&event, 2), (n % PRODUCTS + 1) % COMPANIES);
                order = decoded(&event);
                cr_assert_eq(number_in(order->order_number, "SO-"), n);
                cr_assert_eq(number_in(order->lines[0].sku, "SKU-"), n % PRODUCTS + 1);
                cr_assert(ev_str_is_null(order->origin_country));
        }
}

Test(traffic, abroad_goes_what_leaves_the_shop_s_country, .init = set_up, .fini = tear_down)
{
        struct traffic_options options = plain;
        _cleanup_(traffic_free_p) struct traffic *traffic = NULL;
        const struct order_placed *order;
        struct traffic_event event;

        options.country = "FR";
        traffic = traffic_new(&options);
        traffic_make(traffic, 0, &event);
        order = decoded(&event);
        cr_assert(ev_str_equal(order->destination_country, EV_STR("FR")));
        cr_assert(ev_str_equal(order->origin_country, EV_STR("CO")));
}

Test(traffic, an_id_names_its_number_and_its_run)
{
        _cleanup_(traffic_free_p) struct traffic *traffic = traffic_new(&plain);
        struct traffic_event event;
        int64_t n = -1;

        traffic_make(traffic, INT64_C(0xfedcba987), &event);
        cr_assert(ev_str_equal(event.id, EV_STR("0000abcd-0000-7000-8000-000fedcba987")));
        cr_assert(traffic_number_of(traffic, event.id, &n));
        cr_assert_eq(n, INT64_C(0xfedcba987));
        cr_assert(!traffic_number_of(traffic, EV_STR("0000abce-0000-7000-8000-000fedcba987"), &n));
        cr_assert(!traffic_number_of(traffic, EV_STR("0000abcd-0000-7000-8000-000fedcba98"), &n));
        cr_assert(!traffic_number_of(traffic, EV_STR("0000abcd-0000-7000-8000-000fedcba98G"), &n));
}

Test(traffic, hot_products_are_as_few_as_was_said, .init = set_up, .fini = tear_down)
{
        struct traffic_options options = plain;
        _cleanup_(traffic_free_p) struct traffic *traffic = NULL;
        bool is_used[PRODUCTS + 1] = { false };
        int used = 0;

        options.hot = 4;
        traffic = traffic_new(&options);
        for (int64_t n = 0; n < EVENTS; ++n) {
                const struct order_placed *order;
                struct traffic_event event;

                traffic_make(traffic, n, &event);
                check_order(&event, 2);
                order = decoded(&event);
                for (size_t i = 0; i < order->lines_count; ++i)
                        is_used[number_in(order->lines[i].sku, "SKU-")] = true;
        }
        for (int i = 0; i <= PRODUCTS; ++i)
                used += is_used[i];
        cr_assert_eq(used, 4);
}

/* By Zipf's law with exponent 1 and 24 companies, the first has 1 / (1 + 1/2 + … + 1/24) = 26.5 %
 * and the third a third of that. */
Test(traffic, companies_have_shares_by_zipf_s_law, .init = set_up, .fini = tear_down)
{
        struct traffic_options options = plain;
        _cleanup_(traffic_free_p) struct traffic *traffic = NULL;
        int counts[COMPANIES] = { 0 };

        options.skew_percent = 100;
        traffic = traffic_new(&options);
        for (int64_t n = 0; n < 10 * EVENTS; ++n) {
                struct traffic_event event;

                traffic_make(traffic, n, &event);
                ++counts[check_order(&event, 2)];
        }
        cr_assert(counts[0] > 5000 && counts[0] < 5600, "%d", counts[0]);
        cr_assert(counts[2] > 1600 && counts[2] < 1950, "%d", counts[2]);
        cr_assert(counts[COMPANIES - 1] > 150 && counts[COMPANIES - 1] < 300, "%d",
                  counts[COMPANIES - 1]);
}

Test(traffic, a_mix_has_its_shares_and_cancels_each_order_once_and_after_it, .init = set_up,
     .fini = tear_down)
{
        struct traffic_options options = plain;
        _cleanup_(traffic_free_p) struct traffic *traffic = NULL;
        enum { ORDERS = EVENTS * 60 / 100 };
        struct ev_str keys[ORDERS] = { 0 };
        bool is_cancelled[ORDERS] = { false };
        int cancelled = 0, received = 0, placed = 0;

        options.shares[TRAFFIC_ORDER] = 60;
        options.shares[TRAFFIC_CANCELLATION] = 20;
        options.shares[TRAFFIC_RECEIPT] = 20;
        traffic = traffic_new(&options);
        for (int64_t n = 0; n < EVENTS; ++n) {
                struct traffic_event event;

                cr_assert_eq(traffic_count(traffic, TRAFFIC_ORDER, n), placed);
                cr_assert_eq(traffic_count(traffic, TRAFFIC_CANCELLATION, n), cancelled);
                traffic_make(traffic, n, &event);
                cr_assert_eq(event.kind, traffic_kind_of(traffic, n));
                if (event.kind == TRAFFIC_ORDER) {
                        const struct order_placed *order = decoded(&event);

                        cr_assert_eq(number_in(order->order_number, "SO-"), placed);
                        cr_assert_eq(ev_arena_copy(arena, event.key, &keys[placed++]), 0);
                } else if (event.kind == TRAFFIC_CANCELLATION) {
                        const struct order_cancellation_requested *request = decoded(&event);
                        int number = number_in(request->order_number, "SO-");

                        cr_assert_lt(number, placed);
                        cr_assert(!is_cancelled[number]);
                        cr_assert(ev_str_equal(event.key, keys[number]));
                        is_cancelled[number] = true;
                        ++cancelled;
                } else {
                        const struct goods_received *receipt = decoded(&event);

                        cr_assert_eq(number_in(receipt->reference_number, "GRN-"), received++);
                        cr_assert_eq(number_in(receipt->sku, "SKU-") % COMPANIES,
                                     number_in(event.key, "C-"));
                }
        }
        cr_assert_eq(placed, ORDERS);
        cr_assert_eq(cancelled, EVENTS * 20 / 100);
        cr_assert_eq(received, EVENTS * 20 / 100);
}

Test(traffic, every_mix_places_an_order_before_it_is_cancelled)
{
        struct traffic_options options = plain;

        for (int64_t orders = 1; orders <= 7; ++orders)
                for (int64_t cancellations = 0; cancellations <= orders; ++cancellations)
                        for (int64_t receipts = 0; receipts <= 9; ++receipts) {
                                _cleanup_(traffic_free_p) struct traffic *traffic = NULL;

                                options.shares[TRAFFIC_ORDER] = orders;
                                options.shares[TRAFFIC_CANCELLATION] = cancellations;
                                options.shares[TRAFFIC_RECEIPT] = receipts;
                                traffic = traffic_new(&options);
                                for (int64_t n = 0; n < 40; ++n)
                                        cr_assert_leq(traffic_count(traffic, TRAFFIC_CANCELLATION,
                                                                    n),
                                                      traffic_count(traffic, TRAFFIC_ORDER, n));
                        }
}

Test(traffic, shares_are_three_numbers)
{
        int64_t shares[TRAFFIC_KINDS];

        cr_assert(traffic_parse_shares("60,20,20", shares));
        cr_assert_eq(shares[TRAFFIC_CANCELLATION], 20);
        cr_assert(!traffic_parse_shares("60,20", shares));
        cr_assert(!traffic_parse_shares("60,20,20,1", shares));
        cr_assert(!traffic_parse_shares("60,x,20", shares));
        cr_assert(!traffic_parse_shares("60,20,1001", shares));
}
