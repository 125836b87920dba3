/* What a relay tells its log and its metrics, one table each. Nothing is stored here.
 *
 * Texts of log events are for the person who is woken by them: what it means and what to do.
 * Names are part of what operators build on (searches, alerts, dashboards), so a name is never
 * given another meaning. Metrics belong to a process and begin at 0 with it; what a database has
 * published in all its life is its position. */

#include "flow/relay.h"

const struct ev_log_event ev_relay_log_events[EV_RELAY_EVENTS] = {
        [EV_RELAY_WAITING] = { "relay_waiting", EV_LOG_INFO, 0,
                               "Another relay leads this database; this one takes over when that "
                               "one falls silent." },
        [EV_RELAY_LEADING] = { "relay_leading", EV_LOG_INFO, 0,
                               "This relay publishes from now on, behind the positions named." },
        [EV_RELAY_UNSEATED] = { "relay_unseated", EV_LOG_WARNING, 0,
                                "The leader took nothing from the server and its session was "
                                "ended: look whether that process was stopped or its machine is "
                                "out of memory." },
        /* The number behind the level is how many lines of the kind a window of the log may hold;
         * 0: all of them. Events that repeat with a server's trouble are bounded, those that happen
         * once a life are not. */
        [EV_RELAY_WRITER_SLOW] = { "relay_writer_slow", EV_LOG_WARNING, 10,
                                   "A transaction that has inserted into the outbox is still open "
                                   "and holds up all facts behind it: look at that process." },
        [EV_RELAY_WRITER_ENDED] = { "relay_writer_ended", EV_LOG_ERROR, 0,
                                    "Such a transaction was ended after relay.writer_ms_max; what "
                                    "it had done is rolled back." },
        [EV_RELAY_FORK_ACCEPTED] = { "relay_fork_accepted", EV_LOG_WARNING, 0,
                                     "By relay.accept_fork: facts of a lost timeline are void. "
                                     "Take "
                                     "the setting away again." },
        [EV_RELAY_TROUBLE] = { "relay_trouble", EV_LOG_WARNING, 20,
                               "A server failed or was not there; the relay starts again after a "
                               "pause, for as long as it takes." },
        [EV_RELAY_HALTED] = { "relay_halted", EV_LOG_ERROR, 0,
                              "The relay has ended; a setting, a topic or a row needs a person. "
                              "Nothing behind it is published until then." },
        [EV_RELAY_STOPPED] = { "relay_stopped", EV_LOG_INFO, 0,
                               "The relay has ended because it was told to." },
        [EV_RELAY_KAFKA_COMPLAINT] = { "relay_kafka_complaint", EV_LOG_WARNING, 5,
                                       "librdkafka complains; while brokers are away records wait, "
                                       "and nothing is lost." },
        [EV_RELAY_KAFKA] = { "relay_kafka", EV_LOG_DEBUG, 0, "A line of librdkafka's log." },
};

const struct ev_metric ev_relay_metrics[EV_RELAY_METRICS] = {
        [EV_RELAY_PUBLISHED] = { .name = "quenty_relay_published_total",
                                 .type = EV_METRIC_COUNTER,
                                 .help = "Records handed to Kafka." },
        /* Within one leadership published plus skipped minus this is what is in flight. One that
         * ends by trouble drops what it had in flight, and the next one counts those rows again. */
        [EV_RELAY_ACKNOWLEDGED] = { .name = "quenty_relay_acknowledged_total",
                                    .type = EV_METRIC_COUNTER,
                                    .help = "Rows whose record all in-sync replicas have, found "
                                            "there "
                                            "or published." },
        [EV_RELAY_SKIPPED] = { .name = "quenty_relay_skipped_total",
                               .type = EV_METRIC_COUNTER,
                               .help = "Rows found on their topic when a leader began." },
        /* One for each number: mostly a transaction that was rolled back after its insert. A rate
         * far above that of failures means a program that uses rollbacks as a habit. */
        [EV_RELAY_GAPS] = { .name = "quenty_relay_gaps_total",
                            .type = EV_METRIC_COUNTER,
                            .help = "Outbox numbers that will never come." },
        /* One wait settles every hole below the largest number, so this is far below the number of
         * transactions, also under load. */
        [EV_RELAY_WAITS] = { .name = "quenty_relay_waits_total",
                             .type = EV_METRIC_COUNTER,
                             .help = "Times that open transactions of writers were waited for." },
        [EV_RELAY_WRITERS_ENDED] = { .name = "quenty_relay_writers_ended_total",
                                     .type = EV_METRIC_COUNTER,
                                     .help = "Sessions ended because they held up the outbox." },
        [EV_RELAY_STARTS] = { .name = "quenty_relay_starts_total",
                              .type = EV_METRIC_COUNTER,
                              .help = "Times that this relay became the leader." },
        [EV_RELAY_FAILURES] = { .name = "quenty_relay_failures_total",
                                .type = EV_METRIC_COUNTER,
                                .help = "Times that it started again after trouble." },
        /* The sum over the relays of one database is 1, and 0 for the seconds of a takeover. Alert
         * on its staying 0. */
        [EV_RELAY_LEADS] = { .name = "quenty_relay_leads",
                             .type = EV_METRIC_GAUGE,
                             .help = "1 while this relay leads." },
        [EV_RELAY_POSITION] = { .name = "quenty_relay_position",
                                .type = EV_METRIC_GAUGE,
                                .help = "Every number up to here is on its topic.",
                                .labels = { "feed" },
                                .series_max = 2 },
};
