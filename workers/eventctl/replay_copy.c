/* The copying: read, choose, wait for the turn, send.
 *
 * Guarantee: of the records that are chosen each is on the target once at least, and the first
 * copies of a partition's records that go to one partition of the target are in order there.
 *
 * Why: within one process the producer is idempotent and gapless, so what of partition S is on
 * partition T is always a beginning of what is to come there, also when it fails in the middle or
 * the process dies. The next process of the same run reads the target to its end, finds for each S
 * and T the last copy by its headers, and passes over what is chosen up to there: it goes on
 * exactly behind that beginning. A copy that was still on its way to a broker when its process died
 * may arrive behind those of the next one; that one has sent it too, so it comes once more and
 * never for the first time.
 *
 * It rests on the choice being the same each time, which is why all that it depends on is in the
 * name of the run (replay.c), and on keys that do not change their partition: with another number
 * of partitions of the target it is another run.
 *
 * Two processes of one run at one time may both be right about the end and send the same: copies
 * are repeated then, and their first occurrences are still in order.
 *
 * Nothing is written anywhere but on the target, so if the process dies, that is all that is
 * true. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"
#include "replay.h"
#include "tail.h"
#include "wire/reader.h"

enum {
        IN_FLIGHT_RECORDS = 2000,
        IN_FLIGHT_BYTES = 8 * 1024 * 1024,
        LOOK_MS = 100,       /* between two looks at a stop */
        PATIENCE_MS = 10000, /* for acknowledgements, once it was stopped */
        SHOWN_MAX = 5,       /* records that a dry run shows */
        LINE_BYTES = 1024 * 1024,
        STOPPED = 3, /* beside the conditions of readers and producers */
};

/* It stays true: nobody takes the signal back. */
static bool is_stopped(const struct replay *replay)
{
        assert(replay->stop_fd >= 0);

        return command_is_stopped(replay->stop_fd);
}

/* ---- What is there ---- */

/* Looks through the target once; a new one has nothing to be looked at. All of it, and not only its
 * end: the copies of two runs may lie among each other, and how far back the last one of this run
 * is nobody knows. It is read as fast as it comes, which is some hundred thousand records a
 * second. */
static int look_at_target(struct replay *replay)
{
        _cleanup_(ev_reader_free_p) struct ev_reader *reader = NULL;
        struct ev_messages *messages = &replay->messages;
        uint64_t count = 0;
        int r = ev_reader_new(&reader, replay->kafka, true);

        assert(messages->count == 0);

        if (r == 0)
                r = ev_reader_add(reader, replay->target, EV_ENDS_EARLIEST);
        progress_begin(&replay->bar, "records of the target looked at", -1);
        while (r == 0 || r == EV_READER_IDLE) {
                r = is_stopped(replay) ? STOPPED : ev_reader_next(reader, LOOK_MS, messages);
                if (r != 0 || messages->count == 0)
                        continue;
                replay_there_note(&replay->there, replay->source, replay->run, &messages->items[0]);
                progress_show(&replay->bar, 0, ++count);
        }
        progress_end(&replay->bar);
        ev_messages_release(messages);
        return r == EV_READER_END ? 0 : ev_trace(r);
}

/* ---- Sending ---- */

/* Which record an acknowledgement is for, as the producer's tag: its partition and type. Its offset
 * is the number that the producer hands back. */
static uint32_t tag_of(int32_t partition, size_t type)
{
        assert(partition >= 0 && type < REPLAY_TYPES_MAX);

        return (uint32_t)partition * REPLAY_TYPES_MAX + (uint32_t)type;
}

/* Counted now and not when it was handed over, so that what is told is what is there. */
static void acknowledge(struct replay *replay, const struct ev_sent *sent)
{
        int32_t partition = (int32_t)(sent->tag / REPLAY_TYPES_MAX);

        assert(replay->in_flight[partition] > 0);

        replay_tally_add(&replay->tally, partition, sent->tag % REPLAY_TYPES_MAX, REPLAY_SENT,
                         sent->sequence);
        replay->acknowledged[partition] = sent->sequence + 1;
        --replay->in_flight[partition];
        replay->last_news = ev_clock_monotonic_micros();
}

/* Serves acknowledgements, at most wait_ms long. */
static int serve(struct replay *replay, int wait_ms)
{
        struct ev_sent sent;
        int r;

        assert(replay->producer && wait_ms >= 0);

        r = ev_producer_poll(replay->producer, wait_ms);
        while (ev_producer_take(replay->producer, &sent))
                acknowledge(replay, &sent);
        return ev_trace(r);
}

