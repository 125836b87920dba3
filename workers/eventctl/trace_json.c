/* A story for programs.
 *
 * Names of members are a promise: what a script reads today it reads tomorrow, so members are added
 * and none is ever taken away. Data are the JSON form of events, in which secrets are stars.
 *
 * Pure: steps in, JSON out. It is written at once when it is whole; who dies before has shown
 * nothing. */

#include <assert.h>

#include "base/clock.h"
#include "base/json.h"
#include "output.h"
#include "store/db.h"
#include "trace.h"
#include "wire/form.h"

/* A number that is null below 0. */
static void name_number(struct ev_json_writer *writer, const char *name, int64_t number)
{
        assert(name);

        ev_json_write_name(writer, ev_str_of(name));
        if (number < 0)
                ev_json_write_null(writer);
        else
                ev_json_write_int(writer, number);
}

/* As the column of ev.outbox_events has it. */
static struct ev_str outcome_name(enum ev_outcome outcome)
{
        static const char *const names[] = { "", "accepted", "refused", "repeated" };

        assert(outcome <= EV_OUTCOME_REPEATED);

        return outcome == EV_OUTCOME_NONE ? EV_STR_NULL : ev_str_of(names[outcome]);
}

/* A number of any sign, or null. */
static void name_time(struct ev_json_writer *writer, const char *name, int64_t micros)
{
        assert(name);

        ev_json_write_name(writer, ev_str_of(name));
        if (micros == TRACE_NO_TIME)
                ev_json_write_null(writer);
        else
                ev_json_write_int(writer, micros);
}

/* Every step has every member, so that programs need not ask what kind has which. */
static void write_step(const struct trace *trace, const struct trace_step *step,
                       struct ev_json_writer *writer)
{
        const struct ev_event *event = &step->line.event;
        char at[EV_INSTANT_TEXT_MAX];

        assert(step->database);

        ev_json_object_begin(writer);
        output_name_text(writer, "kind", ev_str_of(trace_kind_name(step->kind)));
        output_name_text(writer, "at", (struct ev_str){ at, ev_instant_format(step->at, at) });
        name_number(writer, "after_us", step->at - trace->steps[0].at);
        name_number(writer, "cause", step->cause);
        name_number(writer, "depth", step->depth);
        name_time(writer, "latency_us", trace_latency(trace, step));
        name_time(writer, "published_us", trace_publishing(step));
        output_name_text(writer, "type", event->type);
        output_name_text(writer, "subject", event->subject);
        output_name_text(writer, "id", event->id);
        output_name_text(writer, "source", event->source);
        output_name_text(writer, "correlation", event->correlation_id);
        output_name_text(writer, "causation", event->causation_id);
        output_name_text(writer, "causation_source", event->causation_source);
        output_name_text(writer, "outcome", outcome_name(event->outcome));
        output_name_text(writer, "database", ev_str_of(step->database));
        name_number(writer, "seq", step->seq > 0 ? step->seq : -1);
        ev_json_write_name(writer, EV_STR("published"));
        if (step->kind == TRACE_FACT)
                ev_json_write_bool(writer, step->published);
        else
                ev_json_write_null(writer);
        output_name_text(writer, "topic", step->topic);
        name_number(writer, "partition", step->partition);
        name_number(writer, "offset", step->offset);
        output_name_text(writer, "sent_at",
                         step->sent_at > 0
                                 ? (struct ev_str){ at, ev_instant_format(step->sent_at, at) }
                                 : EV_STR_NULL);
        output_name_text(writer, "reason", step->reason);
        output_name_text(writer, "detail", step->detail);
        ev_json_write_name(writer, EV_STR("data"));
        if (step->line.value)
                ev_form_write(step->line.record, step->line.value, writer);
        else
                ev_json_write_null(writer);
        ev_json_object_end(writer);
}

/* The row under the names of its columns, which are all texts or counts; null if there is none. */
static void name_row(struct ev_json_writer *writer, const char *name, const struct ev_result *row,
                     const char *const *columns, size_t texts, size_t count)
{
        assert(texts <= count);

        ev_json_write_name(writer, ev_str_of(name));
        if (!row || ev_result_rows(row) == 0) {
                ev_json_write_null(writer);
                return;
        }
        ev_json_object_begin(writer);
        for (size_t i = 0; i < count; ++i) {
                if (i < texts)
                        output_name_text(writer, columns[i], ev_result_text(row, 0, i));
                else
                        name_number(writer, columns[i], ev_result_int8(row, 0, i));
        }
        ev_json_object_end(writer);
}

/* Members are added and never taken away or renamed. `steps` keeps the order of time: the tree is
 * in the numbers of `cause`. */
int trace_write_json(const struct trace *trace, struct ev_buffer *out)
{
        static const char *const order[] = { "company_id",   "customer_id",    "status",
                                             "total_amount", "currency",       "lines",
                                             "open_pieces",  "consumed_pieces" };
        static const char *const manifest[] = {
                "status",   "tracking_number", "total_value",
                "currency", "origin_country",  "destination_country"
        };
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(out);

        assert(trace && out);

        ev_json_object_begin(&writer);
        output_name_text(&writer, "id", trace->id);
        output_name_text(&writer, "order_number", trace->order_number);
        name_row(&writer, "order", trace->order, order, 5, EV_ARRAY_SIZE(order));
        name_row(&writer, "manifest", trace->manifest, manifest, EV_ARRAY_SIZE(manifest),
                 EV_ARRAY_SIZE(manifest));
        ev_json_write_name(&writer, EV_STR("errors"));
        ev_json_object_begin(&writer);
        for (size_t i = 0; i < DATABASES; ++i)
                if (trace->errors[i][0])
                        output_name_text(&writer, database_names[i], ev_str_of(trace->errors[i]));
        if (trace->kafka_error[0])
                output_name_text(&writer, "kafka", ev_str_of(trace->kafka_error));
        ev_json_object_end(&writer);
        ev_json_write_name(&writer, EV_STR("steps"));
        ev_json_array_begin(&writer);
        for (size_t i = 0; i < trace->count; ++i)
                write_step(trace, &trace->steps[i], &writer);
        ev_json_array_end(&writer);
        ev_json_object_end(&writer);
        if (ev_json_writer_end(&writer) < 0)
                return ev_trace(EV_FAILED);
        return ev_trace(ev_buffer_append(out, "\n", 1));
}
