/* The producer's bookkeeping against librdkafka's mock cluster. What the broker must do for it
 * (durability, order over failover) is shown with a real one by the integration tests. */

#include "wire/producer.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <string.h>

#include "base/clock.h"
#include "support/unit.h"
#include "wire/kafka_private.h"

enum {
        PARTITIONS = 4,
        RECORDS_MAX = 8,
        BYTES_MAX = 4096,
        LIMIT = 1000000,
        TURNS_MAX = 200,
        TURN_MS = 100,
        API_PRODUCE = 0,
};

/* The mock cluster's threads are still there when a test ends, so leaks are not counted here. */
TestSuite(producer, .timeout = 60);

struct bench {
        rd_kafka_t *host; /* the mock cluster lives in a client */
        rd_kafka_mock_cluster_t *cluster;
        struct ev_producer *producer;
        size_t topic;
};

static void bench_open(struct bench *bench)
{
        struct ev_kafka_setting setting = { "bootstrap.servers", NULL };
        struct ev_producer_options options = {
                .settings = &setting,
                .settings_count = 1,
                .records_max = RECORDS_MAX,
                .bytes_max = BYTES_MAX,
                .wake_fd = -1,
        };
        struct ev_kafka_topic topic = { "facts", 0, LIMIT };
        char text[200];

        bench->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
        bench->cluster = rd_kafka_mock_cluster_new(bench->host, 1);
        rd_kafka_mock_topic_create(bench->cluster, "facts", PARTITIONS, 1);
        setting.value = rd_kafka_mock_cluster_bootstraps(bench->cluster);
        cr_assert_eq(ev_producer_new(&bench->producer, &options), 0);
        cr_assert_eq(ev_kafka_load_partitions(ev_producer_kafka(bench->producer), &topic, 1), 0);
        cr_assert_eq(topic.partitions, PARTITIONS);
        cr_assert_eq(ev_producer_add_topic(bench->producer, &topic, &bench->topic), 0);
}

static void bench_done(struct bench *bench)
{
        bench->producer = ev_producer_free(bench->producer);
        rd_kafka_mock_cluster_destroy(bench->cluster);
        rd_kafka_destroy(bench->host);
}

static int send_one(struct bench *bench, int64_t sequence, int32_t partition, size_t value_bytes)
{
        static const uint8_t value[2 * LIMIT];
        struct ev_header header = { EV_STR("ce_id"), { (const uint8_t *)"x", 1 } };
        struct ev_outgoing record = {
                .sequence = sequence,
                .tag = (uint32_t)sequence + 100,
                .topic = bench->topic,
                .partition = partition,
                .timestamp_ms = 1000,
                .key = EV_STR("key"),
                .value = { value, value_bytes },
                .headers = &header,
                .headers_count = 1,
        };

        return ev_producer_send(bench->producer, &record);
}

/* Takes `count` records and expects them in the order of their numbers, from `first` on. */
static void take_all(struct bench *bench, int64_t first, size_t count)
{
        struct ev_sent sent;
        size_t taken = 0;

        for (int turn = 0; turn < TURNS_MAX && taken < count; ++turn) {
                cr_assert_eq(ev_producer_poll(bench->producer, TURN_MS), 0);
                while (ev_producer_take(bench->producer, &sent)) {
                        cr_assert_eq(sent.sequence, first + (int64_t)taken);
                        cr_assert_eq(sent.tag, (uint32_t)sent.sequence + 100);
                        ++taken;
                }
        }
        cr_assert_eq(taken, count);
}

/* A record of each partition is acknowledged. */
static void bench_init(struct bench *bench)
{
        bench_open(bench);
        for (int32_t i = 0; i < PARTITIONS; ++i)
                cr_assert_eq(send_one(bench, i - PARTITIONS, i, 10), 0);
        take_all(bench, -PARTITIONS, PARTITIONS);
}

/* A broker without anything of us takes what comes behind a record that it has refused for a
 * moment, and the client then takes that one for stored. */
