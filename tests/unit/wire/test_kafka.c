/* Settings, refusals and verdicts of wire/kafka.c; no broker is needed here. */

#include "wire/kafka.h"

#include <string.h>

#include "support/unit.h"
#include "wire/kafka_private.h"

UNIT_SUITE(kafka);

static int make(enum ev_kafka_role role, const char *name, const char *value,
                struct ev_kafka **ret_kafka)
{
        struct ev_kafka_setting setting = { name, value };
        struct ev_kafka_options options = {
                .role = role,
                .settings = &setting,
                .settings_count = name ? 1 : 0,
        };

        return ev_kafka_new(ret_kafka, &options);
}

static void expect_value(const struct ev_kafka *kafka, const char *name, const char *value)
{
        char text[100];
        size_t size = sizeof(text);

        cr_assert_eq(rd_kafka_conf_get(rd_kafka_conf(ev_kafka_handle(kafka)), name, text, &size),
                     RD_KAFKA_CONF_OK);
        cr_assert_str_eq(text, value, "%s is %s", name, text);
}

Test(kafka, operators_settings_reach_librdkafka_verbatim)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = NULL;

        cr_assert_eq(make(EV_KAFKA_PRODUCER, "linger.ms", "7", &kafka), 0);
        expect_value(kafka, "linger.ms", "7");
        expect_value(kafka, "enable.gapless.guarantee", "true");
        expect_value(kafka, "reconnect.backoff.max.ms", "500");
}

Test(kafka, a_callers_extra_setting_lies_below_the_operators)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = NULL;
        struct ev_kafka_setting extra[] = { { "client.id", "relay" }, { "linger.ms", "3" } };
        struct ev_kafka_setting own = { "client.id", "mine" };
        struct ev_kafka_options options = {
                .role = EV_KAFKA_PRODUCER,
                .settings = &own,
                .settings_count = 1,
                .extra = extra,
                .extra_count = 2,
        };

        cr_assert_eq(ev_kafka_new(&kafka, &options), 0);
        expect_value(kafka, "client.id", "mine");
        expect_value(kafka, "linger.ms", "3");
}

Test(kafka, what_a_guarantee_rests_on_cannot_be_configured_away)
{
        static const struct {
                enum ev_kafka_role role;
                const char *name;
                const char *value;
        } forbidden[] = {
                { EV_KAFKA_PRODUCER, "acks", "1" },
                { EV_KAFKA_PRODUCER, "request.required.acks",
                  "1" }, /* the same under its old name */
                { EV_KAFKA_PRODUCER, "enable.idempotence", "false" },
                { EV_KAFKA_PRODUCER, "enable.gapless.guarantee", "false" },
                { EV_KAFKA_PRODUCER, "delivery.timeout.ms", "1000" },
                { EV_KAFKA_PRODUCER, "max.in.flight", "1" },
                { EV_KAFKA_PRODUCER, "partitioner", "random" },
                { EV_KAFKA_PRODUCER, "log.queue", "false" },
                { EV_KAFKA_CONSUMER, "enable.auto.commit", "true" },
                { EV_KAFKA_CONSUMER, "auto.offset.reset", "latest" },
                { EV_KAFKA_CONSUMER, "partition.assignment.strategy", "roundrobin" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(forbidden); ++i) {
                struct ev_kafka *kafka = NULL;

                cr_assert_eq(make(forbidden[i].role, forbidden[i].name, forbidden[i].value, &kafka),
                             EV_FAILED, "%s", forbidden[i].name);
                cr_assert_null(kafka);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
                cr_assert(strstr(ev_error_last()->text, forbidden[i].name));
                cr_assert(strstr(ev_error_last()->text, "cannot be changed"));
        }
}

Test(kafka, a_guarded_setting_may_be_repeated_as_it_is)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = NULL;

        cr_assert_eq(make(EV_KAFKA_PRODUCER, "acks", "all", &kafka), 0);
}

Test(kafka, an_unknown_setting_is_named)
{
        struct ev_kafka *kafka = NULL;

        cr_assert_eq(make(EV_KAFKA_PRODUCER, "linger.minutes", "7", &kafka), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "kafka.linger.minutes"));
}

Test(kafka, a_refused_secret_is_not_repeated)
{
        struct ev_kafka *kafka = NULL;

        cr_assert_eq(make(EV_KAFKA_PRODUCER, "my.password", "hunter2", &kafka), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "kafka.my.password"));
        cr_assert_null(strstr(ev_error_last()->text, "hunter2"));
}

Test(kafka, verdicts_tell_trouble_from_mistakes)
{
        cr_assert_eq(ev_kafka_verdict(RD_KAFKA_RESP_ERR__TRANSPORT), EV_VERDICT_RETRY);
        cr_assert_eq(ev_kafka_verdict(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS), EV_VERDICT_RETRY);
        cr_assert_eq(ev_kafka_verdict(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
                     EV_VERDICT_STOP);
        cr_assert_eq(ev_kafka_verdict(RD_KAFKA_RESP_ERR_INVALID_CONFIG), EV_VERDICT_STOP);
        ev_kafka_fail(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "topic %s", "t");
        cr_assert_eq(ev_error_last()->kafka_code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        cr_assert(strstr(ev_error_last()->text, "max.message.bytes"));
}

Test(kafka, a_topic_that_takes_too_little_is_refused_with_both_numbers)
{
        struct ev_kafka_topic topic = { .name = "facts", .message_bytes_max = 1000 };

        cr_assert_eq(ev_kafka_expect_bytes(&topic, 1000), 0);
        cr_assert_eq(ev_kafka_expect_bytes(&topic, 1001), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_not_null(strstr(ev_error_last()->text, "facts takes 1000 bytes"));
        cr_assert_not_null(strstr(ev_error_last()->text, "1001"));
}

Test(kafka, another_partition_count_is_refused_with_both_numbers)
{
        struct ev_kafka_topic topic = { .name = "facts", .partitions = 3 };

        cr_assert_eq(ev_kafka_expect_partitions(&topic, 3), 0);
        cr_assert_eq(ev_kafka_expect_partitions(&topic, 12), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "facts has 3 partitions and must have 12"));
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
}

static void keep_log(void *context, int level, const char *facility, const char *text)
{
        cr_assert(level >= 0 && facility && text);
        ++*(int *)context;
}

Test(kafka, an_unreachable_broker_is_named_in_time_and_its_logs_come_to_us, .timeout = 20)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = NULL;
        struct ev_kafka_setting setting = { "bootstrap.servers", "127.0.0.1:1" };
        struct ev_kafka_topic topic = { .name = "facts" };
        int logged = 0;
        struct ev_kafka_options options = {
                .role = EV_KAFKA_READER,
                .settings = &setting,
                .settings_count = 1,
                .log = keep_log,
                .log_context = &logged,
        };

        cr_assert_eq(ev_kafka_new(&kafka, &options), 0);
        cr_assert_eq(ev_kafka_load_partitions(kafka, &topic, 1), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
        cr_assert(strstr(ev_error_last()->text, "Kafka at 127.0.0.1:1"), "%s",
                  ev_error_last()->text);
        cr_assert(strstr(ev_error_last()->text, "refused"), "%s", ev_error_last()->text);
        cr_assert_gt(logged, 0);
}
