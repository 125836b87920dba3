/* Runs a worker's timers.
 *
 * A timer promises nothing about when: only that what is due is done once, which its transaction
 * sees to (flow/batch_timer.c). So trouble is simply put off, and nothing is lost if the process
 * dies: the rows themselves say what is due.
 *
 * A key at fault (its rows break a constraint, say) must not stop those behind it. As with records,
 * it is found by halving: less is asked for, until one key fails alone. That one is passed over by
 * its place at the head of what is due, which the statement's order keeps; where the place is wrong
 * because another worker has rows locked, a key waits for another look, and no more. */

#include "flow/clockwork.h"

#include <assert.h>

#include "base/clock.h"
#include "base/error.h"
#include "flow/worker_log.h"

enum {
        BACKOFF_DOUBLINGS_MAX = 10,
        ALL_AGAIN_MS = 60 * 1000, /* a key that failed has its next turn after that */
};

int64_t ev_clockwork_next(const struct ev_clockwork *clockwork)
{
        int64_t next = INT64_MAX;

        assert(clockwork->worker->timer_count <= EV_TIMERS_MAX);

        for (size_t i = 0; i < clockwork->worker->timer_count; ++i)
                if (clockwork->timers[i].next < next)
                        next = clockwork->timers[i].next;
        return next;
}

/* From the timer's own interval on, doubled with each failure. */
static int64_t backoff_us(const struct ev_clockwork *clockwork, const struct ev_timer *timer,
                          unsigned failures)
{
        int64_t wait = timer->interval_ms;

        assert(clockwork->backoff_max_ms > 0);

        wait <<= failures < BACKOFF_DOUBLINGS_MAX ? failures : BACKOFF_DOUBLINGS_MAX;
        if (wait > clockwork->backoff_max_ms && wait > timer->interval_ms)
                wait = clockwork->backoff_max_ms > timer->interval_ms ? clockwork->backoff_max_ms
                                                                      : timer->interval_ms;
        return wait * EV_MICROS_PER_MS;
}

/* Halves what is asked for, or passes over the one key that was. Fewer may have been due than were
 * asked for: then halving takes a step or two that tell nothing new. */
static void narrow(struct ev_ticking *ticking)
{
        assert(ticking->max > 0);

        if (ticking->max > 1)
                ticking->max /= 2;
        else if (ticking->skip + ticking->max < EV_TIMER_KEYS_MAX)
                ++ticking->skip;
}

/* 0: it is put off; EV_FAILED. */
static int put_off(struct ev_clockwork *clockwork, size_t index, int64_t now)
{
        const struct ev_timer *timer = &clockwork->worker->timers[index];
        struct ev_ticking *ticking = &clockwork->timers[index];
        enum ev_verdict verdict = ev_error_last()->verdict;

        assert(index < clockwork->worker->timer_count);

        if (verdict == EV_VERDICT_STOP)
                return ev_trace(EV_FAILED);
        /* While it is halved, only the key that is found is worth a line. */
        if (verdict == EV_VERDICT_RETRY || ticking->max == 1)
                ev_log_error(clockwork->log, EV_WORKER_TIMER_FAILED,
                             ev_log_text("timer", timer->name),
                             ev_log_int("failures", ticking->failures),
                             ev_log_int("keys_passed_over", (int64_t)ticking->skip));
        if (verdict == EV_VERDICT_RETRY) {
                ticking->next = now + backoff_us(clockwork, timer, ticking->failures++);
                return 0;
        }
        narrow(ticking);
        ticking->next = now + timer->interval_ms * EV_MICROS_PER_MS;
        return 0;
}

/* Begins anew with all keys, at first and once in a minute. */
static void take_all_again(struct ev_ticking *ticking, int64_t now)
{
        if (now < ticking->all_again)
                return;
        ticking->all_again = now + ALL_AGAIN_MS * EV_MICROS_PER_MS;
        ticking->skip = 0;
        ticking->max = EV_TIMER_KEYS_MAX;
        assert(ticking->skip + ticking->max <= EV_TIMER_KEYS_MAX);
}

static int run(struct ev_clockwork *clockwork, size_t index, int64_t now)
{
        const struct ev_timer *timer = &clockwork->worker->timers[index];
        struct ev_ticking *ticking = &clockwork->timers[index];
        size_t decided = 0;
        int r;

        take_all_again(ticking, now);
        assert(ticking->max > 0);

        r = clockwork->connect(clockwork->context);
        if (r == 0)
                r = ev_batch_run_timer(clockwork->batch, timer, ticking->skip, ticking->max,
                                       &decided);
        if (r < 0)
                return ev_trace(put_off(clockwork, index, now));
        ticking->failures = 0;
        ticking->next = now;
        if (decided < ticking->max)
                ticking->next += timer->interval_ms * EV_MICROS_PER_MS;
        return 0;
}

int ev_clockwork_run(struct ev_clockwork *clockwork, int64_t now)
{
        assert(clockwork->batch && clockwork->log && clockwork->connect);

        for (size_t i = 0; i < clockwork->worker->timer_count; ++i) {
                int r = 0;

                if (now >= clockwork->timers[i].next)
                        r = run(clockwork, i, now);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}
