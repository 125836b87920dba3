/* A worker's process at work: collect, apply, look after what waits.
 *
 * One thread does everything; it is never anywhere else than in one of the calls of the loop below.
 * If the process dies, its database session dies with it (and rolls back what was open), and the
 * group deals its lanes to others, which begin at the offsets that were committed. A lane that was
 * not given back counts as taken over uncleanly then (store/offsets.c).
 *
 * Trouble has two ways out of here. What a server is to blame for is waited for: inside of
 * ev_retry_apply() for as long as records are in hand, else by dropping nothing and looking again.
 * Everything else ends the loop with an error, and the process with it. */

#include "flow/runner.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "flow/halt.h"
#include "flow/settings.h"
#include "flow/worker_log.h"
#include "store/migration.h"

#define SQLSTATE_NO_SUCH_TABLE "42P01"

enum {
        IDLE_WAIT_MS = 500,        /* a stop is noticed that soon */
        REST_STEP_MS = 200,        /* … and that soon while a batch in hand waits for a server */
        WAITING_LOOK_MS = 100,     /* how often waiting records are looked at: their first pause */
        SLOW_LOOK_MS = 2000,       /* how often else: for what a person asked for */
        CARE_MS = 60 * 1000,       /* partitions ahead, inbox generations */
        RETRY_RECORDS_MAX = 200,   /* of ev.parked, looked at together */
        COMMIT_INTERVAL_MS = 1000, /* how often Kafka hears of offsets */
        BATCH_VALUES_MAX = 32 * 1024 * 1024, /* bytes of keys and values in hand */
        QUERY_MAX = 128,
};

/* ---- The session ---- */

/* The signal stays in the file, so that every loop in here sees it and ends by itself. */
bool ev_runner_must_stop(const struct ev_runner *runner)
{
        struct pollfd signals = { .fd = runner->stop_fd, .events = POLLIN };

        assert(runner->stop_fd >= 0);

        return poll(&signals, 1, 0) == 1;
}

/* One row with one value. */
static int take_version(void *context, const struct ev_str *values, size_t count)
{
        assert(count == 1);

        /* NULL: the table is there, and empty. */
        if (!ev_str_is_null(values[0]) && !ev_str_to_int64(values[0], context))
                return ev_fail(EV_VERDICT_STOP, "the version of the database is no number");
        return 0;
}

/* A database that is behind lacks what our statements name. One that is ahead is what a rolling
 * upgrade looks like: migrations go first, and are such that the programs before them still run. */
static int check_migrations(struct ev_runner *runner)
{
        const struct ev_worker *worker = runner->worker;
        const char *service = ev_migrations_service(worker->database);
        char query[QUERY_MAX];
        int64_t version = 0;
        int r;

        assert(service); /* the worker names a database that has migrations */

        snprintf(query, sizeof(query), "SELECT max(version) FROM public.schema_version_%s",
                 service);
        r = ev_db_script(runner->db, query, take_version, &version);
        /* No such table: nothing was ever applied. */
        if (r < 0 && strcmp(ev_error_last()->sqlstate, SQLSTATE_NO_SUCH_TABLE) != 0)
                return ev_trace(r);
        if (version < worker->migration)
                return ev_fail(EV_VERDICT_STOP,
                               "%s has migration %lld, quenty-%s wants %d: run "
                               "\"eventctl migrate up %s\" first",
                               ev_db_name(runner->db), (long long)version, worker->name,
                               worker->migration, worker->database);
        return ev_trace(EV_FAULT(migrations_checked));
}

/* What the batch needs of the database is asked for at each connect, because behind a new
 * connection may be another server. A session that is not fit for work is not kept open. */
