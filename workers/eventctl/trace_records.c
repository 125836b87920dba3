/* Where events of other systems lie on their topics, for `trace`.
 *
 * An event is looked for in the partition of its fact's key, from a minute before it was taken on:
 * that finds it unless its producer chose another key or the worker was behind by more, and then its
 * place stays unknown. Kafka is asked for ends and records only, and nothing is committed. */

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"
#include "topic_list.h"
#include "trace.h"
#include "wire/reader.h"

enum {
        BEFORE_MS = 60 * 1000, /* a worker that is not behind takes a record within a second */
        AFTER_MS = 1000,       /* clocks of producers and of PostgreSQL differ */
        RECORDS_MAX = 100000,  /* looked at for one event */
        LOOK_MS = 200,
};

static bool has_header(const struct ev_message *message, struct ev_str name, struct ev_str value)
{
        assert(name.size > 0);

        for (size_t i = 0; i < message->headers_count; ++i) {
                struct ev_str is = { (const char *)message->headers[i].value.data,
                                     message->headers[i].value.size };

                if (ev_str_equal(message->headers[i].name, name) && ev_str_equal(is, value))
                        return true;
        }
        return false;
}

/* The first occurrence counts: others are deliveries again. */
static bool is_it(const struct ev_message *message, const struct ev_event *event)
{
        assert(!ev_str_is_null(event->id));

        return has_header(message, EV_STR("ce_id"), event->id) &&
               has_header(message, EV_STR("ce_source"), event->source);
}

/* Reads until it is found, or until what was sent after it was taken. */
static int search(struct ev_reader *reader, struct ev_messages *messages, struct trace_step *step)
{
        int64_t taken_ms = step->at / EV_MICROS_PER_MS;
        int r = 0;

        assert(step->offset < 0);

        for (int64_t seen = 0; seen < RECORDS_MAX && (r == 0 || r == EV_READER_IDLE); ++seen) {
                r = ev_reader_next(reader, LOOK_MS, messages);
                if (r != 0 || messages->count == 0)
                        continue;
                if (messages->items[0].timestamp_ms > taken_ms + AFTER_MS)
                        break;
                if (!is_it(&messages->items[0], &step->line.event))
                        continue;
                step->offset = messages->items[0].offset;
                step->sent_at = messages->items[0].timestamp_ms * EV_MICROS_PER_MS;
                break;
        }
        return r < 0 ? ev_trace(r) : 0;
}

static int find_record(struct ev_kafka *kafka, struct ev_messages *messages,
                       struct trace_step *step)
{
        _cleanup_(ev_reader_free_p) struct ev_reader *reader = NULL;
        char topic[TOPIC_NAME_MAX];
        int r;

        assert(step->kind == TRACE_INGRESS && step->partition >= 0);

        snprintf(topic, sizeof(topic), "%.*s", EV_STR_ARG(step->topic));
        r = ev_reader_new(&reader, kafka, true);
        if (r == 0)
                r = ev_reader_add_partition(reader, topic, step->partition,
                                            step->at / EV_MICROS_PER_MS - BEFORE_MS);
        if (r == 0)
                r = search(reader, messages, step);
        ev_messages_release(messages);
        return ev_trace(r);
}

/* The first failure ends it: what is wrong with one is wrong with all. */
void trace_find_records(struct trace *trace, const struct ev_config *config)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = NULL;
        _cleanup_messages_ struct ev_messages messages = { 0 };
        int r = 0;

        assert(trace->count <= TRACE_STEPS_MAX);

        if (!cluster_is_configured(config))
                return;
        r = cluster_make(config, &kafka);
        if (r == 0)
                r = ev_messages_init(&messages, 1);
        for (size_t i = 0; r == 0 && i < trace->count; ++i)
                if (trace->steps[i].kind == TRACE_INGRESS && trace->steps[i].partition >= 0)
                        r = find_record(kafka, &messages, &trace->steps[i]);
        if (r < 0)
                snprintf(trace->kafka_error, sizeof(trace->kafka_error), "%s",
                         ev_error_last()->text);
}
