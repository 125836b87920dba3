/* The life of a relay process: connect, wait for the leadership, lead, and start again after
 * trouble.
 *
 * Guarantee: nothing of one life is taken into the next. Whatever fails, the producer is dropped
 * with what it held, the session is closed and with it the leadership, and the next life learns
 * where things stand from the database and the topics. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "flow/relay_private.h"

enum {
        /* Within which a server must have taken the connection; a host that is gone answers
         * nothing. */
        CONNECT_MS = 5000,
        WAIT_MS = 10000,
        FOLLOW_MS = 250,  /* between two tries to lead; below idle_session_timeout */
        UNSEAT_MS = 2000, /* how long a server writes to a leader before that is called stopped */
        BACKOFF_MS = 100, /* doubled with each failure up to … */
        BACKOFF_MS_MAX = 2000,
        SYSLOG_WARNING = 4, /* librdkafka's levels are syslog's: smaller is worse */
        GOOD_MS = 10000,    /* a life that lasted so long was no failure to start */
};

/* What the relay's proof and its succession rest on, set again whatever the role's defaults are.
 * Sources: PostgreSQL 15, "Client Connection Defaults" and "Connections and Authentication". */
static const struct ev_db_setting session_settings[] = {
        { "plan_cache_mode", "force_custom_plan" }, /* a plan made for an empty table stays bad */
        { "jit", "off" },
        /* A gap or a position that a crash of the server took back would contradict the topics. */
        { "synchronous_commit", "on" },
        /* None of the relay's questions takes long. A server that hangs in one must not keep a
         * leader that publishes nothing; the life ends and the next one asks again. */
        { "statement_timeout", "10s" },
        /* The relay waits for nobody's lock on purpose. A migration that holds the outbox longer
         * than this is trouble of a server, and waited out between two lives. */
        { "lock_timeout", "2s" },
        { "idle_in_transaction_session_timeout", "2s" },
        /* Each statement must have a snapshot of its own: with another level nothing would change
         * today, as there are no blocks, and the proof would rest on that alone. */
        { "default_transaction_isolation", "read committed" },
        { "tcp_user_timeout", "5000" }, /* ms: a leader whose network is gone loses its session */
        /* While starting the session is silent for as long as Kafka may take to answer. */
        { "idle_session_timeout", "15s" },
};

/* Once it leads: a leader that is stopped is replaced after this time; without it never. It must be
 * above ASK_MS of relay.c by enough for a machine that is busy, and it bounds how long a stopped
 * leader keeps the others waiting. */
static const char leading_settings[] = "SET idle_session_timeout = '2s'";

/* The descriptor is never read, so it stays readable and every question after the first has the
 * same answer. */
bool ev_relay_is_stopped(const struct ev_relay *relay, int timeout_ms)
{
        struct pollfd fd = { .fd = relay->options->stop_fd, .events = POLLIN };

        assert(relay->options);
        assert(timeout_ms >= 0);

        return poll(&fd, 1, timeout_ms) > 0;
}

/* Warnings and worse are what an operator may have to know; the rest is for finding faults. */
static void log_kafka(void *context, int level, const char *facility, const char *text)
{
        const struct ev_relay *relay = context;
        enum ev_relay_event event =
                level <= SYSLOG_WARNING ? EV_RELAY_KAFKA_COMPLAINT : EV_RELAY_KAFKA;

        assert(facility && text);

        ev_log_line(relay->options->log, event, ev_log_text("facility", facility),
                    ev_log_text("text", text));
}

/* The producer goes first. Should it still get something to its topic, then under a leadership that
 * we still hold; the session, and the lock with it, goes next. The pipe goes last, because
 * librdkafka writes into it. */
static void relay_done(struct ev_relay *relay)
{
        assert(relay);

        ev_producer_free(relay->producer);
        ev_db_free(relay->db);
        ev_feed_done(&relay->ask);
        ev_places_done(&relay->places);
        ev_relay_record_done(&relay->record);
        ev_buffer_done(&relay->text);
        free(relay->producer_topics);
        for (size_t i = 0; i < EV_ARRAY_SIZE(relay->wake); ++i)
                if (relay->wake[i] >= 0)
                        close(relay->wake[i]);
}

