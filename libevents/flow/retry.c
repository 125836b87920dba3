/* Applies a batch until it is done: verdicts, back-off, bisection.
 *
 * The verdict of a failure says whose fault it was. A server's trouble is waited for, as long as it
 * takes, with the membership kept alive. A record's fault is found by halving the batch: each half
 * is a transaction of its own, in order, until a batch of one record fails; that one is parked, and
 * with it every later record of its aggregate. Nothing is skipped and nothing is lost: if the
 * process dies anywhere here, offsets stand where the last committed half ended.
 *
 * A COMMIT without an answer is the one moment in which trying again could apply something twice.
 * So nothing is tried again before the offset row has told whether it landed; and should the answer
 * be misread, the batch's own barrier would fence it out. */

#include "flow/retry.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/fault.h"
#include "flow/worker_log.h"
#include "store/attempts.h"

enum {
        BACKOFF_MIN_MS = 50,
        BACKOFF_DOUBLINGS_MAX = 10, /* keeps the shift in range; backoff_max_ms is below that */
        RUN_AGAIN = 100,            /* these two stand apart from all that is passed up */
        HOLE = 101,                 /* facts are missing before a record of the batch */
        TRIES_MAX = 3, /* of a record under suspicion; then it is not decided any more */
};

/* Doubles from BACKOFF_MIN_MS, half of it at random, so that workers that failed together do not
 * come back together. */
static int backoff_ms(const struct ev_retry *retry)
{
        unsigned doublings = retry->failures;
        int wait = BACKOFF_MIN_MS;
        uint16_t random = 0;

        assert(retry->backoff_max_ms > 0);

        if (doublings > BACKOFF_DOUBLINGS_MAX)
                doublings = BACKOFF_DOUBLINGS_MAX;
        wait <<= doublings;
        if (wait > retry->backoff_max_ms)
                wait = retry->backoff_max_ms;
        /* Early after boot there may be none; then everybody waits for half of it. */
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
                random = 0;
        return wait / 2 + (int)((int64_t)wait * random / (2 * UINT16_MAX));
}

/* Drops what is in hand. Only this way begin the lanes at the right offsets again: records that are
 * merely dropped would be missing behind the position that the consumer has reached. */
static int rejoin(struct ev_retry *retry, enum ev_worker_event why)
{
        int r;

        assert(why == EV_WORKER_FENCED || why == EV_WORKER_REJOINED);

        if (why == EV_WORKER_FENCED) /* which is no failure: no error belongs to it */
                ev_log_line(retry->log, why, ev_log_int("failures", retry->failures));
        else
                ev_log_error(retry->log, why, ev_log_int("failures", retry->failures));
        r = retry->hooks.rejoin(retry->hooks.context);
        return r < 0 ? ev_trace(r) : EV_APPLY_VOID;
}

/* 0, EV_APPLY_VOID, or EV_FAILED. */
static int rest(struct ev_retry *retry)
{
        int wait_ms = backoff_ms(retry);
        int r;

        assert(wait_ms >= 0);

        ++retry->failures;
        r = EV_FAULT(in_backoff);
        if (r == 0)
                r = retry->hooks.rest(retry->hooks.context, wait_ms);
        /* The group dealt lanes out while we rested, and their offsets could not be read. */
        if (r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY)
                return ev_trace(rejoin(retry, EV_WORKER_REJOINED));
        return ev_trace(r);
}

/* Connects, resting before each try. 0, EV_APPLY_VOID, or EV_FAILED. */
static int connect_again(struct ev_retry *retry)
{
        int r;

        while (!ev_db_is_open(retry->db)) {
                r = rest(retry);
                if (r != 0)
                        return ev_trace(r);
                r = retry->hooks.connect(retry->hooks.context);
                if (r < 0 && ev_error_last()->verdict != EV_VERDICT_RETRY)
                        return ev_trace(r);
        }
        return 0;
}

/* A server's trouble is over when this returns 0, as far as one can know. */
static int wait_for_server(struct ev_retry *retry)
{
        assert(ev_error_last()->verdict == EV_VERDICT_RETRY);

        return ev_trace(ev_db_is_open(retry->db) ? rest(retry) : connect_again(retry));
}

