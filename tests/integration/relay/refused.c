/* refused BROKERS TOPIC LARGE RECORDS: what the producer's client does by itself behind a record that
 * a real broker refuses.
 *
 * The topic has one partition and takes less than LARGE bytes. The first record is acknowledged; then
 * RECORDS more are handed over, the one in their middle LARGE bytes long, and nobody polls, as if the
 * caller were busy: whether later ones are sent is the client's doing alone. Prints "stopped" when it
 * has given up, or "sent" when nothing is left to be sent. */

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "wire/kafka_private.h"
#include "wire/producer.h"

enum {
        RECORDS_MAX = 100000,
        BYTES_MAX = 64 * 1024 * 1024,
        SMALL = 2000,
        LARGE_MAX = 900000, /* what the producer believes that the topic takes */
        TURN_MS = 10,
        PATIENCE_MS = 20000,
};

static void require(int r)
{
        if (r == 0)
                return;
        fprintf(stderr, "refused: %s\n", ev_error_last()->text);
        exit(EXIT_FAILURE);
}

static void send_one(struct ev_producer *producer, int64_t sequence, size_t bytes)
{
        static const uint8_t value[LARGE_MAX];
        const struct ev_outgoing record = { .sequence = sequence, .value = { value, bytes } };

        assert(bytes <= sizeof(value));

        require(ev_producer_send(producer, &record));
}

static void await_first(struct ev_producer *producer)
{
        int64_t deadline = ev_clock_monotonic_micros() + PATIENCE_MS * EV_MICROS_PER_MS;
        struct ev_sent sent;

        while (!ev_producer_take(producer, &sent)) {
                assert(ev_clock_monotonic_micros() < deadline);
                require(ev_producer_poll(producer, TURN_MS));
        }
}

/* The client's own queue has what was not sent, or not answered; reports that wait to be read, too. */
static const char *await_end(struct ev_producer *producer, int64_t records)
{
        rd_kafka_t *client = ev_kafka_handle(ev_producer_kafka(producer));
        int64_t deadline = ev_clock_monotonic_micros() + PATIENCE_MS * EV_MICROS_PER_MS;
        rd_kafka_queue_t *reports = rd_kafka_queue_get_main(client);
        const char *end = "late";

        while (ev_clock_monotonic_micros() < deadline && end[0] == 'l') {
                struct timespec nap = { .tv_nsec = TURN_MS * EV_MICROS_PER_MS * 1000 };

                nanosleep(&nap, NULL);
                if (rd_kafka_fatal_error(client, NULL, 0))
                        end = "stopped";
                else if ((int64_t)rd_kafka_queue_length(reports) >= records)
                        end = "sent";
        }
        rd_kafka_queue_destroy(reports);
        return end;
}

int main(int argc, char **argv)
{
        struct ev_kafka_setting setting = { "bootstrap.servers", NULL };
        struct ev_producer_options options = { .settings = &setting,
                                               .settings_count = 1,
                                               .records_max = RECORDS_MAX,
                                               .bytes_max = BYTES_MAX,
                                               .wake_fd = -1 };
        _cleanup_(ev_producer_free_p) struct ev_producer *producer = NULL;
        int64_t large, records;
        size_t index;

        if (argc != 5 || !ev_str_to_int64(ev_str_of(argv[3]), &large) ||
            !ev_str_to_int64(ev_str_of(argv[4]), &records)) {
                fputs("usage: refused BROKERS TOPIC LARGE RECORDS\n", stderr);
                return EXIT_FAILURE;
        }
        setting.value = argv[1];
        require(ev_producer_new(&producer, &options));
        require(ev_producer_add_topic(producer,
                                      &(struct ev_kafka_topic){ .name = argv[2],
                                                                .partitions = 1,
                                                                .message_bytes_max = LARGE_MAX },
                                      &index));
        send_one(producer, 0, SMALL);
        await_first(producer);
        for (int64_t i = 1; i <= records; ++i)
                send_one(producer, i, i == records / 2 ? (size_t)large : SMALL);
        puts(await_end(producer, records));
        return EXIT_SUCCESS;
}