/* One function for a life that ran and for one that failed halfway: every member is zero, -1 or
 * whole. */
static struct ev_relay *relay_free(struct ev_relay *relay)
{
        if (relay)
                relay_done(relay);
        free(relay);
        return NULL;
}
EV_DEFINE_CLEANUP(struct ev_relay *, relay_free)

/* Does not connect yet. The database is asked only after Kafka has answered: a relay that cannot
 * publish should not hold a session. */
static int make_session(struct ev_relay *relay)
{
        const struct ev_db_options options = {
                .conninfo = relay->options->conninfo,
                .password_file = relay->options->password_file,
                .application_name = "quenty-relay",
                .connect_ms = CONNECT_MS,
                .wait_ms = WAIT_MS,
                .settings = session_settings,
                .settings_count = EV_ARRAY_SIZE(session_settings),
        };
        int r = ev_db_new(&relay->db, &options);

        assert(relay->options);

        if (r)
                return ev_trace(r);
        relay->ask = EV_FEED_INIT(relay->db);
        return 0;
}

/* Series outlive a life: counters go on over a restart within the process. */
static void find_series(struct ev_relay *relay)
{
        assert(relay->options->metrics);

        for (size_t i = 0; i < EV_ARRAY_SIZE(relay->series); ++i)
                relay->series[i] = ev_metrics_single(relay->options->metrics, i);
        for (size_t i = 0; i < EV_FEEDS; ++i) {
                struct ev_str feed = ev_str_of(ev_feed_text((enum ev_feed_name)i));

                relay->positions[i] =
                        ev_metrics_series(relay->options->metrics, EV_RELAY_POSITION, &feed);
        }
}

/* Fails for want of memory or by settings, never by a server. */
static int make_relay(struct ev_relay **ret_relay, const struct ev_relay_options *options)
{
        _cleanup_(relay_free_p) struct ev_relay *relay = calloc(1, sizeof(*relay));
        int r;

        assert(ret_relay && options);

        if (!relay)
                return ev_fail_memory("the relay");
        relay->options = options;
        relay->record = EV_RELAY_RECORD_INIT;
        relay->text = EV_BUFFER_INIT(EV_CHAIN_BYTES_MAX);
        /* 0 is a descriptor, too: relay_free() must not close standard input when something below
         * fails. */
        relay->wake[0] = relay->wake[1] = -1;
        relay->producer_topics = calloc(options->topics_count, sizeof(*relay->producer_topics));
        if (!relay->producer_topics)
                return ev_fail_memory("the relay");
        /* Both ends without blocking: librdkafka's thread writes a byte and must never wait for us.
         */
        if (pipe2(relay->wake, O_CLOEXEC | O_NONBLOCK))
                return ev_fail(EV_VERDICT_STOP, "a pipe: %s", strerror(errno));
        find_series(relay);
        r = make_session(relay);
        if (!r)
                r = ev_places_init(&relay->places);
        for (size_t i = 0; !r && i < options->topics_count; ++i)
                r = ev_chain_add_topic(&relay->places.chain, options->topics[i].name,
                                       options->topics[i].partitions);
        if (r)
                return ev_trace(r);
        *ret_relay = relay;
        relay = NULL;
        return 0;
}

/* Asks the cluster what the topic is like, and refuses what it should not be. A fact of any size that a worker commits must fit. Done before a row is read, because a topic with another number of partitions would take records and scatter their
 * keys, and nobody could undo that. */