/* After a COMMIT without an answer: 0 done, RUN_AGAIN, EV_APPLY_VOID, or EV_FAILED. The question
 * itself may fail, by lock_timeout for one, as long as the server has not noticed that the old
 * session is gone. */
static int settle(struct ev_retry *retry)
{
        int r = connect_again(retry);

        assert(ev_batch_is_unknown(retry->batch));

        while (r == 0) {
                r = ev_batch_settle(retry->batch);
                if (r == 0)
                        return 0;
                if (r == EV_BATCH_LOST)
                        return RUN_AGAIN;
                if (r == EV_BATCH_FENCED)
                        return ev_trace(rejoin(retry, EV_WORKER_FENCED));
                if (ev_error_last()->verdict == EV_VERDICT_RETRY)
                        r = wait_for_server(retry);
        }
        return ev_trace(r);
}

/* One record, at fault by itself: the next run parks it, with the reason. */
static int poison(struct ev_retry *retry, struct ev_item *item)
{
        const struct ev_error *error = ev_error_last();

        assert(error->verdict == EV_VERDICT_RECORD || error->verdict == EV_VERDICT_AGAIN);

        /* Parking touches only the library's tables, whose errors are never a record's fault. */
        if (item->is_poison)
                return ev_fail_while("a record that was to be parked could not be parked");
        ev_log_error(retry->log, EV_WORKER_RECORD_PARKED,
                     ev_log_str("record_topic", item->raw.place.topic),
                     ev_log_int("record_partition", item->raw.place.partition),
                     ev_log_int("record_offset", item->raw.place.offset),
                     ev_log_str("event_id", item->event.id));
        snprintf(retry->poison, sizeof(retry->poison), "%s%s%s", error->sqlstate,
                 error->sqlstate[0] ? ": " : "", error->text);
        item->is_poison = true;
        item->poison = retry->poison;
        return RUN_AGAIN;
}

/* What to do about a failed run: RUN_AGAIN, EV_APPLY_VOID, EV_FAILED, or 0 with *ret_split: halve.
 * `again` says whether somebody else was first once already. */
static int judge(struct ev_retry *retry, struct ev_item *items, size_t count, bool *again,
                 bool *ret_split)
{
        enum ev_verdict verdict = ev_error_last()->verdict;
        int r;

        assert(count > 0);

        if (verdict == EV_VERDICT_STOP)
                return EV_FAILED;
        if (verdict == EV_VERDICT_RETRY) {
                ev_log_error(retry->log, EV_WORKER_BATCH_RETRIED,
                             ev_log_int("failures", retry->failures));
                r = wait_for_server(retry);
                return r == 0 ? RUN_AGAIN : ev_trace(r);
        }
        if (verdict == EV_VERDICT_AGAIN && !*again) {
                *again = true;
                return RUN_AGAIN;
        }
        if (count == 1)
                return ev_trace(poison(retry, &items[0]));
        *ret_split = true;
        return 0;
}

/* Runs once and judges: as judge(), and 0 without *ret_split when all is applied. */
static int run_once(struct ev_retry *retry, struct ev_item *items, size_t count, bool *again,
                    bool *ret_split)
{
        int r = ev_batch_run(retry->batch, items, count);

        assert(r == 0 || r == EV_BATCH_FENCED || r == EV_BATCH_HOLE || r == EV_FAILED);

        if (r == 0)
                return 0;
        if (r == EV_BATCH_FENCED)
                return ev_trace(rejoin(retry, EV_WORKER_FENCED));
        if (r == EV_BATCH_HOLE)
                return HOLE;
        if (ev_batch_is_unknown(retry->batch)) {
                ev_log_error(retry->log, EV_WORKER_COMMIT_UNKNOWN,
                             ev_log_int("failures", retry->failures));
                return ev_trace(settle(retry));
        }
        return ev_trace(judge(retry, items, count, again, ret_split));
}

/* What others decided and we could not follow is for a person to know of. */
static void log_ignored(struct ev_retry *retry, const struct ev_item *items, size_t count)
{
        assert(items);

        for (size_t i = 0; i < count; ++i)
                if (items[i].why_ignored)
                        ev_log_line(retry->log, EV_WORKER_FACT_IGNORED,
                                    ev_log_str("record_topic", items[i].raw.place.topic),
                                    ev_log_int("record_partition", items[i].raw.place.partition),
                                    ev_log_int("record_offset", items[i].raw.place.offset),
                                    ev_log_str("event_id", items[i].event.id),
                                    ev_log_text("why", items[i].why_ignored));
}

