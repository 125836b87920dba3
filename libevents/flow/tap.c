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
        int r;

        assert(tap);

        *tap = (struct ev_tap){ .has_ended = true };
        r = ev_messages_init(&tap->halves[0], EV_TAP_AHEAD_MAX);
        if (r == 0)
                r = ev_messages_init(&tap->halves[1], EV_TAP_AHEAD_MAX);
        return ev_trace(r);
}

/* Messages go before the reader that they are borrowed from; and one that was never started has no
 * reader. */
void ev_tap_done(struct ev_tap *tap)
{
        assert(tap);

        ev_messages_done(&tap->halves[0]);
        ev_messages_done(&tap->halves[1]);
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

static bool is_empty(const struct ev_tap *tap)
{
        assert(tap->next <= tap->halves[tap->at].count);

        return tap->next == tap->halves[tap->at].count;
}

/* Where nothing is left in a half the other one is next, if it has been filled. What was read stays where
 * it is. */
static void turn_over(struct ev_tap *tap)
{
        assert(tap->at < 2);

        if (!is_empty(tap) || !tap->is_other_ahead)
                return;
        tap->at = 1 - tap->at;
        tap->next = 0;
        tap->is_other_ahead = false;
}

/* Whether it has ended is asked at once: one that may have more would hold up the merge where it
 * runs empty. */
static int fetch(struct ev_tap *tap, int wait_ms)
{
        struct ev_messages *other = &tap->halves[1 - tap->at];
        int r = ev_reader_collect(tap->reader, wait_ms, EV_TAP_AHEAD_MAX, other);

        assert(!tap->is_other_ahead);

        if (r < 0)
                return ev_trace(r);
        tap->is_other_ahead = other->count > 0;
        tap->has_ended = ev_reader_has_ended(tap->reader);
        turn_over(tap);
        return 0;
}

int ev_tap_fill(struct ev_tap *tap)
{
        int r = 0;

        assert(!is_empty(tap) || !tap->is_other_ahead);

        while (r == 0 && !tap->has_ended && is_empty(tap))
                r = fetch(tap, SILENCE_MS);
        if (r == 0 && !tap->has_ended && !tap->is_other_ahead)
                r = fetch(tap, 0);
        return ev_trace(r);
}

const struct ev_message *ev_tap_peek(const struct ev_tap *tap)
{
        assert(tap);

        return is_empty(tap) ? NULL : &tap->halves[tap->at].items[tap->next];
}

/* Only the index moves. The message itself is given back when its half is filled anew, so a batch may
 * still point to it. */
void ev_tap_take(struct ev_tap *tap)
{
        assert(!is_empty(tap));

        ++tap->next;
        turn_over(tap);
}

/* The reader goes on until it is freed: to stop it takes a round trip, and nobody waits for
 * what it still fetches. */
void ev_tap_end(struct ev_tap *tap)
{
        assert(tap);

        tap->has_ended = true;
        tap->is_other_ahead = false;
        tap->next = tap->halves[tap->at].count;
}
