/* Where events lie on their topics, for `trace`.
 *
 * An event of another system is looked for in the partition of its fact's key, from a minute before
 * it was taken on: that finds it unless its producer chose another key or the worker was behind by
 * more, and then its place stays unknown. A fact is looked for in the partition of its key from its
 * own time on, which its record has, or, by the topic's clock, a later one; numbers rise in a
 * partition, so that one behind it ends the search. Kafka is asked for ends and records only, and
 * nothing is committed. */

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"
#include "topic_list.h"
#include "trace.h"
#include "wire/message.h"
#include "wire/reader.h"

enum {
        BEFORE_MS = 60 * 1000, /* a worker that is not behind takes a record within a second */
        AFTER_MS = 1000,       /* clocks of producers and of PostgreSQL differ */
        NEAR_MS = 2000,        /* the next fact of a partition is read on to, and not looked up */
        RECORDS_MAX = 100000,  /* looked at for one event */
        LOOKS_MAX = 100,       /* of one call, each up to half a second */
        LOOK_MS = 200,
};

/* What is read on from one event to the next. */
struct search {
        struct ev_kafka *kafka;
        struct ev_messages messages; /* one; it may be still to be looked at */
        struct ev_reader *reader;    /* NULL: none */
        struct ev_str topic;         /* of the reader */
        int32_t partition;
        int64_t at_ms; /* of the last event that was found by it */
        int looks;
};

static void search_done(struct search *search)
{
        assert(search);

        ev_messages_done(&search->messages);
        ev_reader_free(search->reader);
        ev_kafka_free(search->kafka);
}

/* The first occurrence counts: others are deliveries again. */
static bool is_it(const struct ev_message *message, const struct ev_event *event)
{
        assert(!ev_str_is_null(event->id));

        return ev_str_equal(ev_message_find(message, EV_STR("ce_id")), event->id) &&
               ev_str_equal(ev_message_find(message, EV_STR("ce_source")), event->source);
}

/* Whether what is looked for cannot come any more. */
static bool is_behind(const struct ev_message *message, const struct trace_step *step)
{
        int64_t sequence;

        assert(step->kind <= TRACE_FACT);

        if (step->kind == TRACE_INGRESS)
                return message->timestamp_ms > step->at / EV_MICROS_PER_MS + AFTER_MS;
        return ev_str_equal(ev_message_find(message, EV_STR("ce_source")),
                            step->line.event.source) &&
               ev_str_to_int64(ev_message_find(message, EV_STR("ce_sequence")), &sequence) &&
               sequence > step->seq;
}

/* Reads until it is found or cannot come any more. A record that was read and is another one stays,
 * to be the next that is looked for. */
static int read_on(struct search *search, struct trace_step *step)
{
        struct ev_messages *messages = &search->messages;
        int r = 0;

        assert(step->offset < 0);

        for (int64_t seen = 0; seen < RECORDS_MAX && (r == 0 || r == EV_READER_IDLE); ++seen) {
                if (messages->count > 0 && is_it(&messages->items[0], &step->line.event)) {
                        step->offset = messages->items[0].offset;
                        step->sent_at = messages->items[0].timestamp_ms * EV_MICROS_PER_MS;
                        search->at_ms = step->at / EV_MICROS_PER_MS;
                        return 0;
                }
                if (messages->count > 0 && is_behind(&messages->items[0], step))
                        return 0;
                r = ev_reader_next(search->reader, LOOK_MS, messages);
        }
        return r < 0 ? ev_trace(r) : 0;
}

/* A new reader from that time on. */
static int look_up(struct search *search, const struct trace_step *step, int64_t from_ms)
{
        char topic[TOPIC_NAME_MAX];
        int r;

        assert(step->partition >= 0);

        if (search->looks++ == LOOKS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d are looked for", LOOKS_MAX);
        ev_messages_release(&search->messages);
        search->reader = ev_reader_free(search->reader);
        search->topic = step->topic;
        search->partition = step->partition;
        snprintf(topic, sizeof(topic), "%.*s", EV_STR_ARG(step->topic));
        r = ev_reader_new(&search->reader, search->kafka, true);
        if (r == 0)
                r = ev_reader_add_partition(search->reader, topic, step->partition, from_ms);
        return ev_trace(r);
}

/* What lies near behind what was found last is read on to, since to look up a place costs more than
 * to read some hundred records. */
static int find_record(struct search *search, struct trace_step *step)
{
        int64_t at_ms = step->at / EV_MICROS_PER_MS;
        bool is_near = step->kind == TRACE_FACT && search->reader &&
                       step->partition == search->partition &&
                       ev_str_equal(step->topic, search->topic) && at_ms >= search->at_ms &&
                       at_ms <= search->at_ms + NEAR_MS;
        int r = 0;

        assert(search->kafka);

        if (!is_near)
                r = look_up(search, step, step->kind == TRACE_FACT ? at_ms : at_ms - BEFORE_MS);
        search->at_ms = at_ms;
        return r < 0 ? ev_trace(r) : ev_trace(read_on(search, step));
}

/* Whether there is something to look for. What lies aside says its place itself, and a fact that is
 * not published has none yet. */
static bool is_wanted(const struct trace_step *step, bool facts)
{
        assert(step->database);

        return step->partition >= 0 &&
               (facts ? step->kind == TRACE_FACT && step->published : step->kind == TRACE_INGRESS);
}

/* One topic and partition after the other, so that what lies side by side is read once. Steps come
 * in the order of time. */
static int find_all(struct search *search, struct trace *trace, bool facts)
{
        int r = 0;

        assert(trace->count <= TRACE_STEPS_MAX);

        for (size_t i = 0; r == 0 && i < trace->count; ++i)
                for (size_t k = i; r == 0 && k < trace->count; ++k) {
                        struct trace_step *step = &trace->steps[k];

                        if (is_wanted(step, facts) && !step->is_looked_for &&
                            step->partition == trace->steps[i].partition &&
                            ev_str_equal(step->topic, trace->steps[i].topic)) {
                                step->is_looked_for = true;
                                r = find_record(search, step);
                        }
                }
        return ev_trace(r);
}

/* The first failure ends it: what is wrong with one is wrong with all. */
void trace_find_records(struct trace *trace, const struct ev_config *config)
{
        _cleanup_(search_done) struct search search = { 0 };
        int r;

        assert(trace->count <= TRACE_STEPS_MAX);

        if (!cluster_is_configured(config))
                return;
        r = cluster_make(config, &search.kafka);
        if (r == 0)
                r = ev_messages_init(&search.messages, 1);
        if (r == 0)
                r = find_all(&search, trace, false);
        if (r == 0)
                r = find_all(&search, trace, true);
        if (r < 0)
                snprintf(trace->kafka_error, sizeof(trace->kafka_error), "%s",
                         ev_error_last()->text);
}
