/* A worker's process: start, loop, stop.
 *
 * One thread does everything; it is never anywhere else than in one of the calls of the loop below.
 * If the process dies, its database session dies with it (and rolls back what was open), and the
 * group deals its lanes to others, which begin at the offsets that were committed. */

#include "flow/runner.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "flow/settings.h"

enum {
        HELP_BYTES_MAX = 256 * 1024,
        LOG_WINDOW_MS = 10000,
        STDERR = 2,
        IDLE_WAIT_MS = 500,      /* a stop is noticed that soon */
        WAITING_LOOK_MS = 100,   /* how often waiting records are looked at … */
        SLOW_LOOK_MS = 2000,     /* … and how often what a person asked for */
        CARE_MS = 60 * 1000,     /* partitions ahead, inbox generations */
        RETRY_RECORDS_MAX = 200, /* of ev.parked, looked at together */
        RETRY_BYTES_MAX = 64 * 1024 * 1024,
        COMMIT_INTERVAL_MS = 1000, /* how often Kafka hears of offsets */
        BATCH_VALUES_MAX = 32 * 1024 * 1024,
        CLOSE_WAIT_MS = 5000,
        TOPICS_MAX = EV_CONSUMER_TOPICS_MAX,
        EXIT_USAGE = 2,
};

const struct ev_log_event ev_worker_log_events[EV_WORKER_EVENTS] = {
        [EV_WORKER_STARTED] = { "started", EV_LOG_INFO, 0, "The worker reads its topics." },
        [EV_WORKER_LANES_TAKEN] = { "lanes_taken", EV_LOG_INFO, 0,
                                    "Partitions are this process's now." },
        [EV_WORKER_LANES_GONE] = { "lanes_gone", EV_LOG_INFO, 0,
                                   "Partitions are another process's, or nobody's." },
        [EV_WORKER_LANE_TROUBLE] = { "lane_trouble", EV_LOG_ERROR, 10,
                                     "A partition stands still; the others go on. The text says "
                                     "what to do." },
        [EV_WORKER_BATCH_RETRIED] = { "batch_retried", EV_LOG_WARNING, 10,
                                      "A batch could not be applied because of a server's trouble "
                                      "and will be tried again." },
        [EV_WORKER_BATCH_SPLIT] = { "batch_split", EV_LOG_WARNING, 20,
                                    "A record of a batch is at fault; it is looked for by "
                                    "halving." },
        [EV_WORKER_RECORD_PARKED] = { "record_parked", EV_LOG_ERROR, 100,
                                      "A record cannot be applied and is parked with its "
                                      "aggregate: look into ev.parked." },
        [EV_WORKER_RECORD_DEAD] = { "records_dead", EV_LOG_WARNING, 100,
                                    "Records became dead letters: look into ev.dead_letter." },
        [EV_WORKER_FENCED] = { "fenced", EV_LOG_WARNING, 20,
                               "A lane was another process's already; the batch was dropped and "
                               "the group is joined again." },
        [EV_WORKER_COMMIT_UNKNOWN] = { "commit_unknown", EV_LOG_WARNING, 20,
                                       "The connection broke with a COMMIT under way; the offset "
                                       "row will tell whether it landed." },
        [EV_WORKER_CONNECTED] = { "connected", EV_LOG_INFO, 0, "The database is there." },
        [EV_WORKER_KAFKA] = { "kafka", EV_LOG_WARNING, 20, "A line of librdkafka's log." },
        [EV_WORKER_STOPPED] = { "stopped", EV_LOG_INFO, 0, "The worker has ended as asked." },
};

/* ---- Lanes ---- */

static int take_lanes(struct ev_runner *runner, const struct ev_consumer_lane *lanes, size_t count)
{
        struct ev_offset *taken = calloc(count + 1, sizeof(*taken));
        int r;

        if (!taken)
                return ev_fail_memory("lanes");
        for (size_t i = 0; i < count; ++i)
                taken[i] = (struct ev_offset){ .topic = ev_str_of(lanes[i].topic),
                                               .partition = lanes[i].partition };
        free(runner->lanes);
        runner->lanes = taken;
        runner->lane_count = count;
        r = ev_runner_connect(runner);
        if (r == 0 && count > 0)
                r = ev_offsets_assign(ev_batch_session(runner->batch), taken, count);
        return ev_trace(r);
}