int ev_runner_connect(struct ev_runner *runner)
{
        int r;

        assert(runner->batch);

        if (ev_db_is_open(runner->db))
                return 0;
        r = ev_db_connect(runner->db);
        if (r == 0)
                r = check_migrations(runner);
        if (r == 0)
                r = ev_batch_prepare(runner->batch);
        if (r == 0)
                r = ev_retry_take_back(&runner->retry);
        if (r < 0) {
                ev_db_close(runner->db);
                return ev_trace(r);
        }
        ev_log_line(runner->log, EV_WORKER_CONNECTED,
                    ev_log_text("database", ev_db_name(runner->db)));
        return 0;
}

/* ---- Lanes ---- */

/* Takes the lanes over in the database: from here on whoever had them is fenced. `lanes` keep their
 * order, so that the consumer's index of a lane is ours. */
static int take_lanes(struct ev_runner *runner, const struct ev_consumer_lane *lanes, size_t count)
{
        struct ev_offset *taken = calloc(count, sizeof(*taken));
        int r;

        assert(count > 0);

        if (!taken)
                return ev_fail_memory("lanes");
        for (size_t i = 0; i < count; ++i)
                taken[i] = (struct ev_offset){ .topic = ev_str_of(lanes[i].topic),
                                               .partition = lanes[i].partition };
        /* Ours only once the database has said so: until then there is nothing to release. */
        free(runner->lanes);
        runner->lanes = taken;
        runner->lane_count = 0;
        r = ev_runner_connect(runner);
        if (r == 0)
                r = ev_offsets_assign(ev_batch_session(runner->batch), taken, count);
        if (r < 0)
                return ev_trace(r);
        runner->lane_count = count;
        return 0;
}

/* How long a record may wait. */
static int64_t wait_max_micros(const struct ev_runner *runner)
{
        assert(runner->config);

        return ev_config_integer(runner->config, "wait.max_s") * EV_MICROS_PER_SECOND;
}

/* The consumer asks again and again while the database is away, for minutes, and nothing else looks
 * at the signals meanwhile. */
static int on_assigned(void *context, struct ev_consumer_lane *lanes, size_t count)
{
        struct ev_runner *runner = context;
        int r;

        assert(runner);

        if (ev_runner_must_stop(runner)) {
                runner->has_refused_lanes = true;
                return ev_fail(EV_VERDICT_STOP, "lanes are not taken any more");
        }
        r = take_lanes(runner, lanes, count);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < count; ++i) {
                lanes[i].begin = runner->lanes[i].is_halted ? EV_OFFSET_HALTED
                                                            : runner->lanes[i].next_offset;
                lanes[i].has_last = runner->lanes[i].has_fingerprint;
        }
        /* What the owner before us set aside may be waiting still. */
        runner->waiting_until = ev_clock_monotonic_micros() + wait_max_micros(runner);
        ev_log_line(runner->log, EV_WORKER_LANES_TAKEN, ev_log_int("lanes", (int64_t)count));
        return 0;
}

/* A release that fails costs the next owner nothing but the suspicion that we died. No transaction
 * is open here: revocations come out of polls, and batches end before the next poll. */
static void on_revoked(void *context, const struct ev_consumer_lane *lanes, size_t count)
{
        struct ev_runner *runner = context;
        int r = 0;

        (void)lanes;
        assert(runner);
        assert(!ev_db_is_in_transaction(runner->db));

        if (runner->lane_count > 0 && ev_db_is_open(runner->db))
                r = ev_offsets_release(ev_batch_session(runner->batch), runner->lanes,
                                       runner->lane_count);
        if (r < 0)
                ev_log_error(runner->log, EV_WORKER_LANES_GONE,
                             ev_log_int("lanes", (int64_t)count));
        else
                ev_log_line(runner->log, EV_WORKER_LANES_GONE, ev_log_int("lanes", (int64_t)count));
        runner->lane_count = 0;
}

/* The lane of a record that does not come from the consumer, or NULL if it is not ours (any
 * more). */
static struct ev_offset *find_lane(struct ev_runner *runner, struct ev_str topic, int32_t partition)
{
        assert(topic.data);

