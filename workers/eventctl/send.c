/* Sending with one record in flight: what came before is known to be there, so a caller that notes what
 * it has sent is wrong about one record at the most, which he sends again.
 *
 * If the process dies, the record in hand is on its topic or it is not; whoever sends it again says nothing new,
 * for its bytes are the same. */

#include "send.h"

#include <assert.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"

enum {
        IN_FLIGHT_RECORDS = 1,
        IN_FLIGHT_BYTES = 8 * 1024 * 1024,
        LOOK_MS = 100,
        PATIENCE_MS = 60 * 1000, /* for an acknowledgement */
};

/* Told as the library's error, not as a mistake of the command line: who calls this has begun
 * already. */
int send_open(const struct ev_config *config, struct ev_producer **ret_producer)
{
        assert(ret_producer);

        if (!cluster_is_configured(config))
                return ev_fail(EV_VERDICT_STOP, "kafka.bootstrap.servers is missing");
        return ev_trace(
                cluster_make_producer(config, IN_FLIGHT_RECORDS, IN_FLIGHT_BYTES, ret_producer));
}

/* A record that was handed over cannot be taken back, so giving up says that it may be there. */
int send_and_wait(struct ev_producer *producer, int stop_fd, const struct ev_outgoing *record)
{
        int64_t deadline = ev_clock_monotonic_micros() + PATIENCE_MS * EV_MICROS_PER_MS;
        struct ev_sent sent;
        int r = ev_producer_send(producer, record);

        /* One at a time: there is room, unless the one before it was given up. */
        assert(r != EV_PRODUCER_FULL);

        while (r == 0 && !ev_producer_take(producer, &sent)) {
                r = ev_producer_poll(producer, LOOK_MS);
                if (r == 0 &&
                    (command_is_stopped(stop_fd) || ev_clock_monotonic_micros() > deadline))
                        return ev_fail(EV_VERDICT_STOP, "it was not acknowledged, so whether it is "
                                                        "on its topic is not known; it may be sent "
                                                        "again, and has its effect once");
        }
        return ev_trace(r);
}
