/* What wire/consumer.c promises without a broker: what it refuses, and that nothing blocks. */

#include "wire/consumer.h"

#include <string.h>

#include "base/clock.h"
#include "support/unit.h"

UNIT_SUITE(consumer);

static int on_assigned(void *context, struct ev_consumer_lane *lanes, size_t count)
{
        (void)context, (void)lanes, (void)count;
        cr_assert(false, "nothing can be assigned without a broker");
        return 0;
}

static void on_revoked(void *context, const struct ev_consumer_lane *lanes, size_t count)
{
        (void)context, (void)lanes, (void)count;
        cr_assert(false, "nothing was assigned");
}

/* Nobody listens on port 1. */
static int make(const char *name, const char *value, struct ev_consumer **ret_consumer)
{
        static const char *const topics[] = { "one", "two" };
        const struct ev_kafka_setting settings[] = {
                { "bootstrap.servers", "127.0.0.1:1" },
                { name, value },
        };
        const struct ev_consumer_options options = {
                .group = "group",
                .topics = topics,
                .topics_count = 2,
                .settings = settings,
                .settings_count = name ? 2 : 1,
                .batch_bytes_max = 1000,
                .commit_interval_ms = 1000,
                .hooks = { on_assigned, on_revoked, NULL, NULL, NULL },
        };

        int r = ev_consumer_new(ret_consumer, &options);

        return r < 0 ? r : ev_consumer_join(*ret_consumer);
}

static void expect_refusal(const char *name, const char *value)
{
        _cleanup_(ev_consumer_free_p) struct ev_consumer *consumer = NULL;

        cr_assert_eq(make(name, value, &consumer), EV_FAILED, "%s=%s", name, value);
        cr_assert_null(consumer);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert(strstr(ev_error_last()->text, name), "%s", ev_error_last()->text);
}

Test(consumer, settings_that_would_lose_or_double_records_are_refused)
{
        expect_refusal("partition.assignment.strategy", "cooperative-sticky");
        expect_refusal("partition.assignment.strategy", "roundrobin");
        expect_refusal("enable.auto.commit", "true");
        expect_refusal("enable.auto.offset.store", "true");
        expect_refusal("auto.offset.reset", "earliest");
}

Test(consumer, the_group_is_the_databases_and_cannot_be_changed)
{
        expect_refusal("group.id", "another");
}

Test(consumer, without_a_broker_there_is_nothing_and_no_failure)
{
        _cleanup_(ev_consumer_free_p) struct ev_consumer *consumer = NULL;
        _cleanup_messages_ struct ev_messages messages = { 0 };
        int64_t began = ev_clock_monotonic_micros();
        size_t count = 1;

        cr_assert_eq(ev_messages_init(&messages, 10), 0);
        cr_assert_eq(make(NULL, NULL, &consumer), 0);
        cr_assert_eq(ev_consumer_collect(consumer, &messages, 10, 50), 0);
        cr_assert_eq(messages.count, 0);
        cr_assert_eq(ev_consumer_rest(consumer, 10), 0);
        cr_assert_not_null(ev_consumer_lanes(consumer, &count));
        cr_assert_eq(count, 0);
        cr_assert_eq(ev_consumer_generation(consumer), 0);
        cr_assert_lt(ev_clock_monotonic_micros() - began, 2 * EV_MICROS_PER_SECOND);
}

Test(consumer, a_rejoin_without_an_assignment_does_not_wait)
{
        _cleanup_(ev_consumer_free_p) struct ev_consumer *consumer = NULL;
        int64_t began = ev_clock_monotonic_micros();

        cr_assert_eq(make(NULL, NULL, &consumer), 0);
        cr_assert_eq(ev_consumer_rejoin(consumer), 0);
        cr_assert_eq(ev_consumer_generation(consumer), 1, "what was in hand is void");
        /* Waiting would take five seconds. */
        cr_assert_lt(ev_clock_monotonic_micros() - began, 4 * EV_MICROS_PER_SECOND);
}

Test(consumer, closing_is_bounded)
{
        _cleanup_(ev_consumer_free_p) struct ev_consumer *consumer = NULL;
        int64_t began = ev_clock_monotonic_micros();

        cr_assert_eq(make(NULL, NULL, &consumer), 0);
        cr_assert_geq(ev_consumer_close(consumer, 500), 0);
        consumer = ev_consumer_free(consumer);
        cr_assert_lt(ev_clock_monotonic_micros() - began, 3 * EV_MICROS_PER_SECOND);
}

Test(consumer, a_free_without_a_close_calls_no_hook)
{
        struct ev_consumer *consumer = NULL;

        cr_assert_eq(make(NULL, NULL, &consumer), 0);
        cr_assert_null(ev_consumer_free(consumer));
        cr_assert_null(ev_consumer_free(NULL));
}
