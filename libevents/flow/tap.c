/* Partitions that are read side by side, to where they ended when it began.
 *
 * Records of a partition come in their order, each once. Nothing is stored, so nothing is lost if the
 * process dies here. */

#include "flow/tap.h"

#include <assert.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "wire/ends.h"
#include "wire/reader.h"

enum { SILENCE_MS = 100, PAUSE_MS = 50 };

int ev_tap_init(struct ev_tap *tap)
{
        assert(tap);

        *tap = (struct ev_tap){ .has_ended = true };
        return ev_trace(ev_messages_init(&tap->messages, EV_TAP_AHEAD_MAX));
}

/* Messages go before the reader that they are borrowed from; and one that was never started has no
 * reader. */
void ev_tap_done(struct ev_tap *tap)
{
        assert(tap);

        ev_messages_done(&tap->messages);
        tap->reader = ev_reader_free(tap->reader);
}

/* One that has nothing to read has ended at once: nobody has to wait for a broker that has
 * nothing to say. */
int ev_tap_start(struct ev_tap *tap, struct ev_kafka *kafka, const char *topic, int32_t partition,
                 int64_t begin, int64_t end)
{
        int r;

        assert(!tap->reader && begin <= end);

        r = ev_reader_new(&tap->reader, kafka, true);
        if (r == 0)
                r = ev_reader_add_range(tap->reader, topic, partition, begin, end);
        if (r < 0)
                return ev_trace(r);
        tap->has_ended = ev_reader_has_ended(tap->reader);
        return 0;
}

/* A client that has just been made does not know all leaders yet, nor does it while they move: who
 * begins to read waits for them, and not for ever. */
static int load_ends(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t time_ms,
                     int64_t *ret_offsets)
{
        const struct timespec pause = { .tv_nsec = PAUSE_MS * EV_MICROS_PER_MS * 1000 };
        int64_t end = ev_clock_monotonic_micros() + EV_KAFKA_ANSWER_MS_MAX * EV_MICROS_PER_MS;
        int r = ev_ends_load(kafka, topic, partitions, time_ms, ret_offsets);

        assert(partitions > 0);

        while (r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY &&
               ev_clock_monotonic_micros() < end) {
                nanosleep(&pause, NULL);
                r = ev_ends_load(kafka, topic, partitions, time_ms, ret_offsets);
        }
        return ev_trace(r);
}

int ev_tap_bounds(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t from_ms,
                  int64_t *ret_begins, int64_t *ret_ends)
{
        int r = load_ends(kafka, topic, partitions, from_ms, ret_begins);

        assert(ret_begins && ret_ends);

        if (r == 0)
                r = load_ends(kafka, topic, partitions, EV_ENDS_LATEST, ret_ends);
        for (int32_t i = 0; r == 0 && i < partitions; ++i)
                if (ret_begins[i] < 0)
                        ret_begins[i] = ret_ends[i];
        return ev_trace(r);
}

/* Whether it has ended is asked at once: one that may have more would hold up the merge where it
 * runs empty. */
int ev_tap_fill(struct ev_tap *tap)
{
        assert(tap->next <= tap->messages.count);

        while (!tap->has_ended && tap->next == tap->messages.count) {
                int r = ev_reader_collect(tap->reader, SILENCE_MS, EV_TAP_AHEAD_MAX,
                                          &tap->messages);

                if (r < 0)
                        return ev_trace(r);
                tap->next = 0;
                tap->has_ended = ev_reader_has_ended(tap->reader);
        }
        return 0;
}

const struct ev_message *ev_tap_peek(const struct ev_tap *tap)
{
        assert(tap->next <= tap->messages.count);

        return tap->next < tap->messages.count ? &tap->messages.items[tap->next] : NULL;
}

/* Only the index moves. The message itself is given back when the next ones are fetched, so a
 * batch may still point to it. */
void ev_tap_take(struct ev_tap *tap)
{
        assert(tap->next < tap->messages.count);

        ++tap->next;
}

/* The reader goes on until it is freed: to stop it takes a round trip, and nobody waits for
 * what it still fetches. */
void ev_tap_end(struct ev_tap *tap)
{
        assert(tap);

        tap->has_ended = true;
        tap->next = tap->messages.count;
}
