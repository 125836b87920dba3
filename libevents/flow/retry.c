/* Applies a batch until it is done: verdicts, back-off, bisection.
 *
 * The verdict of a failure says whose fault it was. A server's trouble is waited for, as long as it
 * takes, with the membership kept alive by polling. A record's fault is found by halving the batch:
 * each half is a transaction of its own, in order, until a batch of one record fails; that one is
 * parked, and with it every later record of its aggregate. Nothing is skipped and nothing is lost:
 * if the process dies anywhere here, offsets stand where the last committed half ended. */

#include "flow/runner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/fault.h"

enum { BACKOFF_MIN_MS = 50, BACKOFF_DOUBLINGS_MAX = 10 };

/* Doubles from BACKOFF_MIN_MS, half of it at random, so that workers that failed together do not
 * come back together. */
static int backoff_ms(struct ev_runner *runner)
{
        unsigned doublings = runner->failures;
        int wait = BACKOFF_MIN_MS;
        uint16_t random = 0;

        if (doublings > BACKOFF_DOUBLINGS_MAX)
                doublings = BACKOFF_DOUBLINGS_MAX;
        wait <<= doublings;
        if (wait > runner->backoff_max_ms)
                wait = runner->backoff_max_ms;
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
                random = 0;
        return wait / 2 + (int)((int64_t)wait * random / (2 * UINT16_MAX));
}

/* Rests with the lanes paused and the membership alive. 0, or EV_APPLY_VOID. */
static int rest(struct ev_runner *runner)
{
        int wait = backoff_ms(runner);
        int r;

        ++runner->failures;
        r = EV_FAULT(in_backoff);
        if (r < 0)
                return ev_trace(r);
        while (wait > 0) {
                int piece = wait > 200 ? 200 : wait; /* a stop is noticed in between */

                if (ev_runner_must_stop(runner))
                        return EV_APPLY_VOID;
                r = ev_consumer_rest(runner->consumer, piece);
                if (r != 0)
                        return r < 0 ? ev_trace(r) : EV_APPLY_VOID;
                wait -= piece;
        }
        return 0;
}

/* Connects, resting in between. 0, EV_APPLY_VOID, or EV_FAILED. */
static int connect_again(struct ev_runner *runner)
{
        int r;

        while (!ev_db_is_open(runner->db)) {
                r = rest(runner);
                if (r != 0)
                        return ev_trace(r);
                r = ev_runner_connect(runner);
                if (r < 0 && ev_error_last()->verdict != EV_VERDICT_RETRY)
                        return ev_trace(r);
        }
        return 0;
}

/* Drops what is in hand and begins anew from the kept offsets. */
static int rejoin(struct ev_runner *runner)
{
        int r;

        ev_log_line(runner->log, EV_WORKER_FENCED,
                    ev_log_int("lanes", (int64_t)runner->lane_count));
        r = ev_consumer_rejoin(runner->consumer);
        return r < 0 ? ev_trace(r) : EV_APPLY_VOID;
}

enum { RUN_AGAIN = 100 };

/* After a COMMIT without an answer: 0 done, RUN_AGAIN, EV_APPLY_VOID, or EV_FAILED. */
static int settle(struct ev_runner *runner)
{
        int r;

        ev_log_error(runner->log, EV_WORKER_COMMIT_UNKNOWN,
                     ev_log_int("failures", runner->failures));
        do {
                r = connect_again(runner);
                if (r != 0)
                        return ev_trace(r);
                r = ev_batch_settle(runner->batch);
        } while (r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY);
        if (r == EV_BATCH_FENCED)
                return ev_trace(rejoin(runner));
        if (r == EV_BATCH_LOST)
                return RUN_AGAIN;
        return ev_trace(r);
}

static int retry(struct ev_runner *runner)
{
        int r;

        ev_log_error(runner->log, EV_WORKER_BATCH_RETRIED,
                     ev_log_int("failures", runner->failures));
        if (!ev_db_is_open(runner->db))
                r = connect_again(runner);
        else
                r = rest(runner);
        return r == 0 ? RUN_AGAIN : ev_trace(r);
}

/* One record, at fault by itself: the next run parks it, with the reason. */
static int poison(struct ev_runner *runner, struct ev_item *item)
{
        const struct ev_error *error = ev_error_last();

        if (item->is_poison)
                return ev_fail_while("a record that was to be parked could not be parked");
        ev_log_error(runner->log, EV_WORKER_RECORD_PARKED,
                     ev_log_str("record_topic", item->raw.place.topic),
                     ev_log_int("record_partition", item->raw.place.partition),
                     ev_log_int("record_offset", item->raw.place.offset),
                     ev_log_str("event_id", item->event.id));
        snprintf(runner->poison, sizeof(runner->poison), "%s%s%s", error->sqlstate,
                 error->sqlstate[0] ? ": " : "", error->text);
        item->is_poison = true;
        item->poison = runner->poison;
        return RUN_AGAIN;
}

/* Runs once and judges: 0, RUN_AGAIN, EV_APPLY_VOID, EV_FAILED; with *was_first and verdict AGAIN
 * once more, and then as the record's fault: *ret_split. */
static int run_once(struct ev_runner *runner, struct ev_item *items, size_t count, bool *again,
                    bool *ret_split)
{
        int r = ev_batch_run(runner->batch, items, count);

        if (r == EV_BATCH_FENCED)
                return ev_trace(rejoin(runner));
        if (r == 0)
                return 0;
        if (ev_db_commit_is_unknown(runner->db))
                return ev_trace(settle(runner));
        switch (ev_error_last()->verdict) {
        case EV_VERDICT_RETRY: return ev_trace(retry(runner));
        case EV_VERDICT_STOP: return ev_trace(r);
        case EV_VERDICT_AGAIN:
                if (!*again) {
                        *again = true;
                        return RUN_AGAIN;
                }
                break;
        case EV_VERDICT_RECORD: break;
        }
        if (count == 1)
                return ev_trace(poison(runner, &items[0]));
        *ret_split = true;
        return 0;
}

static void note_applied(struct ev_runner *runner)
{
        runner->failures = 0;
        for (size_t i = 0; i < runner->lane_count; ++i)
                if (runner->lanes[i].next_offset >= 0)
                        ev_consumer_note_applied(runner->consumer, i, runner->lanes[i].next_offset);
}

/* Recursion is bounded: each step halves, so it is at most log2(EV_BATCH_MAX) deep. */
int ev_runner_apply(struct ev_runner *runner, struct ev_item *items, size_t count)
{
        bool again = false, split = false;
        int r;

        assert(count > 0);

        do
                r = run_once(runner, items, count, &again, &split);
        while (r == RUN_AGAIN);
        if (r != 0)
                return ev_trace(r);
        if (!split) {
                note_applied(runner);
                return 0;
        }
        ev_log_error(runner->log, EV_WORKER_BATCH_SPLIT, ev_log_int("records", (int64_t)count));
        r = ev_runner_apply(runner, items, count / 2);
        if (r == 0)
                r = ev_runner_apply(runner, items + count / 2, count - count / 2);
        return ev_trace(r);
}
