/* Reading the ends of topics, against librdkafka's mock cluster. */

#include "wire/tail.h"

#include "support/mock.h"
#include "support/unit.h"

enum { PARTITIONS = 3, RECORDS = 10, RTT_MS = 2 * EV_TAIL_REST_MS + 100 };

/* Leaks are not counted here (support/mock.h). */
TestSuite(tail, .timeout = 60);

struct bench {
        rd_kafka_t *host; /* the mock cluster lives in a client, which writes to it as well */
        rd_kafka_mock_cluster_t *cluster;
        struct ev_kafka *reader;
        int records;
        int rests; /* since the last record */
        int rests_max;
        int64_t expected; /* offset of the next record of partition 0 */
};

static int take(void *context, const struct ev_tail_record *record)
{
        struct bench *bench = context;

        cr_assert_eq(record->partition, 0);
        cr_assert_eq(record->offset, bench->expected++);
        cr_assert(ev_str_equal(ev_tail_header(record, "ce_id"), EV_STR("last")));
        cr_assert(ev_str_is_null(ev_tail_header(record, "ce_type")));
        ++bench->records;
        bench->rests = 0;
        return 0;
}

static int rest(void *context)
{
        struct bench *bench = context;

        if (++bench->rests > bench->rests_max)
                bench->rests_max = bench->rests;
        return 0;
}

static int refuse(void *context)
{
        cr_assert_not_null(context);
        return ev_fail(EV_VERDICT_RETRY, "enough");
}

static void bench_init(struct bench *bench)
{
        char value[] = "x"; /* librdkafka wants it writable */

        *bench = (struct bench){ .host = mock_new("facts", PARTITIONS) };
        bench->cluster = rd_kafka_handle_mock_cluster(bench->host);
        bench->reader = mock_reader(bench->host);
        for (int i = 0; i < RECORDS; ++i)
                cr_assert_eq(rd_kafka_producev(bench->host, RD_KAFKA_V_TOPIC("facts"),
                                               RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(value, 1),
                                               RD_KAFKA_V_HEADER("ce_id", "first", -1),
                                               RD_KAFKA_V_HEADER("ce_id", "last", -1),
                                               RD_KAFKA_V_END),
                             RD_KAFKA_RESP_ERR_NO_ERROR);
        cr_assert_eq(rd_kafka_flush(bench->host, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void bench_done(struct bench *bench)
{
        bench->reader = ev_kafka_free(bench->reader);
        rd_kafka_destroy(bench->host);
}

Test(tail, gives_the_last_records_of_each_partition_in_order)
{
        struct bench bench;
        const struct ev_tail_reader reader = { take, rest, &bench };

        bench_init(&bench);
        bench.expected = RECORDS - 4;
        cr_assert_eq(ev_tail_read(bench.reader, "facts", PARTITIONS, 4, &reader), 0);
        cr_assert_eq(bench.records, 4);
        bench_done(&bench);
}

Test(tail, lets_its_caller_do_something_else_while_the_broker_is_silent)
{
        struct bench bench;
        const struct ev_tail_reader reader = { take, rest, &bench };

        bench_init(&bench);
        rd_kafka_mock_broker_set_rtt(bench.cluster, 1, RTT_MS);
        cr_assert_eq(ev_tail_read(bench.reader, "facts", PARTITIONS, RECORDS, &reader), 0);
        cr_assert_eq(bench.records, RECORDS);
        cr_assert_geq(bench.rests_max, RTT_MS / EV_TAIL_REST_MS);
        bench_done(&bench);
}

Test(tail, ends_when_its_caller_cannot_go_on)
{
        struct bench bench;
        const struct ev_tail_reader reader = { take, refuse, &bench };

        bench_init(&bench);
        cr_assert_eq(ev_tail_read(bench.reader, "facts", PARTITIONS, RECORDS, &reader), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
        bench_done(&bench);
}