int ev_runner_assigned(void *context, struct ev_consumer_lane *lanes, size_t count)
{
        struct ev_runner *runner = context;
        int r;

        assert(runner);

        r = take_lanes(runner, lanes, count);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < count; ++i)
                lanes[i].begin = runner->lanes[i].is_halted ? EV_OFFSET_HALTED
                                                            : runner->lanes[i].next_offset;
        /* What the owner before us set aside may be waiting still. */
        runner->waiting_until =
                ev_clock_monotonic_micros() +
                ev_config_integer(runner->config, "wait.max_s") * EV_MICROS_PER_SECOND;
        ev_log_line(runner->log, EV_WORKER_LANES_TAKEN, ev_log_int("lanes", (int64_t)count));
        return 0;
}

void ev_runner_revoked(void *context, const struct ev_consumer_lane *lanes, size_t count)
{
        struct ev_runner *runner = context;
        int r = 0;

        (void)lanes;
        assert(runner);

        if (count > 0 && ev_db_is_open(runner->db))
                r = ev_offsets_release(ev_batch_session(runner->batch), runner->lanes,
                                       runner->lane_count);
        if (r < 0)
                ev_log_error(runner->log, EV_WORKER_LANES_GONE,
                             ev_log_int("lanes", (int64_t)count));
        else
                ev_log_line(runner->log, EV_WORKER_LANES_GONE, ev_log_int("lanes", (int64_t)count));
        runner->lane_count = 0;
}

/* Records outside of the log are gone, or the topic is another one: the lane is halted, for a
 * person to decide; never a silent skip. */
static int halt(struct ev_runner *runner, const struct ev_consumer_event *event)
{
        char reason[EV_ERROR_TEXT_MAX];

        snprintf(reason, sizeof(reason),
                 "offset %lld of %s [%d] is outside of the log: records were deleted before they "
                 "were applied, or the topic was made again. Set next_offset and clear "
                 "halted_reason in ev.consumer_offset, then restart the worker",
                 (long long)event->lane->position, event->lane->topic, event->lane->partition);
        for (size_t i = 0; i < runner->lane_count; ++i)
                if (runner->lanes[i].partition == event->lane->partition &&
                    ev_str_equal(runner->lanes[i].topic, ev_str_of(event->lane->topic)))
                        return ev_trace(ev_offsets_halt(ev_batch_session(runner->batch),
                                                        &runner->lanes[i], ev_str_of(reason)));
        return 0;
}

static int take_events(struct ev_runner *runner)
{
        struct ev_consumer_event event;
        int r;

        while (ev_consumer_take_event(runner->consumer, &event)) {
                ev_log_line(runner->log, EV_WORKER_LANE_TROUBLE,
                            ev_log_text("topic", event.lane ? event.lane->topic : NULL),
                            ev_log_int("partition", event.lane ? event.lane->partition : -1),
                            ev_log_text("text", event.text));
                if (event.kind != EV_CONSUMER_OUT_OF_RANGE || !event.lane)
                        continue;
                r = halt(runner, &event);
                if (r < 0 && ev_error_last()->verdict != EV_VERDICT_RETRY)
                        return ev_trace(r);
        }
        return 0;
}

/* ---- Batches ---- */

bool ev_runner_must_stop(const struct ev_runner *runner)
{
        struct pollfd signals = { .fd = runner->stop_fd, .events = POLLIN };

        return poll(&signals, 1, 0) == 1;
}

int ev_runner_connect(struct ev_runner *runner)
{
        int r;

        if (ev_db_is_open(runner->db))
                return 0;
        r = ev_db_connect(runner->db);
        if (r == 0)
                r = ev_batch_prepare(runner->batch);
        if (r < 0) {
                ev_db_close(runner->db);
                return ev_trace(r);
        }
        ev_log_line(runner->log, EV_WORKER_CONNECTED,
                    ev_log_text("database", ev_db_name(runner->db)));
        return 0;
}