        for (size_t i = 0; i < runner->lane_count; ++i)
                if (runner->lanes[i].partition == partition &&
                    ev_str_equal(runner->lanes[i].topic, topic))
                        return &runner->lanes[i];
        return NULL;
}

/* For a person to decide; never a silent skip. */
static int halt(struct ev_runner *runner, const struct ev_consumer_event *event)
{
        struct ev_session *session = ev_batch_session(runner->batch);
        struct ev_offset *lane =
                find_lane(runner, ev_str_of(event->lane->topic), event->lane->partition);
        char reason[EV_HALT_TEXT_MAX];
        int r;

        assert(lane);

        ev_halt_describe(event, runner->worker->database, session->group, reason);
        r = ev_offsets_halt(session, lane, ev_str_of(reason));
        if (r < 0)
                return ev_trace(r);
        lane->is_halted = true; /* its waiting records would be fenced: nobody looks at them */
        return 0;
}

static bool is_wanted(void *context, const char *topic, int32_t partition)
{
        const struct ev_runner *runner = context;

        assert(topic);

        return ev_shard_reads(&runner->shard, runner->worker, ev_str_of(topic), partition);
}

/* What is found on the topic is compared with what the database remembers. */
static int is_last(void *context, const struct ev_consumer_lane *lane, struct ev_bytes key,
                   struct ev_bytes value, bool *ret_is_last)
{
        struct ev_runner *runner = context;
        const struct ev_offset *known = find_lane(runner, ev_str_of(lane->topic), lane->partition);

        assert(known);

        return ev_trace(ev_batch_is_last(runner->batch, known, key, value, ret_is_last));
}

/* Bytes may have been damaged on their way to us, so they are fetched once more, from the offset
 * that is kept. The second time the lane is halted there. */
static bool is_unreadable_again(struct ev_runner *runner, const struct ev_consumer_lane *lane)
{
        struct ev_place place = { ev_str_of(lane->topic), lane->partition, lane->unreadable };
        bool is_again = runner->unreadable.offset == place.offset &&
                        runner->unreadable.partition == place.partition &&
                        ev_str_equal(runner->unreadable.topic, place.topic);

        assert(lane->unreadable >= 0);

        runner->unreadable = place;
        return is_again;
}

/* Joins the group again because of the thread's error. What was in hand is void. */
static int rejoin(struct ev_runner *runner)
{
        assert(runner->messages.count == 0);

        ev_log_error(runner->log, EV_WORKER_REJOINED,
                     ev_log_int("lanes", (int64_t)runner->lane_count));
        return ev_trace(ev_consumer_rejoin(runner->consumer));
}

/* What becomes of a lane of which that was told, once it is halted where it has to be. Out of range
 * nothing more comes by itself. Another log is not fetched any more. Behind what is unreadable the
 * group is joined again: the lane is fetched once more, or not assigned. */
static int leave_lane(struct ev_runner *runner, const struct ev_consumer_event *event)
{
        size_t count;
        const struct ev_consumer_lane *lanes = ev_consumer_lanes(runner->consumer, &count);

        assert(event->lane >= lanes && event->lane < lanes + count);

        if (event->kind == EV_CONSUMER_OTHER_LOG)
                return ev_trace(ev_consumer_pause(runner->consumer, (size_t)(event->lane - lanes)));
        if (event->kind == EV_CONSUMER_UNREADABLE)
                return ev_trace(ev_consumer_rejoin(runner->consumer));
        return 0;
}

/* Where a halt cannot be written down now, a new assignment tells of it again. */
static int take_event(struct ev_runner *runner, const struct ev_consumer_event *event)
{
        bool is_trouble = event->kind == EV_CONSUMER_TROUBLE || event->kind == EV_CONSUMER_SILENT ||
                          event->kind == EV_CONSUMER_END;
        int r = 0;

        assert(event->kind);

        if (is_trouble)
                return 0;
        if (event->kind != EV_CONSUMER_UNREADABLE || is_unreadable_again(runner, event->lane))
                r = halt(runner, event);
        if (r == 0)
                r = leave_lane(runner, event);
        if (r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY)
                return ev_trace(rejoin(runner));
        return ev_trace(r);
}

