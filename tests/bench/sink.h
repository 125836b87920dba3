#ifndef TESTS_BENCH_SINK_H
#define TESTS_BENCH_SINK_H

/* Reads facts of one type, as a subscriber does: in no group, all partitions of the topic. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

struct sink;

/* `type` is the short name of a fact's type ("StockReserved"). Reads from the beginning of its
 * topic, or from where the topic ends at the call. Ends the program when it cannot. The caller owns
 * it (sink_free). */
struct sink *sink_new(const char *brokers, const char *type, bool from_beginning);
struct sink *sink_free(struct sink *sink);
EV_DEFINE_CLEANUP(struct sink *, sink_free)

/* Takes one fact of the type; `correlation_id` is null where it has none. `arrived` is monotonic,
 * in microseconds. */
typedef void sink_take_fn(void *context, struct ev_str correlation_id, int64_t arrived);

/* Waits at most so long for records, and takes what is there of them; how many facts of the type
 * were among them. */
int64_t sink_poll(struct sink *sink, int wait_ms, sink_take_fn *take, void *context);

#endif
