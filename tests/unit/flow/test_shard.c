#include "flow/shard.h"

#include <string.h>

#include "base/error.h"
#include "schemas/stock.h"
#include "support/route.h"
#include "support/unit.h"
#include "wire/partition.h"

UNIT_SUITE(shard);

static const struct ev_shard all = { .count = 1 };

/* Goods are decided, what others say of stock is only remembered. */
static const struct ev_route routes[] = {
        { &goods_received_record, want_nothing, decide_nothing },
        { &stock_received_record, want_nothing, NULL },
};
static const struct ev_worker worker = {
        .name = "order",
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
};

static void refused(const char *text, const char *said)
{
        struct ev_shard shard = { -1, -1 };

        cr_assert_lt(ev_shard_parse(text, &shard), 0, "%s", text);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_not_null(strstr(ev_error_last()->text, said), "%s", ev_error_last()->text);
        cr_assert_eq(shard.count, -1, "untouched");
}

Test(shard, is_one_of_so_many)
{
        struct ev_shard shard;

        cr_assert_eq(ev_shard_parse(NULL, &shard), 0);
        cr_assert(shard.index == 0 && shard.count == 1);
        cr_assert_eq(ev_shard_parse("0/1", &shard), 0);
        cr_assert(shard.index == 0 && shard.count == 1);
        cr_assert_eq(ev_shard_parse("11/12", &shard), 0);
        cr_assert(shard.index == 11 && shard.count == 12);
}

Test(shard, is_refused_where_it_is_none)
{
        static const char *const none[] = { "1",    "/2",   "0/",   "0/2/2", "a/2",
                                            "-1/2", " 0/2", "0 /2", "" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(none); ++i)
                refused(none[i], "must be K/N");
        refused("0/5", "must divide 12");
        refused("0/0", "must divide 12");
        refused("0/24", "must divide 12");
        refused("2/2", "the last 1/2");
}

/* Each partition of a topic that is divided is read by one shard, those of what is remembered by
 * all. */
Test(shard, reads_what_the_others_do_not)
{
        static const struct ev_str divided = EV_STR_INIT("quenty.stock.ingress.v1");
        static const struct ev_str shared = EV_STR_INIT("quenty.stock.events.v1");

        for (int32_t partition = 0; partition < EV_SHARD_PARTITIONS; ++partition) {
                int readers = 0;

                for (int32_t k = 0; k < 3; ++k) {
                        struct ev_shard shard = { k, 3 };

                        readers += ev_shard_reads(&shard, &worker, divided, partition);
                        cr_assert(ev_shard_reads(&shard, &worker, shared, partition));
                }
                cr_assert_eq(readers, 1);
                cr_assert(ev_shard_reads(&all, &worker, divided, partition));
        }
        cr_assert(ev_shard_is_shared(&worker, shared));
        cr_assert_not(ev_shard_is_shared(&worker, divided));
}

/* A key belongs to the shard that reads its partition. */
Test(shard, has_the_keys_of_its_partitions)
{
        char key[] = "C-000";

        for (int i = 0; i < 1000; ++i) {
                struct ev_str name = { key, 5 };
                int32_t partition;

                key[2] = (char)('0' + i / 100);
                key[3] = (char)('0' + i / 10 % 10);
                key[4] = (char)('0' + i % 10);
                partition = ev_partition_of(name, EV_SHARD_PARTITIONS);
                for (int32_t k = 0; k < 4; ++k)
                        cr_assert_eq(ev_shard_has_key(&(struct ev_shard){ k, 4 }, name),
                                     ev_shard_has_partition(&(struct ev_shard){ k, 4 }, partition));
                cr_assert(ev_shard_has_key(&all, name));
        }
}

Test(shard, names_its_group)
{
        char group[EV_SHARD_GROUP_MAX];

        ev_shard_name_group(&all, &worker, group);
        cr_assert_str_eq(group, "quenty-order");
        ev_shard_name_group(&(struct ev_shard){ 10, 12 }, &worker, group);
        cr_assert_str_eq(group, "quenty-order-10-of-12");
}