/* Acknowledgements are served meanwhile, and a stop is seen within LOOK_MS. A millisecond is the
 * least that can be waited for: above a thousand records a second several come at once after it. */
static int wait_for_turn(struct replay *replay)
{
        int64_t wait;

        assert(replay->rate > 0);

        while ((wait = pace_take(&replay->pace, ev_clock_monotonic_micros())) > 0) {
                int64_t wait_ms = wait / EV_MICROS_PER_MS + 1;
                int r = serve(replay, wait_ms < LOOK_MS ? (int)wait_ms : LOOK_MS);

                if (r < 0)
                        return ev_trace(r);
                if (is_stopped(replay))
                        return STOPPED;
                progress_show(&replay->bar, replay->looked,
                              (uint64_t)replay->tally.sums[REPLAY_SENT]);
        }
        return 0;
}

/* The text is borrowed until the producer has copied it. */
static struct ev_header text_header(struct ev_str name, const char *text)
{
        struct ev_str value = ev_str_of(text);

        assert(text);

        return (struct ev_header){ name, { (const uint8_t *)value.data, value.size } };
}

/* Where a copy is from, as texts that live while it is sent. */
struct origin {
        char place[REPLAY_PLACE_MAX];
        char time[EV_INSTANT_TEXT_MAX];
};

/* A timestamp that no calendar has is left out, and the copy then says nothing of the record's
 * time. */
static void describe(const struct ev_message *message, struct origin *origin)
{
        int64_t ms = message->timestamp_ms;

        assert(message->topic);

        snprintf(origin->place, sizeof(origin->place), "%s[%" PRId32 "]@%" PRId64, message->topic,
                 message->partition, message->offset);
        origin->time[0] = '\0';
        if (ms >= 0 && ms <= EV_INSTANT_MAX / EV_MICROS_PER_MS)
                ev_instant_format(ms * EV_MICROS_PER_MS, origin->time);
}

/* All headers as they are, then ours. */
static int make_headers(const struct replay *replay, const struct ev_message *message,
                        const struct origin *origin,
                        struct ev_header headers[EV_PRODUCER_HEADERS_MAX], size_t *ret_count)
{
        size_t count = 0;

        assert(message->headers_total >= message->headers_count);

        if (message->headers_total > EV_PRODUCER_HEADERS_MAX - REPLAY_HEADERS)
                return ev_fail(EV_VERDICT_RECORD, "it has %zu headers, and a copy more than %d",
                               message->headers_total, EV_PRODUCER_HEADERS_MAX);
        while (count < message->headers_total && replay_header(message, count, &headers[count]))
                ++count;
        headers[count++] = text_header(EV_STR(REPLAY_RUN_HEADER), replay->run);
        headers[count++] = text_header(EV_STR(REPLAY_OF_HEADER), origin->place);
        if (origin->time[0])
                headers[count++] = text_header(EV_STR(REPLAY_TIME_HEADER), origin->time);
        headers[count++] = text_header(EV_STR(REPLAY_REASON_HEADER), replay->reason.data);
        *ret_count = count;
        return 0;
}

/* Until the producer has taken it. 0, STOPPED, or EV_FAILED. A silence is counted from the first
 * record that nobody has acknowledged: before it there was nothing to wait for. */
static int hand_over(struct replay *replay, const struct ev_outgoing *record)
{
        int r;

        assert(replay->producer);

        if (ev_producer_in_flight(replay->producer) == 0)
                replay->last_news = ev_clock_monotonic_micros();
        while ((r = ev_producer_send(replay->producer, record)) == EV_PRODUCER_FULL) {
                r = serve(replay, LOOK_MS);
                if (r < 0)
                        return ev_trace(r);
                if (is_stopped(replay))
                        return STOPPED;
                cluster_explain_silence(replay->producer, &replay->bar, &replay->last_news);
        }
        return ev_trace(r);
}

/* The timestamp is the present: by it the target's retention counts, and what happened a year ago
 * must not be gone before it was read. */