/* Events go with their generation: joining the group again leaves none. */
static int take_events(struct ev_runner *runner)
{
        struct ev_consumer_event event;
        int r = 0;

        assert(runner->messages.count == 0);

        while (r == 0 && ev_consumer_take_event(runner->consumer, &event)) {
                ev_log_line(runner->log, EV_WORKER_LANE_TROUBLE,
                            ev_log_text("topic", event.lane ? event.lane->topic : NULL),
                            ev_log_int("partition", event.lane ? event.lane->partition : -1),
                            ev_log_text("text", event.text));
                r = take_event(runner, &event);
        }
        return ev_trace(r);
}

/* ---- Batches ---- */

static int hook_connect(void *context)
{
        assert(context);

        return ev_trace(ev_runner_connect(context));
}

/* Events of the consumer end a rest early, so the clock is asked and not the pieces are counted. */
static int hook_rest(void *context, int wait_ms)
{
        struct ev_runner *runner = context;
        int64_t end = ev_clock_monotonic_micros() + wait_ms * EV_MICROS_PER_MS;
        int64_t left;
        int r;

        assert(wait_ms >= 0);

        for (left = wait_ms; left > 0;
             left = (end - ev_clock_monotonic_micros()) / EV_MICROS_PER_MS) {
                if (ev_runner_must_stop(runner))
                        return EV_APPLY_VOID;
                r = ev_consumer_rest(runner->consumer,
                                     left > REST_STEP_MS ? REST_STEP_MS : (int)left);
                /* What is in hand belongs to lanes of the generation before. */
                if (r == EV_CONSUMER_REASSIGNED || runner->has_refused_lanes)
                        return EV_APPLY_VOID;
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* For ev_retry_apply(), which has logged why. */
static int hook_rejoin(void *context)
{
        struct ev_runner *runner = context;

        assert(runner->consumer);

        return ev_trace(ev_consumer_rejoin(runner->consumer));
}

/* Once for each transaction, so that what the first half of a halved batch did is not forgotten. */
static void hook_applied(void *context)
{
        struct ev_runner *runner = context;
        const struct ev_batch_counts *counts = ev_batch_counts(runner->batch);

        assert(counts->records > 0);

        /* For lag tools only. A lane that has read nothing yet has no offset to tell. */
        for (size_t i = 0; i < runner->lane_count; ++i)
                if (runner->lanes[i].next_offset >= 0)
                        ev_consumer_note_applied(runner->consumer, i, runner->lanes[i].next_offset);
        if (counts->dead > 0)
                ev_log_line(runner->log, EV_WORKER_RECORD_DEAD,
                            ev_log_int("records", (int64_t)counts->dead));
        if (counts->waiting > 0) /* one second more: then the deadline has passed for sure */
                runner->waiting_until = ev_clock_monotonic_micros() + wait_max_micros(runner) +
                                        EV_MICROS_PER_SECOND;
}

/* What was dropped comes again, to us or to somebody else: nothing is left to do about it here. */
static int apply(struct ev_runner *runner, size_t count)
{
        int r;

        assert(count <= EV_BATCH_MAX);

        r = ev_retry_apply(&runner->retry, runner->items, count);
        return r == EV_APPLY_VOID ? 0 : ev_trace(r);
}

/* Messages become items; what they point to is librdkafka's until the end of the turn. */
static int apply_messages(struct ev_runner *runner)
{
        assert(runner->messages.count <= EV_BATCH_MAX);

        for (size_t i = 0; i < runner->messages.count; ++i) {
                const struct ev_message *message = &runner->messages.items[i];

                assert(message->lane < runner->lane_count);
                runner->items[i] = (struct ev_item){
                        .raw = { .place = { ev_str_of(message->topic), message->partition,
                                            message->offset },
                                 .key = message->key,
                                 .value = message->value },
                        .message = message,
                        .lane = &runner->lanes[message->lane],
                };
        }
        return ev_trace(apply(runner, runner->messages.count));
}

/* 0, EV_CONSUMER_REASSIGNED, or EV_FAILED. */
static int collect(struct ev_runner *runner, int wait_ms)
{
        size_t max = (size_t)ev_config_integer(runner->config, "batch.max");
        int r = ev_consumer_collect(runner->consumer, &runner->messages, max, wait_ms);

        assert(max > 0 && max <= EV_BATCH_MAX);

        if (r == 0)
                r = EV_FAULT(batch_polled);
        return ev_trace(r);
}

/* One turn: collect what is there, apply it. Where collecting fails because the offsets could not
 * be read, the group has dealt us lanes that nobody reads: it is joined again. */
static int turn(struct ev_runner *runner, int wait_ms)
{
        int r = collect(runner, wait_ms);
        bool is_trouble = r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY;

        assert(wait_ms > 0);

        if (r == 0 && runner->messages.count > 0)
                r = apply_messages(runner);
        /* What was not applied is void: its lanes begin anew where they stand. */
        ev_messages_release(&runner->messages);
        if (runner->has_refused_lanes || r == EV_CONSUMER_REASSIGNED)
                return 0;
        if (is_trouble)
                return ev_trace(rejoin(runner));
        if (r == 0)
                r = take_events(runner);
        return ev_trace(r);
}

/* ---- Records that were set aside ---- */

/* Sends the question and reads the answer into the arena of the retries. */
static int receive_due(struct ev_runner *runner, struct ev_parked **ret_due, size_t *ret_count)
{
        struct ev_session *session = ev_batch_session(runner->batch);
        int r = ev_db_sync(session->db);

        assert(ret_due && ret_count);

        if (r == 0)
                r = ev_parked_receive_due(session, runner->retry_arena, ret_due, ret_count);
        if (r == 0)
                r = ev_db_finish(session->db);
        return ev_trace(r);
}

/* Those of the lanes that are read. They are looked up outside of a transaction: that the lanes are
 * still ours is for the batch to prove, and that nobody else has decided a record meanwhile too. */
static int load_due(struct ev_runner *runner, struct ev_parked **ret_due, size_t *ret_count)
{
        struct ev_session *session = ev_batch_session(runner->batch);
        _cleanup_free_ struct ev_str *topics = calloc(runner->lane_count, sizeof(*topics));
        _cleanup_free_ int32_t *partitions = calloc(runner->lane_count, sizeof(*partitions));
        size_t count = 0;
        int r;

        assert(runner->lane_count > 0);

        if (!topics || !partitions)
                return ev_fail_memory("lanes");
        for (size_t i = 0; i < runner->lane_count; ++i) {
                if (runner->lanes[i].is_halted)
                        continue;
                topics[count] = runner->lanes[i].topic;
                partitions[count++] = runner->lanes[i].partition;
        }
        *ret_count = 0;
        if (count == 0)
                return 0;
        ev_arena_reset(runner->retry_arena);
        r = ev_parked_queue_due(session, topics, partitions, count, RETRY_RECORDS_MAX);
        if (r == 0)
                r = receive_due(runner, ret_due, ret_count);
        /* Answers that are left unread would be taken for those of the next question. */
        return r < 0 ? ev_session_abandon(session) : 0;
}

/* A record that a person asks for is decided now, like one whose time is over: both have no further
 * try to wait for. Behind it the next one of its aggregate may be asked for then, so that the next
 * look comes at once. */
static size_t make_items(struct ev_runner *runner, const struct ev_parked *due, size_t count)
{
        size_t made = 0;

        assert(count <= RETRY_RECORDS_MAX);

        for (size_t i = 0; i < count; ++i) {
                const struct ev_place *place = &due[i].record.place;
                struct ev_offset *lane = find_lane(runner, place->topic, place->partition);

                if (!lane)
                        continue;
                if (due[i].redrive)
                        runner->next_look = 0;
                runner->items[made] = (struct ev_item){
                        .raw = due[i].record,
                        .lane = lane,
                        .is_retry = true,
                        .is_last_try = due[i].is_overdue || due[i].redrive,
                        .tries = due[i].tries,
                };
                /* The same name, which does not go with what was loaded. */
                runner->items[made++].raw.place.topic = lane->topic;
        }
        return made;
}

/* Tries again what waits, and what a person asked for. A session that was lost is connected again
 * here too: with nothing to read, no batch would ever do it, and deadlines pass all the same.
 * Trouble of the database is left to the next look. */
static int retry_parked(struct ev_runner *runner)
{
        struct ev_parked *due = NULL;
        size_t count = 0;
        int r;

        assert(runner->retry_arena);

        if (runner->lane_count == 0)
                return 0;
        r = ev_runner_connect(runner);
        if (r == 0)
                r = load_due(runner, &due, &count);
        if (r < 0)
                return ev_error_last()->verdict == EV_VERDICT_RETRY ? 0 : ev_trace(r);
        count = make_items(runner, due, count);
        return count > 0 ? ev_trace(apply(runner, count)) : 0;
}

/* Lanes that a person has let go on are read from where he says: the group is joined again. Trouble
 * of the database is left to the next look. */
static int take_resumed(struct ev_runner *runner)
{
        size_t resumed = 0;
        int r;

        assert(runner->messages.count == 0);

        if (runner->lane_count == 0 || !ev_db_is_open(runner->db))
                return 0;
        r = ev_offsets_count_resumed(ev_batch_session(runner->batch), runner->lanes,
                                     runner->lane_count, &resumed);
        if (r < 0)
                return ev_error_last()->verdict == EV_VERDICT_RETRY ? 0 : ev_trace(r);
        return resumed > 0 ? ev_trace(ev_consumer_rejoin(runner->consumer)) : 0;
}

/* While records may be waiting they are looked at as often as the shortest of their pauses; else
 * only for what a person asked, which may take its 2 s. */
static int look(struct ev_runner *runner)
{
        int64_t now = ev_clock_monotonic_micros();
        int64_t pause = now < runner->waiting_until ? WAITING_LOOK_MS : SLOW_LOOK_MS;
        int r;

        assert(runner->messages.count == 0);

        if (now < runner->next_look)
                return 0;
        runner->next_look = now + pause * EV_MICROS_PER_MS;
        r = take_resumed(runner);
        return r == 0 ? ev_trace(retry_parked(runner)) : ev_trace(r);
}

/* What has to be done now and then: partitions of the outbox ahead of its numbers, a generation of
 * the inbox that has grown old. Every worker does it, the first one has it done; what does not
 * succeed now does in a minute. */
static int care(struct ev_runner *runner)
{
        int64_t now = ev_clock_monotonic_micros();
        int r;

        assert(runner->messages.count == 0);

        if (now < runner->next_care || !ev_db_is_open(runner->db))
                return 0;
        runner->next_care = now + CARE_MS * EV_MICROS_PER_MS;
        ev_log_flush(runner->log);
        r = ev_outbox_make_partitions(ev_batch_session(runner->batch));
        if (r == 0)
                r = ev_inbox_rotate(ev_batch_session(runner->batch));
        if (r < 0 && ev_error_last()->verdict == EV_VERDICT_RETRY)
                return 0;
        return ev_trace(r);
}

/* The hooks are the process's side of what ev_retry_apply() does with a batch. */
static void set_hooks(struct ev_runner *runner)
{
        assert(runner->batch && runner->db);

        runner->retry = (struct ev_retry){
                .batch = runner->batch,
                .db = runner->db,
                .log = runner->log,
                .hooks = { hook_connect, hook_rest, hook_rejoin, hook_applied, runner },
                .backoff_max_ms = (int)ev_config_integer(runner->config, "backoff.max_ms"),
        };
        runner->clockwork = (struct ev_clockwork){
                .worker = runner->worker,
                .batch = runner->batch,
                .log = runner->log,
                .connect = hook_connect,
                .context = runner,
                .backoff_max_ms = runner->retry.backoff_max_ms,
        };
}

/* How long a turn may wait for records: until something else has to be looked at. */
static int wait_ms(const struct ev_runner *runner)
{
        int64_t now = ev_clock_monotonic_micros();
        int64_t wait = now < runner->waiting_until ? WAITING_LOOK_MS : IDLE_WAIT_MS;
        int64_t tick = ev_clockwork_next(&runner->clockwork);

        assert(wait > 0);

        if (tick > runner->next_look)
                tick = runner->next_look;
        if (tick < now + wait * EV_MICROS_PER_MS)
                wait = (tick - now) / EV_MICROS_PER_MS;
        return wait > 0 ? (int)wait : 1;
}

/* A stop is looked for between two batches only: one in hand is finished, or dropped where it has
 * to rest. */
int ev_runner_loop(struct ev_runner *runner)
{
        int r = 0;

        assert(runner->consumer);

        set_hooks(runner);
        while (r == 0 && !ev_runner_must_stop(runner)) {
                r = turn(runner, wait_ms(runner));
                if (r == 0)
                        r = look(runner);
                if (r == 0)
                        r = ev_clockwork_run(&runner->clockwork, ev_clock_monotonic_micros());
                if (r == 0)
                        r = care(runner);
        }
        /* A process that was told to end while the database was away has not died: one more try. */
        if (runner->retry.owed_count > 0)
                (void)!ev_runner_connect(runner);
        return ev_trace(r);
}

/* ---- Joining the group ---- */

/* Lines of librdkafka come one by one, out of the polls and on our thread. */
static void log_kafka(void *context, int level, const char *facility, const char *text)
{
        struct ev_runner *runner = context;

        assert(facility && text);

        ev_log_line(runner->log, EV_WORKER_KAFKA, ev_log_int("syslog_level", level),
                    ev_log_text("facility", facility), ev_log_text("text", text));
}

/* The topics of the routes, each once. */
static size_t choose_topics(const struct ev_worker *worker, const char *topics[])
{
        size_t count = 0;

        assert(worker->route_count > 0);

        for (size_t i = 0; i < worker->route_count; ++i) {
                const char *topic = worker->routes[i].record->contract->topic.data;
                size_t k = 0;

                while (k < count && strcmp(topics[k], topic) != 0)
                        ++k;
                if (k < count)
                        continue;
                assert(count < EV_RUNNER_TOPICS_MAX);
                topics[count++] = topic;
        }
        return count;
}

/* Whether the topics are there, before the group is joined: a missing one is told at once. All must
 * have one number of partitions: only then does the range assignor give the lanes of one company to
 * one process. */
static int check_topics(struct ev_runner *runner, const char *const *names, size_t count)
{
        struct ev_kafka_topic topics[EV_RUNNER_TOPICS_MAX];
        int r;

        assert(count > 0 && count <= EV_RUNNER_TOPICS_MAX);

        for (size_t i = 0; i < count; ++i)
                topics[i] = (struct ev_kafka_topic){ .name = names[i] };
        r = ev_kafka_load_partitions(ev_consumer_kafka(runner->consumer), topics, count);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 1; i < count; ++i)
                if (topics[i].partitions != topics[0].partitions)
                        return ev_fail(EV_VERDICT_STOP,
                                       "topic %s has %d partitions and topic %s has %d: all that "
                                       "quenty-%s reads must have the same number, or what belongs "
                                       "together is dealt to different processes; make the topics "
                                       "anew with one number",
                                       topics[0].name, topics[0].partitions, topics[i].name,
                                       topics[i].partitions, runner->worker->name);
        if (topics[0].partitions % runner->shard.count != 0)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "topic %s has %d partitions, which %d shards cannot share: a company "
                        "would have two",
                        topics[0].name, topics[0].partitions, (int)runner->shard.count);
        return 0;
}

