#include "support/unit.h"

#include <endian.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "flow/open.h"
#include "schemas/stock.h"
#include "support/headers.h"
#include "support/route.h"
#include "wire/avro.h"
#include "wire/partition.h"

UNIT_SUITE(open);

static const char ingress[] = "quenty.stock.ingress.v1", facts[] = "quenty.stock.events.v1";
static const char goods_received[] = "quenty.stock.GoodsReceived";

static const struct ev_route routes[] = {
        { &goods_received_record, want_nothing, decide_nothing },
        { &stock_received_record, want_nothing, decide_nothing },
};
static const char *const topics[] = { "quenty.stock.events.v1", NULL };
static const struct ev_worker worker = {
        .name = "test",
        .database = "order_db",
        .migration = 1,
        .facts_topics = topics,
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
};

struct fixture {
        struct ev_opener *opener;
        struct ev_arena *arena;
        struct headers headers;
        struct ev_buffer value; /* framed */
        struct ev_item item;
        struct ev_bytes key;
        struct ev_shard shard; /* all companies, unless a test says otherwise */
};

static void set_value(struct fixture *f, uint32_t schema_id, const struct ev_record *record,
                      const void *value)
{
        uint8_t frame[EV_FRAME_ID_BYTES];

        ev_frame_write_id(schema_id, frame);
        ev_buffer_clear(&f->value);
        cr_assert_eq(ev_buffer_append(&f->value, frame, sizeof(frame)), 0);
        cr_assert_eq(ev_avro_encode(record, value, &f->value), 0, "%s", ev_error_last()->text);
}

/* A good GoodsReceived, to be spoilt. */
static void begin(struct fixture *f)
{
        *f = (struct fixture){ .value = EV_BUFFER_INIT(1 << 20),
                               .key = { (const uint8_t *)"C-1", 3 },
                               .shard = { .count = 1 } };
        cr_assert_eq(ev_arena_new(&f->arena, 1 << 24), 0);
        cr_assert_eq(ev_opener_new(&f->opener, &worker, &f->shard, NULL), 0);
        headers_begin(&f->headers, "id-1", goods_received);
        set_value(f, goods_received_record.schema_id, &goods_received_record,
                  &(struct goods_received){ .sku = EV_STR("A"),
                                            .location = EV_STR("NORTH"),
                                            .quantity = 3,
                                            .reference_number = EV_STR("R"),
                                            .received_by = EV_STR("me") });
}

static void end(struct fixture *f)
{
        ev_buffer_done(&f->value);
        ev_opener_free(f->opener);
        ev_arena_free(f->arena);
}

static enum ev_fate open_at(struct fixture *f, const char *topic)
{
        f->item = (struct ev_item){
                .raw = { .place = { ev_str_of(topic), 0, 7 },
                         .key = f->key,
                         .headers = headers_bytes(&f->headers),
                         .value = { f->value.data, f->value.size } },
                .fate = EV_FATE_PARK, /* of an earlier run */
        };
        cr_assert_eq(ev_item_open(f->opener, f->arena, &f->item), 0, "%s", ev_error_last()->text);
        return f->item.fate;
}

/* Opens it at the ingress topic; it must be dead for this reason, and say something about it. */
static void dead(struct fixture *f, enum ev_refusal refusal, const char *said)
{
        cr_assert_eq(open_at(f, ingress), EV_FATE_DEAD);
        cr_assert_eq(f->item.refusal, refusal, "%s: %.*s", ev_refusal_name(f->item.refusal),
                     EV_STR_ARG(f->item.detail));
        cr_assert_not_null(memmem(f->item.detail.data, f->item.detail.size, said, strlen(said)),
                           "%.*s", EV_STR_ARG(f->item.detail));
}