static int send_copy(struct replay *replay, const struct ev_message *message, size_t type,
                     int32_t target_partition)
{
        struct ev_header headers[EV_PRODUCER_HEADERS_MAX];
        struct ev_outgoing record = {
                .sequence = message->offset,
                .tag = tag_of(message->partition, type),
                .topic = replay->topic_index,
                .partition = target_partition,
                .key = { (const char *)message->key.data, message->key.size },
                .value = message->value,
                .headers = headers,
        };
        struct origin origin;
        int r = wait_for_turn(replay);

        assert(target_partition < replay->target_partitions);

        if (r != 0)
                return ev_trace(r);
        describe(message, &origin);
        r = make_headers(replay, message, &origin, headers, &record.headers_count);
        record.timestamp_ms = ev_clock_real_micros() / EV_MICROS_PER_MS;
        if (r == 0)
                r = hand_over(replay, &record);
        if (r < 0)
                return ev_fail_while("%s", origin.place);
        if (r == 0)
                ++replay->in_flight[message->partition];
        return r;
}

/* ---- Reading ---- */

/* As tail shows it, with secrets as stars; it is talk, since the result is the table. */
static int show_record(struct replay *replay, const struct ev_message *message)
{
        _cleanup_buffer_ struct ev_buffer line = EV_BUFFER_INIT(LINE_BYTES);
        struct tail_record record;
        int r;

        assert(replay->shown < SHOWN_MAX);

        r = tail_open(&replay->list, message, false, replay->arena, &record);
        if (r == 0)
                r = tail_write_text(&record, false, &line);
        if (r < 0)
                return ev_trace(r);
        ++replay->shown;
        progress_end(&replay->bar);
        fprintf(stderr, "would be sent: %.*s\n", EV_STR_ARG(ev_buffer_str(&line)));
        return 0;
}

/* A record that is sent is counted when it is acknowledged, all others at once. `handled` goes past
 * it last: a stop while it waits for its turn leaves it to the next run. */
static int take(struct replay *replay, const struct ev_message *message)
{
        int32_t partition = message->partition,
                target = replay_partition(message, replay->partitions, replay->target_partitions);
        struct ev_str text;
        enum replay_fate fate = replay_choose(&replay->choice, message, &text);
        size_t type = 0;
        int r = 0;

        assert(message->offset >= replay->handled[partition]);

        if (fate != REPLAY_OTHER)
                type = replay_tally_type(&replay->tally, text);
        if (fate == REPLAY_TO_SEND &&
            replay_there_has(&replay->there, partition, target, message->offset))
                fate = REPLAY_THERE;
        if (fate == REPLAY_TO_SEND && replay->is_meant)
                r = send_copy(replay, message, type, target);
        else if (fate == REPLAY_TO_SEND && replay->shown < SHOWN_MAX)
                r = show_record(replay, message);
        if (r != 0)
                return ev_trace(r);
        if (fate != REPLAY_OTHER && (fate != REPLAY_TO_SEND || !replay->is_meant))
                replay_tally_add(&replay->tally, partition, type, fate, message->offset);
        replay->looked += (uint64_t)(message->offset + 1 - replay->handled[partition]);
        replay->handled[partition] = message->offset + 1;
        return 0;
}

/* Until the ends, a stop, or the first failure. Partitions come mixed, each in its order, and that
 * is how they are sent: an order between partitions there never was. */
static int read_all(struct replay *replay)
{
        _cleanup_(ev_reader_free_p) struct ev_reader *reader = NULL;
        struct ev_messages *messages = &replay->messages;
        enum replay_fate counted = replay->is_meant ? REPLAY_SENT : REPLAY_TO_SEND;
        int r = ev_reader_new(&reader, replay->kafka, true);

        assert(replay->looked == 0);

        if (r == 0)
                r = ev_reader_add_ranges(reader, replay->source, replay->partitions, replay->begins,
                                         replay->ends);
        while (r == 0 || r == EV_READER_IDLE) {
                r = is_stopped(replay) ? STOPPED : ev_reader_next(reader, LOOK_MS, messages);
                if (r == 0 && messages->count > 0)
                        r = take(replay, &messages->items[0]);
                if (r >= 0 && replay->producer && serve(replay, 0) < 0)
                        r = EV_FAILED;
                progress_show(&replay->bar, replay->looked, (uint64_t)replay->tally.sums[counted]);
        }
        ev_messages_release(messages);
        return ev_trace(r);
}

/* The end of a log need not be that of a record: behind the last one may stand marks of a
 * transaction. A run that has come to the end would else seem to have something left. */