static void note_counts(struct ev_runner *runner)
{
        const struct ev_batch_counts *counts = ev_batch_counts(runner->batch);

        if (counts->dead > 0)
                ev_log_line(runner->log, EV_WORKER_RECORD_DEAD,
                            ev_log_int("records", (int64_t)counts->dead));
        if (counts->waiting > 0)
                runner->waiting_until = ev_clock_monotonic_micros() +
                                        (ev_config_integer(runner->config, "wait.max_s") + 1) *
                                                EV_MICROS_PER_SECOND;
}

static int apply(struct ev_runner *runner, size_t count)
{
        int r = ev_runner_apply(runner, runner->items, count);

        if (r == 0)
                note_counts(runner);
        return r == EV_APPLY_VOID ? 0 : ev_trace(r);
}

static int apply_messages(struct ev_runner *runner)
{
        for (size_t i = 0; i < runner->messages.count; ++i) {
                const struct ev_message *message = &runner->messages.items[i];

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

/* One turn: collect what is there, apply it. */
static int turn(struct ev_runner *runner, int wait_ms)
{
        size_t max = (size_t)ev_config_integer(runner->config, "batch.max");
        int r = ev_consumer_collect(runner->consumer, &runner->messages, max, wait_ms);

        if (r == EV_CONSUMER_REASSIGNED)
                return 0;
        if (r == 0)
                r = EV_FAULT(batch_polled);
        if (r == 0 && runner->messages.count > 0)
                r = apply_messages(runner);
        ev_messages_release(&runner->messages);
        if (r == 0)
                r = take_events(runner);
        return ev_trace(r);
}

/* ---- Records that were set aside ---- */

static struct ev_offset *lane_of(struct ev_runner *runner, const struct ev_place *place)
{
        for (size_t i = 0; i < runner->lane_count; ++i)
                if (runner->lanes[i].partition == place->partition &&
                    ev_str_equal(runner->lanes[i].topic, place->topic))
                        return &runner->lanes[i];
        return NULL;
}

static int load_due(struct ev_runner *runner, struct ev_parked **ret_due, size_t *ret_count)
{
        struct ev_session *session = ev_batch_session(runner->batch);
        _cleanup_free_ struct ev_str *topics = calloc(runner->lane_count, sizeof(*topics));
        _cleanup_free_ int32_t *partitions = calloc(runner->lane_count, sizeof(*partitions));
        int r;

        if (!topics || !partitions)
                return ev_fail_memory("lanes");
        for (size_t i = 0; i < runner->lane_count; ++i) {
                topics[i] = runner->lanes[i].topic;
                partitions[i] = runner->lanes[i].partition;
        }
        ev_arena_reset(runner->retry_arena);
        r = ev_parked_queue_due(session, topics, partitions, runner->lane_count, RETRY_RECORDS_MAX);
        if (r == 0)
                r = ev_db_sync(session->db);
        if (r == 0)
                r = ev_parked_receive_due(session, runner->retry_arena, ret_due, ret_count);
        if (r == 0)
                r = ev_db_finish(session->db);
        return ev_trace(r);
}

static size_t make_items(struct ev_runner *runner, const struct ev_parked *due, size_t count)
{
        size_t made = 0;

        for (size_t i = 0; i < count; ++i) {
                struct ev_offset *lane = lane_of(runner, &due[i].record.place);

                if (!lane)
                        continue;
                runner->items[made++] = (struct ev_item){
                        .raw = due[i].record,
                        .lane = lane,
                        .is_retry = true,
                        .is_last_try = due[i].is_overdue || due[i].redrive,
                        .attempts = due[i].attempts,
                };
        }
        return made;
}

/* Tries again what waits, and what a person asked for. Trouble of the database is left to the next
 * batch, which waits for it. */
static int retry_parked(struct ev_runner *runner)
{
        struct ev_parked *due = NULL;
        size_t count = 0;
        int r;

        if (runner->lane_count == 0 || !ev_db_is_open(runner->db))
                return 0;
        r = load_due(runner, &due, &count);
        if (r < 0)
                return ev_error_last()->verdict == EV_VERDICT_RETRY ? 0 : ev_trace(r);
        count = make_items(runner, due, count);
        return count > 0 ? ev_trace(apply(runner, count)) : 0;
}

static int look(struct ev_runner *runner)
{
        int64_t now = ev_clock_monotonic_micros();
        int64_t pause = now < runner->waiting_until ? WAITING_LOOK_MS : SLOW_LOOK_MS;

        if (now < runner->next_look)
                return 0;
        runner->next_look = now + pause * EV_MICROS_PER_MS;
        return ev_trace(retry_parked(runner));
}

/* What has to be done now and then. */
static int care(struct ev_runner *runner)
{
        int64_t now = ev_clock_monotonic_micros();
        int r;

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

static int loop(struct ev_runner *runner)
{
        int r = 0;

        while (r == 0 && !ev_runner_must_stop(runner)) {
                bool may_wait = ev_clock_monotonic_micros() < runner->waiting_until;

                r = turn(runner, may_wait ? WAITING_LOOK_MS : IDLE_WAIT_MS);
                if (r == 0)
                        r = look(runner);
                if (r == 0)
                        r = care(runner);
        }
        return ev_trace(r);
}

/* ---- Start and stop ---- */

static void log_kafka(void *context, int level, const char *facility, const char *text)
{
        struct ev_runner *runner = context;

        ev_log_line(runner->log, EV_WORKER_KAFKA, ev_log_int("syslog_level", level),
                    ev_log_text("facility", facility), ev_log_text("text", text));
}

/* The topics of the routes, each once. */
static size_t choose_topics(const struct ev_worker *worker, const char *topics[TOPICS_MAX])
{
        size_t count = 0;

        for (size_t i = 0; i < worker->route_count; ++i) {
                const char *topic = worker->routes[i].record->contract->topic.data;
                size_t k = 0;

                while (k < count && !ev_str_equal(ev_str_of(topics[k]), ev_str_of(topic)))
                        ++k;
                if (k < count)
                        continue;
                assert(count < TOPICS_MAX);
                topics[count++] = topic;
        }
        return count;
}

/* Whether the topics are there, before the group is joined: a missing one is told at once. */
static int check_topics(struct ev_runner *runner, const char *const *names, size_t count)
{
        struct ev_kafka_topic topics[TOPICS_MAX];

        for (size_t i = 0; i < count; ++i)
                topics[i] = (struct ev_kafka_topic){ .name = names[i] };
        return ev_trace(
                ev_kafka_load_partitions(ev_consumer_kafka(runner->consumer), topics, count));
}

static int start_consumer(struct ev_runner *runner)
{
        struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX];
        const char *topics[TOPICS_MAX];
        struct ev_session *session = ev_batch_session(runner->batch);
        struct ev_consumer_options options = {
                .group = session->group.data,
                .topics = topics,
                .topics_count = choose_topics(runner->worker, topics),
                .settings = settings,
                .settings_count = ev_settings_kafka(runner->config, settings),
                .batch_bytes_max = BATCH_VALUES_MAX,
                .commit_interval_ms = COMMIT_INTERVAL_MS,
                .hooks = { ev_runner_assigned, ev_runner_revoked, runner },
                .log = log_kafka,
                .log_context = runner,
        };
        int r = ev_consumer_new(&runner->consumer, &options);

        if (r == 0)
                r = check_topics(runner, topics, options.topics_count);
        return ev_trace(r);
}

static int start(struct ev_runner *runner)
{
        char name[64];
        struct ev_batch_options options = {
                .worker = runner->worker,
                .wait_max_us =
                        ev_config_integer(runner->config, "wait.max_s") * EV_MICROS_PER_SECOND,
        };
        int r;

        runner->backoff_max_ms = (int)ev_config_integer(runner->config, "backoff.max_ms");
        runner->items = calloc(EV_BATCH_MAX, sizeof(*runner->items));
        if (!runner->items)
                return ev_fail_memory("a batch");
        snprintf(name, sizeof(name), "quenty-%s", runner->worker->name);
        r = ev_messages_init(&runner->messages, EV_BATCH_MAX);
        if (r == 0)
                r = ev_arena_new(&runner->retry_arena, RETRY_BYTES_MAX);
        if (r == 0)
                r = ev_settings_db(runner->config, runner->worker->database, name, &runner->db);
        options.db = runner->db;
        if (r == 0)
                r = ev_batch_new(&runner->batch, &options);
        if (r == 0)
                r = ev_runner_connect(runner);
        if (r == 0)
                r = EV_FAULT(database_connected);
        if (r == 0)
                r = start_consumer(runner);
        if (r == 0)
                r = EV_FAULT(clients_made);
        return ev_trace(r);
}

/* The batch in hand is done or rolled back by now; the lanes are given back cleanly. */
static void stop(struct ev_runner *runner)
{
        if (runner->consumer)
                (void)!ev_consumer_close(runner->consumer, CLOSE_WAIT_MS);
        runner->consumer = ev_consumer_free(runner->consumer);
        runner->batch = ev_batch_free(runner->batch);
        runner->db = ev_db_free(runner->db);
        ev_messages_done(&runner->messages);
        ev_arena_free(runner->retry_arena);
        free(runner->items);
        free(runner->lanes);
        if (runner->stop_fd > 0)
                close(runner->stop_fd);
}

static int run(const struct ev_worker *worker, const struct ev_config *config, struct ev_log *log)
{
        struct ev_runner runner = { .worker = worker, .config = config, .log = log };
        int r = ev_settings_stop_fd(&runner.stop_fd);

        if (r == 0)
                r = start(&runner);
        if (r == 0) {
                ev_log_line(log, EV_WORKER_STARTED, ev_log_text("database", worker->database));
                r = loop(&runner);
        }
        if (r == 0) {
                stop(&runner);
                ev_log_line(log, EV_WORKER_STOPPED, ev_log_text("database", worker->database));
                return 0;
        }
        struct ev_error error = *ev_error_last();

        stop(&runner);
        ev_error_restore(&error);
        return ev_trace(r);
}

static int start_log(const struct ev_worker *worker, const struct ev_config *config,
                     struct ev_log **ret_log)
{
        const struct ev_log_settings settings = {
                .program = worker->name,
                .events = ev_worker_log_events,
                .events_count = EV_WORKER_EVENTS,
                .level = (enum ev_log_level)ev_config_choice(config, "log.level"),
                .format = (enum ev_log_format)ev_config_choice(config, "log.format"),
                .fd = STDERR,
                .window_ms = LOG_WINDOW_MS,
        };

        return ev_trace(ev_log_new(ret_log, &settings));
}

static int print_help(const struct ev_worker *worker, const struct ev_config *config)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(HELP_BYTES_MAX);
        int r = ev_config_write_help(config, &text);

        if (r < 0)
                return ev_trace(r);
        printf("usage: quenty-%s -c FILE [--KEY=VALUE]...\n\n"
               "Applies events to %s and announces facts, until it is told to end by SIGTERM\n"
               "or SIGINT. Any number may run: Kafka deals the partitions out.\n\n%.*s",
               worker->name, worker->database, EV_STR_ARG(ev_buffer_str(&text)));
        return 0;
}

/* 0, EV_FAILED, or EXIT_USAGE. */
static int configure(const struct ev_worker *worker, struct ev_config *config, int argc,
                     char **argv, bool *ret_done)
{
        int operand = 0;
        int r = ev_config_load(config, argc, argv, environ, &operand);

        *ret_done = r > 0;
        if (r == EV_CONFIG_HELP_WANTED)
                return ev_trace(print_help(worker, config));
        if (r == EV_CONFIG_VERSION_WANTED) {
                printf("quenty-%s " EV_VERSION "\n", worker->name);
                return 0;
        }
        if (r == 0 && operand < argc)
                return ev_fail(EV_VERDICT_STOP,
                               "\"%s\" is not wanted: there are only settings "
                               "(see --help)",
                               argv[operand]);
        return ev_trace(r);
}

int ev_worker_main(const struct ev_worker *worker, int argc, char **argv)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_(ev_log_free_p) struct ev_log *log = NULL;
        bool is_done = false;
        int r = ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS);

        if (r == 0) {
                r = configure(worker, config, argc, argv, &is_done);
                if (r < 0) {
                        fprintf(stderr, "quenty-%s: %s\n", worker->name, ev_error_last()->text);
                        return EXIT_USAGE;
                }
        }
        if (r == 0 && is_done)
                return EXIT_SUCCESS;
        if (r == 0)
                r = ev_fault_init();
        if (r == 0)
                r = start_log(worker, config, &log);
        if (r == 0)
                r = run(worker, config, log);
        if (r == 0)
                return EXIT_SUCCESS;
        fprintf(stderr, "quenty-%s: %s\n", worker->name, ev_error_last()->text);
        return EXIT_FAILURE;
}