/* Whether a fact of any size that is committed here can be published. The relay would see it too,
 * but only when the fact is in the outbox for good. */
static int check_fact_topics(struct ev_runner *runner)
{
        int32_t limit = (int32_t)ev_config_integer(runner->config, "relay.topic_bytes_max");
        struct ev_kafka_topic topics[EV_KAFKA_TOPICS_MAX];
        size_t count = 0;
        int r = 0;

        for (; runner->worker->facts_topics[count]; ++count) {
                assert(count < EV_KAFKA_TOPICS_MAX);
                topics[count] =
                        (struct ev_kafka_topic){ .name = runner->worker->facts_topics[count],
                                                 .message_bytes_max = limit };
        }
        assert(count > 0);
        if (limit == 0)
                r = ev_kafka_load_limits(ev_consumer_kafka(runner->consumer), topics, count);
        for (size_t i = 0; r == 0 && i < count; ++i)
                r = ev_kafka_expect_bytes(&topics[i], EV_ENVELOPE_FACT_BYTES_MAX);
        return ev_trace(r);
}

/* Before the first lane is taken. A database that is used already tells whose it is by its lanes,
 * so that nothing else has to be kept. */
static int bind_database(struct ev_runner *runner, const char *const *names, size_t count)
{
        struct ev_str shared[EV_RUNNER_TOPICS_MAX];
        char worker[EV_SHARD_GROUP_MAX];
        struct ev_binding binding = { .shared = shared,
                                      .index = runner->shard.index,
                                      .count = runner->shard.count };

        assert(count > 0 && count <= EV_RUNNER_TOPICS_MAX);

        ev_shard_name_group(&(struct ev_shard){ .count = 1 }, runner->worker, worker);
        binding.worker = ev_str_of(worker);
        for (size_t i = 0; i < count; ++i) {
                if (ev_shard_is_shared(runner->worker, ev_str_of(names[i])))
                        shared[binding.shared_count++] = ev_str_of(names[i]);
                else
                        binding.topic = ev_str_of(names[i]);
        }
        assert(binding.topic.data); /* a worker that decides nothing would not be one */
        return ev_trace(ev_offsets_bind(ev_batch_session(runner->batch), &binding));
}

/* The group is the worker's name and shard, whatever the operator's settings say: offsets in the
 * database belong to it. */
int ev_runner_join(struct ev_runner *runner)
{
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        const char *topics[EV_RUNNER_TOPICS_MAX];
        struct ev_consumer_options options = {
                .group = ev_batch_session(runner->batch)->group.data,
                .topics = topics,
                .topics_count = choose_topics(runner->worker, topics),
                .settings = settings,
                .settings_count = ev_settings_kafka(runner->config, settings),
                .batch_bytes_max = BATCH_VALUES_MAX,
                .commit_interval_ms = COMMIT_INTERVAL_MS,
                .hooks = { on_assigned, on_revoked, runner, is_last, is_wanted },
                .log = log_kafka,
                .log_context = runner,
        };
        int r;

        assert(!runner->consumer);

        r = ev_consumer_new(&runner->consumer, &options);
        if (r == 0)
                r = check_topics(runner, topics, options.topics_count);
        if (r == 0)
                r = check_fact_topics(runner);
        if (r == 0)
                r = bind_database(runner, topics, options.topics_count);
        if (r == 0)
                r = ev_consumer_join(runner->consumer);
        return ev_trace(r);
}
