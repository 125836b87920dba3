#include "support/unit.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "flow/headers.h"
#include "support/headers.h"
#include "wire/message.h"

UNIT_SUITE(headers);

enum { WAIT_MS = 10000, VALUE_MAX = 32 };

/* A cluster inside of librdkafka: headers of a message are made by nothing else. */
struct fixture {
        rd_kafka_t *producer, *consumer;
        struct ev_messages messages;
        struct ev_arena *arena;
};

static rd_kafka_t *client(rd_kafka_type_t type, const char *name, const char *value)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[256];
        rd_kafka_t *rk;

        cr_assert_eq(rd_kafka_conf_set(conf, name, value, text, sizeof(text)), RD_KAFKA_CONF_OK);
        cr_assert_eq(rd_kafka_conf_set(conf, "group.id", "g", text, sizeof(text)),
                     RD_KAFKA_CONF_OK);
        rk = rd_kafka_new(type, conf, text, sizeof(text));
        cr_assert_not_null(rk, "%s", text);
        return rk;
}

/* Sends a record with `count` headers h0 … whose values are v0 …, each third null and each third
 * empty; and reads it back. */
static void begin(struct fixture *f, size_t count)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
        rd_kafka_message_t *polled = NULL;
        struct ev_message *message;
        static char payload[] = "value";
        char name[VALUE_MAX], value[VALUE_MAX];

        *f = (struct fixture){ .producer =
                                       client(RD_KAFKA_PRODUCER, "test.mock.num.brokers", "1") };
        f->consumer =
                client(RD_KAFKA_CONSUMER, "bootstrap.servers",
                       rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(f->producer)));
        for (size_t i = 0; i < count; ++i) {
                snprintf(name, sizeof(name), "h%zu", i);
                snprintf(value, sizeof(value), "v%zu", i);
                cr_assert_eq(rd_kafka_header_add(headers, name, -1, i % 3 == 1 ? NULL : value,
                                                 i % 3 ? 0 : -1),
                             0);
        }
        cr_assert_eq(rd_kafka_producev(f->producer, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE(payload, sizeof(payload)),
                                       RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
                     0);
        cr_assert_eq(rd_kafka_flush(f->producer, WAIT_MS), 0);
        rd_kafka_topic_partition_list_add(list, "t", 0)->offset = 0;
        cr_assert_eq(rd_kafka_assign(f->consumer, list), 0);
        rd_kafka_topic_partition_list_destroy(list);
        polled = rd_kafka_consumer_poll(f->consumer, WAIT_MS);
        cr_assert(polled && !polled->err);
        cr_assert_eq(ev_messages_init(&f->messages, 1), 0);
        cr_assert_eq(ev_messages_add(&f->messages, polled, &message), 0);
        cr_assert_eq(message->headers_total, count);
        cr_assert_eq(ev_arena_new(&f->arena, 1 << 24), 0);
}

static void end(struct fixture *f)
{
        ev_messages_release(&f->messages);
        ev_messages_done(&f->messages);
        ev_arena_free(f->arena);
        rd_kafka_consumer_close(f->consumer);
        rd_kafka_destroy(f->consumer);
        rd_kafka_destroy(f->producer);
}

static void expect(const struct ev_header *header, size_t i)
{
        char name[VALUE_MAX], value[VALUE_MAX];

        snprintf(name, sizeof(name), "h%zu", i);
        snprintf(value, sizeof(value), "v%zu", i);
        cr_assert(ev_str_equal(header->name, ev_str_of(name)));
        if (i % 3 == 1) {
                cr_assert_null(header->value.data, "null stays null");
                return;
        }
        cr_assert_not_null(header->value.data, "empty is not null");
        cr_assert_eq(header->value.size, i % 3 ? 0 : strlen(value));
        cr_assert_eq(memcmp(header->value.data, value, header->value.size), 0);
}

/* Packs the message's headers and takes them for those of a record that was put aside. */
static struct ev_item put_aside(struct fixture *f)
{
        const struct ev_item item = { .message = &f->messages.items[0] };
        struct ev_item aside = { 0 };

        cr_assert_eq(ev_item_raw(f->arena, &item, &aside.raw), 0);
        return aside;
}

Test(headers, come_back_as_they_were)
{
        const struct ev_header *headers;
        struct ev_item aside;
        struct fixture f;
        size_t count;

        begin(&f, 100);
        aside = put_aside(&f);
        cr_assert_eq(ev_item_headers(f.arena, &aside, &headers, &count), 0);
        cr_assert_eq(count, 100);
        for (size_t i = 0; i < count; ++i)
                expect(&headers[i], i);
        end(&f);
}

Test(headers, none_come_back_as_none)
{
        const struct ev_header *headers;
        struct ev_item aside;
        struct fixture f;
        size_t count = 1;

        begin(&f, 0);
        aside = put_aside(&f);
        cr_assert_not_null(aside.raw.headers.data, "the column is not null");
        cr_assert_eq(ev_item_headers(f.arena, &aside, &headers, &count), 0);
        cr_assert_eq(count, 0);
        end(&f);
}

/* More than are looked at make a dead letter; it has all of them all the same. */
Test(headers, beyond_the_limit_are_refused_and_kept)
{
        const struct ev_header *headers;
        struct ev_item item = { 0 }, aside;
        struct ev_bytes left;
        struct fixture f;
        size_t count, found = 0;

        begin(&f, 150);
        item.message = &f.messages.items[0];
        cr_assert_eq(ev_item_headers(f.arena, &item, &headers, &count), EV_OVER_LIMIT);
        aside = put_aside(&f);
        cr_assert_eq(ev_item_headers(f.arena, &aside, &headers, &count), EV_OVER_LIMIT);
        for (left = aside.raw.headers; left.size > 0; ++found) {
                for (int part = 0; part < 2; ++part) {
                        uint32_t length;

                        memcpy(&length, left.data, sizeof(length));
                        length = be32toh(length) == UINT32_MAX ? 0 : be32toh(length);
                        cr_assert_leq(sizeof(length) + length, left.size);
                        left.data += sizeof(length) + length;
                        left.size -= sizeof(length) + length;
                }
        }
        cr_assert_eq(found, 150);
        end(&f);
}

/* The column holds bytes, and somebody may have written others into it. */
Test(headers, bytes_that_are_none_are_refused)
{
        const struct ev_header *headers;
        struct ev_arena *arena;
        struct headers good = { 0 };
        size_t count;

        cr_assert_eq(ev_arena_new(&arena, 1 << 22), 0);
        headers_add(&good, "name", "value");
        for (size_t size = 1; size < good.size; ++size) {
                const struct ev_item item = { .raw.headers = { good.bytes, size } };

                cr_assert_eq(ev_item_headers(arena, &item, &headers, &count), EV_OVER_LIMIT, "%zu",
                             size);
        }
        good.size = 0;
        headers_put(&good, NULL, 0); /* a name that is null */
        headers_put(&good, "", 0);
        cr_assert_eq(ev_item_headers(arena,
                                     &(struct ev_item){ .raw.headers = headers_bytes(&good) },
                                     &headers, &count),
                     EV_OVER_LIMIT);
        ev_arena_free(arena);
}