static void note_ends(struct replay *replay)
{
        assert(replay->partitions <= EV_KAFKA_PARTITIONS_MAX);

        for (int32_t i = 0; i < replay->partitions; ++i)
                if (replay->ends[i] > replay->begins[i])
                        replay->handled[i] = replay->ends[i];
}

/* What is on its way is waited for, for ever, or for a while once somebody wants to stop. */
static int wait_for_acknowledgements(struct replay *replay)
{
        int64_t deadline = 0;
        int r = 0;

        assert(replay->producer);

        while (r == 0 && ev_producer_in_flight(replay->producer) > 0) {
                int64_t now = ev_clock_monotonic_micros();

                if (is_stopped(replay) && deadline == 0)
                        deadline = now + PATIENCE_MS * EV_MICROS_PER_MS;
                if (deadline > 0 && now > deadline)
                        return STOPPED;
                r = serve(replay, LOOK_MS);
                cluster_explain_silence(replay->producer, &replay->bar, &replay->last_news);
        }
        return ev_trace(r);
}

void replay_next(const struct replay *replay, int64_t *ret_next)
{
        assert(ret_next);

        for (int32_t i = 0; i < replay->partitions; ++i) {
                int64_t next =
                        replay->in_flight[i] > 0 ? replay->acknowledged[i] : replay->handled[i];

                ret_next[i] = next < replay->ends[i] ? next : PLACE_NOWHERE;
        }
}

/* ---- All of it ---- */

/* A topic that has got other partitions since it was looked at would have copies in wrong
 * places. */
static int open_producer(struct replay *replay)
{
        const struct ev_config *config = replay->input->config;
        int32_t partitions = 0;
        int r = cluster_make_producer(config, IN_FLIGHT_RECORDS, IN_FLIGHT_BYTES,
                                      &replay->producer);

        assert(replay->is_meant);

        if (r == 0)
                r = cluster_add_topic(config, replay->producer, replay->target, &partitions,
                                      &replay->topic_index);
        if (r == 0 && partitions != replay->target_partitions)
                return ev_fail(EV_VERDICT_STOP, "topic %s is being changed", replay->target);
        return ev_trace(r);
}

/* The producer comes last: nothing can be sent while it is not known what is there. */
static int prepare(struct replay *replay)
{
        int r = replay_tally_init(&replay->tally, replay->partitions);

        assert(replay->partitions > 0 && replay->target_partitions > 0);

        for (int32_t i = 0; i < replay->partitions; ++i)
                replay->handled[i] = replay->acknowledged[i] = replay->begins[i];
        if (r == 0)
                r = replay_there_init(&replay->there, replay->partitions,
                                      replay->target_partitions);
        if (r == 0)
                r = ev_messages_init(&replay->messages, 1);
        if (r == 0)
                r = look_at_target(replay);
        if (r == 0 && replay->is_meant)
                r = open_producer(replay);
        return ev_trace(r);
}

/* The first failure is told before the rest is waited for, as the present error may be replaced. */
static int copy(struct replay *replay)
{
        int r, waited = 0;

        progress_begin(&replay->bar, replay->is_meant ? "records sent" : "records to send", -1);
        for (int32_t i = 0; i < replay->partitions; ++i)
                replay->bar.total += (uint64_t)(replay->ends[i] - replay->begins[i]);
        replay->last_news = ev_clock_monotonic_micros();
        pace_begin(&replay->pace, replay->rate, replay->last_news);
        r = read_all(replay);
        assert(r != 0);
        if (r == EV_READER_END)
                note_ends(replay);
        progress_end(&replay->bar);
        if (r < 0)
                command_complain();
        if (replay->producer)
                waited = wait_for_acknowledgements(replay);
        progress_end(&replay->bar);
        if (waited < 0 && r >= 0)
                command_complain();
        return waited != 0 && r >= 0 ? waited : r;
}

/* Failures are told where they happen; what was done until then is told all the same. */
enum command_exit replay_copy(struct replay *replay)
{
        int r = prepare(replay);

        assert(replay->target[0]);

        if (r < 0)
                return command_fail();
        if (r == 0)
                r = copy(replay);
        if (r == STOPPED)
                fputs("eventctl: stopped\n", stderr);
        if (r == EV_READER_END)
                return replay_show(replay, replay->is_meant ? "done" : "dry run");
        (void)replay_show(replay, r == STOPPED ? "stopped" : "failed");
        return COMMAND_FAILED;
}