Test(producer, the_first_record_of_a_partition_goes_alone)
{
        struct bench bench;
        int64_t low, high;

        bench_open(&bench);
        rd_kafka_mock_push_request_errors(bench.cluster, API_PRODUCE, 1,
                                          RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
        cr_assert_eq(send_one(&bench, 1, 0, 10), 0);
        cr_assert_eq(send_one(&bench, 2, 0, 10), EV_PRODUCER_FULL);
        cr_assert_eq(send_one(&bench, 2, 1, 10), 0, "nothing else waits for it");
        take_all(&bench, 1, 2);
        for (int64_t i = 3; i < RECORDS_MAX; ++i)
                cr_assert_eq(send_one(&bench, i, 0, 10), 0);
        take_all(&bench, 3, RECORDS_MAX - 3);
        cr_assert_eq(rd_kafka_query_watermark_offsets(ev_kafka_handle(
                                                              ev_producer_kafka(bench.producer)),
                                                      "facts", 0, &low, &high, TURNS_MAX * TURN_MS),
                     0);
        cr_assert_eq(high - low, RECORDS_MAX - 2);
        bench_done(&bench);
}

Test(producer, acknowledgements_come_in_the_order_of_sending_over_all_partitions)
{
        struct bench bench;

        bench_init(&bench);
        for (int64_t round = 0; round < 5; ++round) {
                for (int32_t i = 0; i < RECORDS_MAX; ++i)
                        cr_assert_eq(send_one(&bench, round * 100 + i, i % PARTITIONS, 10), 0);
                take_all(&bench, round * 100, RECORDS_MAX);
        }
        cr_assert_eq(ev_producer_in_flight(bench.producer), 0);
        bench_done(&bench);
}

Test(producer, it_is_full_at_its_number_of_records_and_has_room_when_they_are_taken)
{
        struct bench bench;

        bench_init(&bench);
        for (int32_t i = 0; i < RECORDS_MAX; ++i)
                cr_assert_eq(send_one(&bench, i, 0, 10), 0);
        cr_assert_eq(send_one(&bench, RECORDS_MAX, 0, 10), EV_PRODUCER_FULL);
        take_all(&bench, 0, RECORDS_MAX);
        cr_assert_eq(send_one(&bench, RECORDS_MAX, 0, 10), 0);
        bench_done(&bench);
}

Test(producer, it_is_full_at_its_bytes_but_lets_a_single_large_record_out)
{
        struct bench bench;

        bench_init(&bench);
        cr_assert_eq(send_one(&bench, 1, 0, BYTES_MAX * 2), 0);
        cr_assert_eq(send_one(&bench, 2, 0, 10), EV_PRODUCER_FULL);
        take_all(&bench, 1, 1);
        cr_assert_eq(send_one(&bench, 2, 0, 10), 0);
        bench_done(&bench);
}

Test(producer, a_record_above_the_topics_limit_is_refused_before_it_is_queued)
{
        struct bench bench;

        bench_init(&bench);
        cr_assert_eq(send_one(&bench, 1, 0, LIMIT), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert(strstr(ev_error_last()->text, "record 1 has 1000"), "%s", ev_error_last()->text);
        cr_assert(strstr(ev_error_last()->text, "facts takes 1000000"));
        cr_assert_eq(ev_producer_in_flight(bench.producer), 0);
        bench_done(&bench);
}

Test(producer, a_refused_record_poisons_it_and_names_itself)
{
        struct bench bench;
        int r = 0;

        bench_init(&bench);
        rd_kafka_mock_push_request_errors(bench.cluster, API_PRODUCE, 1,
                                          RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        cr_assert_eq(send_one(&bench, 5, 1, 10), 0);
        for (int turn = 0; turn < TURNS_MAX && !r; ++turn)
                r = ev_producer_poll(bench.producer, TURN_MS);
        cr_assert_eq(r, EV_FAILED);
        cr_assert_eq(ev_error_last()->kafka_code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_str_eq(ev_error_last()->topic, "facts");
        cr_assert(strstr(ev_error_last()->text, "record 5"));

        cr_assert_eq(send_one(&bench, 6, 1, 10), EV_FAILED, "a poisoned producer takes nothing");
        cr_assert_eq(ev_error_last()->kafka_code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        bench_done(&bench);
}

/* Nobody has polled yet: what is behind a refused record would be on its topic by the time we hear of
 * it. So the client has to stop by itself. */
Test(producer, the_client_takes_nothing_behind_a_refused_record)
{
        int64_t deadline = ev_clock_monotonic_micros() + TURNS_MAX * TURN_MS * EV_MICROS_PER_MS;
        rd_kafka_resp_err_t stopped = RD_KAFKA_RESP_ERR_NO_ERROR;
        int64_t low, high;
        struct bench bench;
        rd_kafka_t *client;

        bench_init(&bench);
        client = ev_kafka_handle(ev_producer_kafka(bench.producer));
        rd_kafka_mock_push_request_errors(bench.cluster, API_PRODUCE, 1,
                                          RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        cr_assert_eq(send_one(&bench, 5, 1, 10), 0);
        while (!stopped && ev_clock_monotonic_micros() < deadline) {
                stopped = rd_kafka_fatal_error(client, NULL, 0);
                rd_kafka_query_watermark_offsets(bench.host, "facts", 1, &low, &high, TURN_MS);
        }
        cr_assert(stopped);
        cr_assert_eq(send_one(&bench, 6, 1, 10), EV_FAILED);
        bench_done(&bench);
}

Test(producer, trouble_that_passes_is_retried_and_seen_by_nobody)
{
        struct bench bench;

        bench_init(&bench);
        rd_kafka_mock_push_request_errors(bench.cluster, API_PRODUCE, 2,
                                          RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                          RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
        for (int32_t i = 0; i < RECORDS_MAX; ++i)
                cr_assert_eq(send_one(&bench, i, i % PARTITIONS, 10), 0);
        take_all(&bench, 0, RECORDS_MAX);
        bench_done(&bench);
}

Test(producer, a_skipped_record_is_handed_back_in_its_place)
{
        struct bench bench;

        bench_init(&bench);
        cr_assert_eq(ev_producer_skip(bench.producer, 1, 101), 0);
        cr_assert_eq(send_one(&bench, 2, 0, 10), 0);
        cr_assert_eq(ev_producer_skip(bench.producer, 3, 103), 0);
        take_all(&bench, 1, 3);
        for (int64_t i = 0; i < RECORDS_MAX; ++i)
                cr_assert_eq(ev_producer_skip(bench.producer, i, 0), 0);
        cr_assert_eq(ev_producer_skip(bench.producer, RECORDS_MAX, 0), EV_PRODUCER_FULL);
        bench_done(&bench);
}

Test(producer, a_topic_that_takes_less_than_a_batch_is_refused)
{
        struct ev_kafka_topic small = { "small", PARTITIONS, EV_PRODUCER_BATCH_BYTES - 1 };
        struct bench bench;
        size_t topic;

        bench_init(&bench);
        cr_assert_eq(ev_producer_add_topic(bench.producer, &small, &topic), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert(strstr(ev_error_last()->text, "max.message.bytes"));
        bench_done(&bench);
}

Test(producer, a_known_topic_keeps_its_index)
{
        struct ev_kafka_topic again = { "facts", PARTITIONS, LIMIT };
        struct ev_kafka_topic other = { "others", PARTITIONS, LIMIT };
        struct bench bench;
        size_t topic;

        bench_init(&bench);
        cr_assert_eq(ev_producer_add_topic(bench.producer, &other, &topic), 0);
        cr_assert_neq(topic, bench.topic);
        cr_assert_eq(ev_producer_add_topic(bench.producer, &again, &topic), 0);
        cr_assert_eq(topic, bench.topic);
        bench_done(&bench);
}
