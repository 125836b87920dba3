#ifndef EV_FLOW_SHARD_H
#define EV_FLOW_SHARD_H

/* A part of the companies, and with them of a worker's rows: one database of several.
 *
 * Shard K of N owns the partitions p with p modulo N = K. As N divides the number of partitions,
 * which a key's hash is taken modulo of, a company's shard is its hash modulo N: nobody has to keep
 * who is where. Topics of which a worker only remembers facts (it decides none of them) are
 * everybody's: each shard reads all of them, since a customer may be of another company than the
 * seller. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "flow/worker.h"

enum {
        EV_SHARD_PARTITIONS = 12, /* of every topic of the domain: what N divides */
        EV_SHARD_GROUP_MAX = 64,  /* bytes of a group's name, with the NUL */
};

struct ev_shard {
        int32_t index, count; /* K and N; count 1: all companies */
};

/* Reads "K/N"; NULL is all. Fails with the verdict stop. */
int ev_shard_parse(const char *text, struct ev_shard *ret_shard) _must_check_;

bool ev_shard_has_partition(const struct ev_shard *shard, int32_t partition);

/* Whether a member that is bound to the shard reads this partition. The topic is one of the
 * worker's. */
bool ev_shard_reads(const struct ev_shard *shard, const struct ev_worker *worker,
                    struct ev_str topic, int32_t partition);

/* Whether the topic is only remembered by this worker: every shard reads all of it. */
bool ev_shard_is_shared(const struct ev_worker *worker, struct ev_str topic);

/* Whether what has this key is published on, and comes from, the shard's partitions. */
bool ev_shard_has_key(const struct ev_shard *shard, struct ev_str key);

/* "quenty-order", or "quenty-order-0-of-2": each shard is a consumer group of its own. */
void ev_shard_name_group(const struct ev_shard *shard, const struct ev_worker *worker,
                         char group[EV_SHARD_GROUP_MAX]);

bool ev_shard_check(const struct ev_shard *shard);

#endif
