/* Which lanes a bound worker reads.
 *
 * Guarantee: for each lane that is not shared there is exactly one shard of the same count that
 * reads it, and it is the one that every key of that lane belongs to. Nothing is kept here, so
 * nothing is lost if the process dies: a database remembers its shard by its lanes
 * (store/offsets.c). */

#include "flow/shard.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "wire/partition.h"

bool ev_shard_check(const struct ev_shard *shard)
{
        assert(shard);

        return shard->count > 0 && EV_SHARD_PARTITIONS % shard->count == 0 && shard->index >= 0 &&
               shard->index < shard->count;
}

/* Digits on both sides of a slash, nothing else. */
static bool split(struct ev_str text, int64_t *ret_index, int64_t *ret_count)
{
        const char *slash = memchr(text.data, '/', text.size);
        size_t before;

        assert(ret_index && ret_count);

        if (!slash)
                return false;
        before = (size_t)(slash - text.data);
        return ev_str_to_int64((struct ev_str){ text.data, before }, ret_index) &&
               ev_str_to_int64((struct ev_str){ slash + 1, text.size - before - 1 }, ret_count);
}

int ev_shard_parse(const char *text, struct ev_shard *ret_shard)
{
        int64_t index = 0, count = 1;

        assert(ret_shard);

        if (text && !split(ev_str_of(text), &index, &count))
                return ev_fail(EV_VERDICT_STOP,
                               "configuration: shard is \"%s\" and must be K/N, for example 0/2",
                               text);
        if (count < 1 || count > EV_SHARD_PARTITIONS || EV_SHARD_PARTITIONS % count != 0)
                return ev_fail(EV_VERDICT_STOP,
                               "configuration: shard is \"%s\": the number of shards must divide "
                               "%d, the number of partitions: 2, 3, 4, 6 or 12",
                               text, EV_SHARD_PARTITIONS);
        if (index >= count)
                return ev_fail(EV_VERDICT_STOP,
                               "configuration: shard is \"%s\": of %d shards the first is 0/%d and "
                               "the last %d/%d",
                               text, (int)count, (int)count, (int)count - 1, (int)count);
        *ret_shard = (struct ev_shard){ (int32_t)index, (int32_t)count };
        assert(ev_shard_check(ret_shard));
        return 0;
}

bool ev_shard_is_shared(const struct ev_worker *worker, struct ev_str topic)
{
        assert(worker->route_count > 0);

        for (size_t i = 0; i < worker->route_count; ++i)
                if (worker->routes[i].decide &&
                    ev_str_equal(worker->routes[i].record->contract->topic, topic))
                        return false;
        return true;
}

bool ev_shard_has_partition(const struct ev_shard *shard, int32_t partition)
{
        assert(ev_shard_check(shard) && partition >= 0);

        return partition % shard->count == shard->index;
}

bool ev_shard_reads(const struct ev_shard *shard, const struct ev_worker *worker,
                    struct ev_str topic, int32_t partition)
{
        assert(worker->route_count > 0);

        return ev_shard_has_partition(shard, partition) || ev_shard_is_shared(worker, topic);
}

/* The hash modulo the partitions, and that modulo the shards, is the hash modulo the shards. */
bool ev_shard_has_key(const struct ev_shard *shard, struct ev_str key)
{
        assert(ev_shard_check(shard));

        return ev_partition_of(key, shard->count) == shard->index;
}

void ev_shard_name_group(const struct ev_shard *shard, const struct ev_worker *worker,
                         char group[EV_SHARD_GROUP_MAX])
{
        int size = shard->count == 1
                           ? snprintf(group, EV_SHARD_GROUP_MAX, "quenty-%s", worker->name)
                           : snprintf(group, EV_SHARD_GROUP_MAX, "quenty-%s-%d-of-%d", worker->name,
                                      (int)shard->index, (int)shard->count);

        assert(size > 0 && size < EV_SHARD_GROUP_MAX);
}
