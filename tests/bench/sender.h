#ifndef TESTS_BENCH_SENDER_H
#define TESTS_BENCH_SENDER_H

/* Sends events as any shop would: an idempotent producer of librdkafka, murmur2 by the key. */

#include <stdint.h>

#include "base/macro.h"
#include "bench/traffic.h"

struct sender;

/* Connects, and knows the topics of all events when it returns. Ends the program when it cannot. The
 * caller owns it (sender_free). */
struct sender *sender_new(const char *brokers, int64_t linger_ms);
struct sender *sender_free(struct sender *sender);
EV_DEFINE_CLEANUP(struct sender *, sender_free)

/* Queues an event, and looks at what was acknowledged; waits only where librdkafka's queue of a
 * million is full. */
void sender_send(struct sender *sender, const struct traffic_event *event);

/* Waits until all is acknowledged, at most so long. Ends the program, with the reason, if something
 * was not. */
void sender_finish(struct sender *sender, int wait_ms);

#endif