Test(open, a_good_record_is_to_be_decided)
{
        const struct goods_received *received;
        struct fixture f;

        begin(&f);
        cr_assert_eq(open_at(&f, ingress), EV_FATE_DECIDE);
        received = f.item.value;
        cr_assert(ev_str_equal(received->sku, EV_STR("A")));
        cr_assert(ev_str_equal(f.item.aggregate, EV_STR("A")), "as the fields say");
        cr_assert(ev_str_equal(f.item.event.id, EV_STR("id-1")));
        cr_assert(ev_str_equal(f.item.event.key, EV_STR("C-1")));
        cr_assert_eq(f.item.routed->route, &routes[0]);
        end(&f);
}

Test(open, the_fields_name_the_aggregate_whatever_the_subject_says)
{
        struct fixture f;

        begin(&f);
        headers_add(&f.headers, "ce_subject", "another");
        cr_assert_eq(open_at(&f, ingress), EV_FATE_DECIDE);
        cr_assert(ev_str_equal(f.item.aggregate, EV_STR("A")));
        cr_assert(ev_str_equal(f.item.event.subject, EV_STR("another")));
        end(&f);
}

Test(open, a_bad_envelope_is_dead)
{
        struct fixture f;

        begin(&f);
        f.headers.size = 0;
        headers_add(&f.headers, "ce_id", "1");
        dead(&f, EV_BAD_ENVELOPE, "ce_specversion");
        headers_begin(&f.headers, "1", goods_received);
        headers_add(&f.headers, "ce_id", "2");
        dead(&f, EV_BAD_ENVELOPE, "ce_id");
        headers_begin(&f.headers, "1", goods_received);
        headers_add(&f.headers, "ce_time", "yesterday");
        dead(&f, EV_BAD_ENVELOPE, "ce_time");
        end(&f);
}

Test(open, what_is_over_a_limit_is_dead)
{
        struct fixture f;

        begin(&f);
        for (int i = 0; i < 100; ++i)
                headers_add(&f.headers, "x", "");
        dead(&f, EV_OVER_LIMIT, "headers");

        headers_begin(&f.headers, "1", goods_received);
        while (f.value.size <= EV_INGRESS_BYTES_MAX)
                cr_assert_eq(ev_buffer_append(&f.value, "x", 1), 0);
        dead(&f, EV_OVER_LIMIT, "value");
        end(&f);
}

Test(open, a_value_that_cannot_be_read_is_dead)
{
        uint32_t id = htobe32(4711);
        struct fixture f;

        begin(&f);
        --f.value.size;
        dead(&f, EV_UNDECODABLE, "received_by");
        f.value.size = 0;
        dead(&f, EV_UNDECODABLE, "");
        end(&f);

        begin(&f);
        memcpy(f.value.data + 1, &id, sizeof(id));
        dead(&f, EV_UNKNOWN_SCHEMA, "no schema");
        end(&f);
}

/* The value says which schema wrote it; the type must be that of the schema. */
Test(open, a_value_of_another_type_is_dead)
{
        struct fixture f;

        begin(&f);
        set_value(&f, stock_received_record.schema_id, &goods_received_record,
                  &(struct goods_received){ .sku = EV_STR(""),
                                            .location = EV_STR(""),
                                            .reference_number = EV_STR(""),
                                            .received_by = EV_STR("") });
        dead(&f, EV_UNDECODABLE, "quenty.stock.StockReceived");
        end(&f);
}

Test(open, a_type_that_does_not_belong_on_the_topic_is_dead)
{
        struct fixture f;

        begin(&f);
        headers_begin(&f.headers, "1", "quenty.stock.NeverHeardOf");
        dead(&f, EV_UNEXPECTED_TYPE, "NeverHeardOf");
        headers_begin(&f.headers, "1", "quenty.stock.StockReceived");
        dead(&f, EV_UNEXPECTED_TYPE, "StockReceived");
        end(&f);
}