/* Writes down that the lane must not go on. 0, EV_APPLY_VOID, or EV_FAILED. */
static int halt(struct ev_retry *retry, struct ev_offset *lane, const char *reason)
{
        int r;

        assert(reason[0]);

        ev_log_line(retry->log, EV_WORKER_LANE_TROUBLE, ev_log_str("topic", lane->topic),
                    ev_log_int("partition", lane->partition), ev_log_text("text", reason));
        for (;;) {
                r = ev_offsets_halt(ev_batch_session(retry->batch), lane, ev_str_of(reason));
                if (r == 0 || ev_error_last()->verdict != EV_VERDICT_RETRY)
                        return ev_trace(r);
                r = wait_for_server(retry);
                if (r != 0)
                        return ev_trace(r);
        }
}

static int apply(struct ev_retry *retry, struct ev_item *items, size_t count);

/* Facts are missing before a record. What arrived before it is applied, so that the lane stands
 * exactly there; then it is halted. The group is joined again, because that is how the consumer
 * comes to read the other lanes only, from where they stand: what arrived behind is dropped. */
static int stop_at_hole(struct ev_retry *retry, struct ev_item *items)
{
        const struct ev_batch_hole *hole = ev_batch_hole(retry->batch);
        struct ev_offset *lane = items[hole->index].lane;
        char reason[EV_ERROR_TEXT_MAX];
        int r = 0;

        assert(!items[hole->index].is_retry);

        snprintf(reason, sizeof(reason), "%s", hole->reason);
        if (hole->index > 0)
                r = apply(retry, items, hole->index);
        if (r == 0)
                r = halt(retry, lane, reason);
        if (r == 0)
                r = retry->hooks.rejoin(retry->hooks.context);
        return r == 0 ? EV_APPLY_VOID : ev_trace(r);
}

/* Recursion is bounded: each step halves, so it is at most log2(EV_BATCH_MAX) deep; and a batch
 * that stops at a hole has none before it. */
static int apply(struct ev_retry *retry, struct ev_item *items, size_t count)
{
        bool again = false, split = false;
        int r;

        assert(count > 0 && count <= EV_BATCH_MAX);

        do
                r = run_once(retry, items, count, &again, &split);
        while (r == RUN_AGAIN);
        if (r == HOLE)
                return ev_trace(stop_at_hole(retry, items));
        if (r != 0)
                return ev_trace(r);
        if (!split) {
                retry->failures = 0;
                log_ignored(retry, items, count);
                retry->hooks.applied(retry->hooks.context);
                return 0;
        }
        ev_log_error(retry->log, EV_WORKER_BATCH_SPLIT, ev_log_int("records", (int64_t)count));
        r = apply(retry, items, count / 2);
        if (r == 0)
                r = apply(retry, items + count / 2, count - count / 2);
        return ev_trace(r);
}

/* ---- Records that end the process ---- */

/* They are taken back in this session or, where it is lost, in the next one. */
static void owe_attempts(struct ev_retry *retry, const struct ev_item *items, size_t count)
{
        assert(retry->owed_count + count <= EV_BATCH_MAX);

        for (size_t i = 0; i < count; ++i)
                retry->owed[retry->owed_count++] = items[i].raw.place;
}

int ev_retry_take_back(struct ev_retry *retry)
{
        int r;

        assert(retry->owed_count <= EV_BATCH_MAX);

        if (retry->owed_count == 0)
                return 0;
        r = ev_attempts_take_back(ev_batch_session(retry->batch), retry->owed, retry->owed_count);
        if (r < 0)
                return ev_trace(r);
        retry->owed_count = 0;
        return 0;
}

/* Counts that the records are in hand, in the database, where it outlives us. 0, EV_APPLY_VOID, or
 * EV_FAILED. Where the session is lost the attempts may have been noted and are taken back before
 * they are noted again: one too few asks for one death more, one too many parks what is innocent. */
