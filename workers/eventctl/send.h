#ifndef EVENTCTL_SEND_H
#define EVENTCTL_SEND_H

/* Records that a command sends one at a time, each acknowledged before the next: where few are sent and
 * each is noted elsewhere. What sends many is "produce". */

#include "base/config.h"
#include "base/macro.h"
#include "wire/producer.h"

/* A producer for that; the caller owns it. Fails (verdict: stop) if the configuration does not say
 * where Kafka is, and as ev_producer_new(). */
int send_open(const struct ev_config *config, struct ev_producer **ret_producer) _must_check_;

/* Until all replicas have it. Fails as ev_producer_send() and ev_producer_poll(), and when it is not
 * acknowledged within a minute or before `stop_fd` says that somebody wants to stop. */
int send_and_wait(struct ev_producer *producer, int stop_fd,
                  const struct ev_outgoing *record) _must_check_;

#endif