static void add_fact_headers(struct fixture *f, const char *type)
{
        headers_begin(&f->headers, "0194f3a2-0000-7000-8000-000000000001", type);
        headers_add(&f->headers, "ce_time", "2025-01-31T00:00:00.000000Z");
        headers_add(&f->headers, "ce_subject", "A");
        headers_add(&f->headers, "ce_sequence", "5");
}

/* Facts that no route wants are the rule on a topic of facts; their values are not even read. */
Test(open, an_unwanted_fact_is_ignored)
{
        struct fixture f;

        begin(&f);
        add_fact_headers(&f, "quenty.stock.LowStockDetected");
        cr_assert_eq(open_at(&f, facts), EV_FATE_IGNORE);
        add_fact_headers(&f, "quenty.stock.OfNextYear");
        cr_assert_eq(open_at(&f, facts), EV_FATE_IGNORE);
        add_fact_headers(&f, goods_received);
        cr_assert_eq(open_at(&f, facts), EV_FATE_DEAD, "a request among facts");
        cr_assert_eq(f.item.refusal, EV_UNEXPECTED_TYPE);
        end(&f);
}

/* A fact of another database that the worker has a route for. */
static void set_received_fact(struct fixture *f)
{
        add_fact_headers(f, "quenty.stock.StockReceived");
        set_value(f, stock_received_record.schema_id, &stock_received_record,
                  &(struct stock_received){ .sku = EV_STR("A"),
                                            .company_id = EV_STR("C"),
                                            .location = EV_STR("N"),
                                            .created_by = EV_STR("me") });
}

Test(open, a_wanted_fact_is_to_be_decided)
{
        struct fixture f;

        begin(&f);
        set_received_fact(&f);
        cr_assert_eq(open_at(&f, facts), EV_FATE_DECIDE);
        cr_assert_eq(f.item.event.sequence, 5);
        end(&f);
}

/* Where companies are divided, what lies in a partition of another shard's, or was sent to one of
 * ours by another key, is for nobody here. Facts are where their relay has put them. */
Test(open, what_belongs_to_another_shard_is_dead)
{
        struct fixture f;

        begin(&f);
        f.shard = (struct ev_shard){ ev_partition_of(EV_STR("C-1"), 2), 2 };
        cr_assert_eq(open_at(&f, ingress), EV_FATE_DECIDE);
        f.shard.index = 1 - f.shard.index;
        dead(&f, EV_WRONG_SHARD, "C-1 belongs to another shard");

        f.key = (struct ev_bytes){ NULL, 0 };
        f.shard.index = ev_partition_of(EV_STR("A"), 2);
        cr_assert_eq(open_at(&f, ingress), EV_FATE_DECIDE,
                     "its answer has the aggregate as its key");
        f.shard.index = 1 - f.shard.index;
        dead(&f, EV_WRONG_SHARD, "A belongs to another shard");

        set_received_fact(&f);
        cr_assert_eq(open_at(&f, facts), EV_FATE_DECIDE);
        end(&f);
}

/* The fingerprint form is read too (single-object encoding). */
Test(open, a_schema_is_known_by_its_fingerprint)
{
        uint8_t frame[EV_FRAME_FINGERPRINT_BYTES];
        struct fixture f;

        begin(&f);
        ev_frame_write_fingerprint(goods_received_record.fingerprint, frame);
        cr_assert_eq(ev_buffer_append(&f.value, frame, sizeof(frame)), 0); /* makes room */
        memmove(f.value.data + sizeof(frame), f.value.data + EV_FRAME_ID_BYTES,
                f.value.size - sizeof(frame) - EV_FRAME_ID_BYTES);
        memcpy(f.value.data, frame, sizeof(frame));
        f.value.size -= EV_FRAME_ID_BYTES;
        cr_assert_eq(open_at(&f, ingress), EV_FATE_DECIDE, "%.*s", EV_STR_ARG(f.item.detail));
        f.value.data[5] ^= 1;
        dead(&f, EV_UNKNOWN_SCHEMA, "fingerprint");
        end(&f);
}
