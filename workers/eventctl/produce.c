/* eventctl produce: events from lines of JSON to an ingress topic, each acknowledged by all in-sync
 * replicas.
 *
 * Lines are sent in their order, pipelined. The first that is wrong ends it: those before it are
 * waited for, none behind it is sent, and the count of acknowledged ones is told, which are then
 * the lines before it. If the process dies, a beginning of the lines is on the topic, of unknown
 * length; lines with ids of their own may be sent again, as their readers know them.
 *
 * Facts and dead letters are refused: only relays write there. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/macro.h"
#include "cluster.h"
#include "command.h"
#include "event_line.h"
#include "flow/settings.h"
#include "input.h"
#include "progress.h"
#include "topic_list.h"
#include "wire/partition.h"
#include "wire/producer.h"

enum {
        IN_FLIGHT_RECORDS = 2000,
        IN_FLIGHT_BYTES = 8 * 1024 * 1024,
        LOOK_MS = 100, /* between two looks at input, acknowledgements and a stop */
        ARENA_BYTES = 64 * 1024 * 1024, /* of one line, as structs */
};

struct production {
        char topic[TOPIC_NAME_MAX];
        bool is_ours, is_dry;
        struct event_target target;
        struct ev_producer *producer; /* NULL in a dry run */
        size_t topic_index;
        int32_t partitions;
        struct ev_buffer bytes;
        struct ev_envelope envelope;
        struct input input;
        struct progress_bar bar;
        int64_t good; /* lines that could be sent */
        int64_t acknowledged;
        int64_t last_news; /* monotonic, µs: when an acknowledgement came last */
};

/* The producer may hold records that nobody will acknowledge any more: freeing drops them. */
static void production_done(struct production *production)
{
        assert(production);

        progress_end(&production->bar);
        ev_producer_free(production->producer);
        ev_arena_free(production->target.arena);
        ev_buffer_done(&production->bytes);
        input_done(&production->input);
}

/* Only ingress topics of ours, and topics that are not ours at all. */
static enum command_exit choose_topic(const struct command_input *input,
                                      struct production *production)
{
        static struct topic_list list; /* large */
        const struct topic *topic;

        assert(input->operand);

        topic_list_make(&list);
        if (!topic_list_name(&list, input->operand, production->topic)) {
                fprintf(stderr, "eventctl: \"%s\" is no name of a topic\n", input->operand);
                return COMMAND_USAGE;
        }
        topic = topic_list_find(&list, production->topic);
        production->is_ours = topic != NULL;
        if (!topic || topic->kind == TOPIC_INGRESS)
                return COMMAND_DONE;
        fprintf(stderr, "eventctl: refused: only %s writes to %s\n",
                topic->kind == TOPIC_CHECKPOINTS ? "a sealer" : "a relay", production->topic);
        return COMMAND_REFUSED;
}

/* The topic as the cluster has it. Of ours the number of partitions is the contract's: with another
 * one keys would go elsewhere than those of other producers. */
static int find_topic(const struct command_input *input, struct production *production)
{
        struct ev_kafka_topic topic = { .name = production->topic };
        int r = cluster_add_topic(input->config, production->producer, production->topic,
                                  &topic.partitions, &production->topic_index);

        assert(!production->is_dry);

        if (r == 0 && production->is_ours)
                r = ev_kafka_expect_partitions(&topic,
                                               (int32_t)ev_config_integer(input->config,
                                                                          "relay.fact_partitions"));
        production->partitions = topic.partitions;
        return ev_trace(r);
}

static enum command_exit open_producer(const struct command_input *input,
                                       struct production *production)
{
        assert(!production->producer);

        if (!cluster_is_configured(input->config)) {
                cluster_complain_unconfigured();
                return COMMAND_USAGE;
        }
        if (cluster_make_producer(input->config, IN_FLIGHT_RECORDS, IN_FLIGHT_BYTES,
                                  &production->producer) < 0) {
                command_complain();
                return COMMAND_USAGE;
        }
        if (find_topic(input, production) == 0)
                return COMMAND_DONE;
        return command_fail();
}

/* Serves acknowledgements and counts them, waiting at most wait_ms for one. */
static int serve(struct production *production, int wait_ms)
{
        struct ev_sent sent;
        int r;

        assert(production->acknowledged <= production->good);

        if (production->is_dry)
                return 0;
        r = ev_producer_poll(production->producer, wait_ms);
        while (ev_producer_take(production->producer, &sent)) {
                ++production->acknowledged;
                production->last_news = ev_clock_monotonic_micros();
        }
        progress_show(&production->bar, production->input.consumed,
                      (uint64_t)production->acknowledged);
        return ev_trace(r);
}

/* Records without a key go round, as no order is asked for. */
static int32_t partition_for(const struct production *production, struct ev_str key)
{
        assert(production->partitions > 0);

        if (ev_str_is_null(key))
                return (int32_t)(production->good % production->partitions);
        return ev_partition_of(key, production->partitions);
}

/* The timestamp is the present: by it the topic's retention counts, and an event that happened a
 * year ago must not be gone at once. 0, INPUT_STOPPED, or EV_FAILED. */