static int open_topic(struct ev_relay *relay, const struct ev_relay_topic *topic,
                      int32_t record_bytes_max, size_t *ret_topic)
{
        struct ev_kafka *kafka = ev_producer_kafka(relay->producer);
        int32_t bytes_max = relay->options->topic_bytes_max;
        struct ev_kafka_topic found = { .name = topic->name, .message_bytes_max = bytes_max };
        int r = ev_kafka_load_partitions(kafka, &found, 1);

        assert(topic->name);

        if (!r)
                r = ev_kafka_expect_partitions(&found, topic->partitions);
        if (!r && !bytes_max)
                r = ev_kafka_load_limits(kafka, &found, 1);
        if (!r)
                r = ev_kafka_expect_bytes(&found, record_bytes_max);
        if (!r)
                r = ev_producer_add_topic(relay->producer, &found, ret_topic);
        return ev_trace(r);
}

/* A producer that has seen its topics. A relay that waits has one too, so that it can begin at once
 * when the leader falls silent. */
static int open_producer(struct ev_relay *relay)
{
        const struct ev_relay_options *options = relay->options;
        const struct ev_producer_options producer = {
                .settings = options->kafka,
                .settings_count = options->kafka_count,
                .log = log_kafka,
                .log_context = relay,
                .records_max = options->records_max,
                .bytes_max = options->bytes_max,
                .wake_fd = relay->wake[1],
        };
        int r = ev_producer_new(&relay->producer, &producer);

        assert(relay->wake[1] >= 0);

        for (size_t i = 0; !r && i < options->topics_count; ++i)
                r = open_topic(relay, &options->topics[i], EV_ENVELOPE_FACT_BYTES_MAX,
                               &relay->producer_topics[i]);
        if (!r)
                r = open_topic(relay, &options->dead_letters, 1, &relay->dead_letter_topic);
        return ev_trace(r);
}

/* Listening begins before the first page is read: a commit behind that page is announced, or is on
 * it. */
static int open_session(struct ev_relay *relay)
{
        int r = ev_db_connect(relay->db);

        assert(relay->db);

        if (!r)
                r = ev_feed_check_contract(&relay->ask);
        if (!r)
                r = ev_feed_listen(&relay->ask);
        return ev_trace(r);
}

enum { STOPPED = 1 };

/* Waits until we lead (0) or are told to stop (STOPPED). Each try is a question to the database,
 * which keeps the follower's own session alive, and polling the producer serves its logs and finds
 * a client that has failed while there is nothing to do. */
static int follow(struct ev_relay *relay)
{
        bool leads = false, said = false;
        int32_t pid;
        int r;

        assert(relay->producer);

        for (;;) {
                if (ev_relay_is_stopped(relay, 0))
                        return STOPPED;
                r = ev_feed_lead(&relay->ask, &leads);
                if (r || leads)
                        return ev_trace(r);
                if (!said)
                        ev_log_line(relay->options->log, EV_RELAY_WAITING,
                                    ev_log_text("database", ev_db_name(relay->db)));
                said = true;
                r = ev_feed_unseat(&relay->ask, UNSEAT_MS, &pid);
                if (r)
                        return ev_trace(r);
                if (pid)
                        ev_log_line(relay->options->log, EV_RELAY_UNSEATED, ev_log_int("pid", pid),
                                    ev_log_int("after_ms", UNSEAT_MS));
                r = ev_producer_poll(relay->producer, 0);
                if (r)
                        return ev_trace(r);
                ev_relay_is_stopped(relay, FOLLOW_MS);
        }
}

/* With the epoch, so that the lines of several relays can be put in order. */
static void log_leading(const struct ev_relay *relay)
{
        const struct ev_relay_feed *feeds = relay->feeds;

        assert(ev_relay_check(relay));

        ev_log_line(relay->options->log, EV_RELAY_LEADING,
                    ev_log_text("database", ev_db_name(relay->db)),
                    ev_log_int("outbox", feeds[EV_FEED_OUTBOX].position),
                    ev_log_int("dead_letter", feeds[EV_FEED_DEAD_LETTER].position),
                    ev_log_int("epoch", feeds[EV_FEED_OUTBOX].epoch));
}

/* From connecting to the end of a leadership: 0 when it was told to stop. The short
 * idle_session_timeout is set only behind ev_relay_start(): while that reads the ends of topics it
 * may be silent for longer, and losing the session there would go on for ever. */
