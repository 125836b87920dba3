/* Partitions that are read side by side, against librdkafka's mock cluster. */

#include "flow/tap.h"

#include <string.h>

#include "support/mock.h"
#include "support/unit.h"

enum { PARTITIONS = 2, RECORDS = 3 * EV_TAP_AHEAD_MAX + 7 };

/* Leaks are not counted here (support/mock.h). */
TestSuite(tap, .timeout = 60);

struct bench {
        rd_kafka_t *host; /* the mock cluster lives in a client, which writes to it as well */
        struct ev_kafka *reader;
        struct ev_tap tap;
};

/* Records 0 … RECORDS-1 in partition 0, each with its offset as its value. */
static void write_records(struct bench *bench)
{
        for (int64_t i = 0; i < RECORDS; ++i)
                cr_assert_eq(rd_kafka_producev(bench->host, RD_KAFKA_V_TOPIC("facts"),
                                               RD_KAFKA_V_PARTITION(0),
                                               RD_KAFKA_V_VALUE(&i, sizeof(i)),
                                               RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                               RD_KAFKA_V_END),
                             RD_KAFKA_RESP_ERR_NO_ERROR);
        cr_assert_eq(rd_kafka_flush(bench->host, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void bench_init(struct bench *bench, int64_t begin, int64_t end)
{
        *bench = (struct bench){ .host = mock_new("facts", PARTITIONS) };
        write_records(bench);
        bench->reader = mock_reader(bench->host);
        cr_assert_eq(ev_tap_init(&bench->tap), 0);
        cr_assert_eq(ev_tap_start(&bench->tap, bench->reader, "facts", 0, begin, end), 0);
}

static void bench_done(struct bench *bench)
{
        ev_tap_done(&bench->tap);
        bench->reader = ev_kafka_free(bench->reader);
        rd_kafka_destroy(bench->host);
}

static int64_t value_of(const struct ev_message *message)
{
        int64_t value;

        cr_assert_eq(message->value.size, sizeof(value));
        memcpy(&value, message->value.data, sizeof(value));
        return value;
}

/* Takes all that is at hand, of which the first is `first`. How many these were. */
static int64_t take_all(struct ev_tap *tap, int64_t first)
{
        static const struct ev_message *taken[RECORDS];
        int64_t count = 0;

        for (const struct ev_message *next; (next = ev_tap_peek(tap)); ev_tap_take(tap)) {
                cr_assert_eq(next->offset, first + count);
                taken[count++] = next;
        }
        for (int64_t i = 0; i < count; ++i)
                cr_assert_eq(value_of(taken[i]), first + i, "what was taken stays as it was");
        return count;
}

/* To the end, from the record `first` on. How many these were. */
static int64_t read_all(struct ev_tap *tap, int64_t first)
{
        int64_t count = 0;

        do {
                cr_assert_eq(ev_tap_fill(tap), 0);
                count += take_all(tap, first + count);
        } while (!tap->has_ended);
        return count;
}

/* Until there is something in both halves. */
static void fill_both(struct ev_tap *tap)
{
        do
                cr_assert_eq(ev_tap_fill(tap), 0);
        while (!tap->is_other_ahead);
}

Test(tap, gives_each_record_once_and_in_order)
{
        struct bench bench;

        bench_init(&bench, 0, RECORDS);
        cr_assert_eq(read_all(&bench.tap, 0), RECORDS);
        cr_assert_eq(ev_tap_fill(&bench.tap), 0, "nobody waits behind the end");
        cr_assert_null(ev_tap_peek(&bench.tap));
        bench_done(&bench);
}

Test(tap, has_more_at_hand_before_it_runs_empty)
{
        struct bench bench;
        const struct ev_message *first;
        int64_t half;

        bench_init(&bench, 0, RECORDS);
        cr_assert_eq(ev_tap_fill(&bench.tap), 0);
        first = ev_tap_peek(&bench.tap);
        half = (int64_t)bench.tap.halves[bench.tap.at].count;
        fill_both(&bench.tap);
        cr_assert_eq(ev_tap_peek(&bench.tap), first, "the next record does not move");
        cr_assert_gt(take_all(&bench.tap, 0), half);
        bench_done(&bench);
}

Test(tap, ends_where_it_was_told_to)
{
        struct bench bench;

        bench_init(&bench, 5, 300);
        cr_assert_eq(read_all(&bench.tap, 5), 295);
        bench_done(&bench);
}

Test(tap, of_nothing_has_ended_at_once)
{
        struct bench bench;

        bench_init(&bench, 7, 7);
        cr_assert(bench.tap.has_ended);
        cr_assert_eq(ev_tap_fill(&bench.tap), 0);
        cr_assert_null(ev_tap_peek(&bench.tap));
        bench_done(&bench);
}

Test(tap, that_is_ended_has_nothing_more)
{
        struct bench bench;

        bench_init(&bench, 0, RECORDS);
        fill_both(&bench.tap);
        ev_tap_end(&bench.tap);
        cr_assert_null(ev_tap_peek(&bench.tap));
        cr_assert_eq(ev_tap_fill(&bench.tap), 0);
        cr_assert_null(ev_tap_peek(&bench.tap));
        bench_done(&bench);
}