static int send_event(struct production *production, const struct event_line *line)
{
        const struct ev_outgoing record = {
                .sequence = production->input.lines,
                .topic = production->topic_index,
                .partition = partition_for(production, line->event.key),
                .timestamp_ms = ev_clock_real_micros() / EV_MICROS_PER_MS,
                .key = line->event.key,
                .value = { production->bytes.data, production->bytes.size },
                .headers = production->envelope.headers,
                .headers_count = production->envelope.count,
        };
        int r;

        assert(production->producer);

        while ((r = ev_producer_send(production->producer, &record)) == EV_PRODUCER_FULL) {
                r = serve(production, LOOK_MS);
                if (r < 0)
                        return ev_trace(r);
                if (command_is_stopped(production->input.stop_fd))
                        return INPUT_STOPPED;
                cluster_explain_silence(production->producer, &production->bar,
                                        &production->last_news);
        }
        return ev_trace(r);
}

/* One line. Empty ones are passed over: files end with them. */
static int take_line(struct production *production, struct ev_str text)
{
        struct event_line line;
        int r;

        assert(production->target.arena);

        if (text.size == 0)
                return 0;
        ev_arena_reset(production->target.arena);
        r = event_line_read(&production->target, text, &production->bytes, &production->envelope,
                            &line);
        if (r < 0)
                return ev_fail_while("line %" PRId64, production->input.lines);
        if (!production->is_dry) {
                r = send_event(production, &line);
                if (r != 0)
                        return ev_trace(r);
        }
        ++production->good;
        return ev_trace(serve(production, 0));
}

/* Until the end of the input, a stop, or the first failure. */
static int take_lines(struct production *production)
{
        struct ev_str text;
        int r = 0;

        assert(production->good == 0);

        while (r == 0 || r == INPUT_IDLE) {
                r = input_next(&production->input, LOOK_MS, &text);
                if (r == 0)
                        r = take_line(production, text);
                else if (r == INPUT_IDLE && serve(production, 0) < 0)
                        r = EV_FAILED;
        }
        return ev_trace(r);
}

/* Whatever ended the lines, what is in flight is waited for, so that the count is true; a stop
 * gives that up too. */
static int wait_for_acknowledgements(struct production *production)
{
        int r = 0;

        assert(production->acknowledged <= production->good);

        while (r == 0 && !production->is_dry && production->acknowledged < production->good) {
                r = serve(production, LOOK_MS);
                if (r == 0 && command_is_stopped(production->input.stop_fd))
                        return INPUT_STOPPED;
                cluster_explain_silence(production->producer, &production->bar,
                                        &production->last_news);
        }
        return ev_trace(r);
}

/* Talk: how much is on the topic for good, and from which line on to go on. */
static void tell_end(struct production *production, int result)
{
        const char *topic = production->topic;
        int64_t good = production->good, acknowledged = production->acknowledged;

        assert(acknowledged <= good);

        progress_end(&production->bar);
        if (production->is_dry && result == INPUT_END)
                fprintf(stderr, "%" PRId64 " events could be sent to %s; nothing was\n", good,
                        topic);
        else if (!production->is_dry && acknowledged < good)
                fprintf(stderr,
                        "%" PRId64 " of %" PRId64 " events sent were acknowledged by %s; what "
                        "became of the others is not known\n",
                        acknowledged, good, topic);
        else if (!production->is_dry)
                fprintf(stderr, "%" PRId64 " events acknowledged by %s\n", acknowledged, topic);
        if (result < 0 && !production->is_dry)
                fprintf(stderr, "line %" PRId64 " and those behind it were not sent\n",
                        production->input.lines);
}

/* The first failure is told before the rest is waited for: the present error may be replaced. */
static enum command_exit run(struct production *production)
{
        int r = take_lines(production);
        int waited = 0;

        assert(r != 0);

        progress_end(&production->bar);
        if (r < 0)
                command_complain();
        else if (r == INPUT_STOPPED)
                fputs("eventctl: stopped\n", stderr);
        if (r != INPUT_STOPPED)
                waited = wait_for_acknowledgements(production);
        if (waited < 0 && r >= 0)
                command_complain();
        tell_end(production, r);
        return r == INPUT_END && waited == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

/* Standard input is read only when everything else is known to be right. */
enum command_exit produce(const struct command_input *input)
{
        const char *source = command_value(input, "source");
        _cleanup_(production_done) struct production production = {
                .bytes = EV_BUFFER_INIT(EV_FACT_BYTES_MAX + EV_FRAME_ID_BYTES),
                .last_news = ev_clock_monotonic_micros(),
        };
        enum command_exit exit = choose_topic(input, &production);
        int stop_fd = -1;

        assert(input->operand);

        if (exit != COMMAND_DONE)
                return exit;
        production.is_dry = command_value(input, "dry-run") != NULL;
        if (ev_settings_stop_fd(&stop_fd) < 0 ||
            ev_arena_new(&production.target.arena, ARENA_BYTES) < 0)
                return command_fail();
        production.target.topic = production.topic;
        production.target.takes_its_own = production.is_ours;
        production.target.source = ev_str_of(source && *source ? source : "/eventctl");
        production.input = INPUT_INIT(STDIN_FILENO, stop_fd);
        if (!production.is_dry)
                exit = open_producer(input, &production);
        if (exit != COMMAND_DONE)
                return exit;
        progress_begin(&production.bar, "events acknowledged", STDIN_FILENO);
        return run(&production);
}