static int live(const struct ev_relay_options *options)
{
        _cleanup_(relay_free_p) struct ev_relay *relay = NULL;
        int r = make_relay(&relay, options);

        assert(options);

        if (!r)
                r = open_producer(relay);
        if (!r)
                r = EV_FAULT(clients_made);
        if (!r)
                r = open_session(relay);
        if (!r)
                r = EV_FAULT(database_connected);
        if (!r)
                r = follow(relay);
        if (r == STOPPED)
                return 0;
        if (!r)
                r = ev_relay_start(relay);
        /* From here on silence of 2 s costs us the session, and somebody else goes on. */
        if (!r)
                r = ev_db_script(relay->db, leading_settings, NULL, NULL);
        if (r)
                return ev_trace(r);
        log_leading(relay);
        ev_series_set(relay->series[EV_RELAY_LEADS], 1);
        r = ev_relay_lead(relay);
        ev_series_set(relay->series[EV_RELAY_LEADS], 0);
        return ev_trace(r);
}

/* Somewhere between half and all of it, so that relays that failed together do not come together.
 */
static int with_jitter(int ms)
{
        assert(ms > 1);

        return ms / 2 + (int)(ev_clock_monotonic_micros() % (ms / 2 + 1));
}

/* The sums of all lives of this process: what came in and went out must agree, and whoever looks
 * for a lost record begins here. */
static void log_stopped(const struct ev_relay_options *options)
{
        static const enum ev_relay_metric told[] = { EV_RELAY_PUBLISHED, EV_RELAY_ACKNOWLEDGED,
                                                     EV_RELAY_SKIPPED, EV_RELAY_GAPS,
                                                     EV_RELAY_WAITS };
        static const char *const keys[] = { "published", "acknowledged", "skipped", "gaps",
                                            "waits" };
        struct ev_log_field fields[EV_ARRAY_SIZE(told)];

        assert(options->metrics);

        static_assert(EV_ARRAY_SIZE(told) == EV_ARRAY_SIZE(keys), "a key for each metric");

        for (size_t i = 0; i < EV_ARRAY_SIZE(told); ++i)
                fields[i] =
                        ev_log_int(keys[i],
                                   ev_series_value(ev_metrics_single(options->metrics, told[i])));
        ev_log_write(options->log, EV_RELAY_STOPPED, fields, EV_ARRAY_SIZE(fields));
}

/* The pause doubles with each failure and begins anew after a life that was worth the name, so a
 * server that is away for an hour is asked every two seconds, and one that stumbles once is back at
 * once. */
int ev_relay_run(const struct ev_relay_options *options)
{
        const struct ev_relay shell = { .options = options }; /* between two lives */
        int backoff_ms = BACKOFF_MS;

        assert(options->records_max > 0 && options->bytes_max > 0 && options->page_rows > 0);
        assert(options->topics_count > 0 && options->dead_letters.name);

        while (!ev_relay_is_stopped(&shell, 0)) {
                int64_t begun = ev_clock_monotonic_micros();
                int r = live(options);

                assert(backoff_ms <= BACKOFF_MS_MAX);

                if (!r)
                        break;
                /* AGAIN and RECORD do not come out of here; if one ever did, stopping shows the
                 * mistake. */
                if (ev_error_last()->verdict != EV_VERDICT_RETRY) {
                        ev_log_error(options->log, EV_RELAY_HALTED, ev_log_bool("again", false));
                        return ev_trace(r);
                }
                if (ev_clock_monotonic_micros() - begun > GOOD_MS * EV_MICROS_PER_MS)
                        backoff_ms = BACKOFF_MS;
                ev_series_add(ev_metrics_single(options->metrics, EV_RELAY_FAILURES), 1);
                ev_log_error(options->log, EV_RELAY_TROUBLE, ev_log_int("again_ms", backoff_ms));
                ev_relay_is_stopped(&shell, with_jitter(backoff_ms));
                backoff_ms = backoff_ms * 2 < BACKOFF_MS_MAX ? backoff_ms * 2 : BACKOFF_MS_MAX;
        }
        log_stopped(options);
        return 0;
}