static int note_attempts(struct ev_retry *retry, struct ev_item *items, size_t count,
                         int32_t *ret_tries)
{
        struct ev_place places[EV_BATCH_MAX];
        int r;

        assert(count > 0 && count <= EV_BATCH_MAX);

        for (size_t i = 0; i < count; ++i)
                places[i] = items[i].raw.place;
        for (;;) {
                r = ev_attempts_note(ev_batch_session(retry->batch), places, count, ret_tries);
                if (r == 0 || ev_error_last()->verdict != EV_VERDICT_RETRY)
                        break;
                if (!ev_db_is_open(retry->db))
                        owe_attempts(retry, items, count);
                r = wait_for_server(retry);
                if (r != 0)
                        return ev_trace(r);
        }
        for (size_t i = 0; r == 0 && i < count; ++i)
                items[i].is_noted = true;
        return ev_trace(r);
}

/* Records in hand were dropped or failed, and we live: our own attempts do not count against them,
 * whether the lane was lost or the session. Those of processes that have died stay. What was applied
 * before has none any more. */
static void take_back(struct ev_retry *retry, const struct ev_item *items, size_t count)
{
        struct ev_error error = *ev_error_last();

        assert(count <= EV_BATCH_MAX);

        for (size_t i = 0; i < count; ++i)
                if (items[i].is_noted)
                        owe_attempts(retry, &items[i], 1);
        if (ev_db_is_open(retry->db) && ev_retry_take_back(retry) < 0)
                ev_db_close(retry->db); /* so that they are owed in the next one */
        ev_error_restore(&error);
}

/* A record whose processes died, one after the other: it goes alone, and counted before it is
 * touched. One that has been in hand three times is not decided again but parked, which still opens
 * it; should that end the process too, its place alone is looked at: it becomes a dead letter, or
 * stays in ev.parked for a person where it came from there. So a lane moves on after five more
 * deaths at most. */
static int apply_suspect(struct ev_retry *retry, struct ev_item *item)
{
        int32_t tries = 0;
        int r = note_attempts(retry, item, 1, &tries);

        assert(item->tries > 0 || item->lane->suspects > 0);

        if (r != 0)
                return ev_trace(r);
        ev_log_line(retry->log, EV_WORKER_RECORD_SUSPECTED,
                    ev_log_str("record_topic", item->raw.place.topic),
                    ev_log_int("record_partition", item->raw.place.partition),
                    ev_log_int("record_offset", item->raw.place.offset),
                    ev_log_int("tries", tries));
        if (tries > TRIES_MAX) {
                item->poison = "each time it was in hand, the process died";
                item->is_poison = tries == TRIES_MAX + 1;
                item->is_stepped_over = !item->is_poison;
        }
        return ev_trace(apply(retry, item, 1));
}

/* What a lane reads is suspected with the lane, as takeovers without a commit name no record. A
 * record from ev.parked does not move the lane, so that its own attempts are what tells. */
static bool is_suspect(const struct ev_item *item)
{
        assert(item->lane);

        return item->is_retry ? item->tries > 0 : item->lane->suspects > 0;
}

/* How many records stand at the head that may be applied together: up to the first suspect. */
static size_t count_trusted(const struct ev_item *items, size_t count)
{
        size_t i = 0;

        assert(count > 0);

        while (i < count && !is_suspect(&items[i]))
                ++i;
        return i;
}

/* A death with records from ev.parked in hand would leave nothing else behind. */
static int apply_trusted(struct ev_retry *retry, struct ev_item *items, size_t count)
{
        int32_t tries;
        int r = 0;

        assert(count > 0);

        if (items[0].is_retry)
                r = note_attempts(retry, items, count, &tries);
        return r == 0 ? ev_trace(apply(retry, items, count)) : ev_trace(r);
}

/* Nearly always this is one batch. A suspicion of a lane ends behind as many records as the deadly
 * batch can have had. */
int ev_retry_apply(struct ev_retry *retry, struct ev_item *items, size_t count)
{
        int r = 0;

        assert(retry->batch && retry->db && retry->log);
        assert(count > 0 && count <= EV_BATCH_MAX);

        for (size_t done = 0, step; r == 0 && done < count; done += step) {
                step = count_trusted(items + done, count - done);
                if (step > 0) {
                        r = apply_trusted(retry, items + done, step);
                        continue;
                }
                step = 1;
                r = apply_suspect(retry, &items[done]);
        }
        if (r != 0)
                take_back(retry, items, count);
        return ev_trace(r);
}
