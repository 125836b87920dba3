/* How the story of an order is told. Pure: steps in, text out. */

#include "trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "output.h"
#include "schemas/registry.h"
#include "store/db.h"
#include "tail.h"
#include "types.h"
#include "wire/form.h"

enum { MS_TEXT_SIZE = 23 }; /* "2025-01-31T23:59:59.000" */

static const char *const kind_names[] = {
        [TRACE_INGRESS] = "ingress", [TRACE_FACT] = "fact",        [TRACE_PARKED] = "parked",
        [TRACE_WAITING] = "waiting", [TRACE_DEAD] = "dead_letter",
};

/* A cause and its effects have one time, that of their transaction; so the kinds' order counts
 * next, and the numbers of facts last. */
static int compare(const void *a, const void *b)
{
        const struct trace_step *one = a, *other = b;
        bool one_is_cause = one->kind == TRACE_INGRESS,
             other_is_cause = other->kind == TRACE_INGRESS;

        assert(one->database && other->database);

        if (one->at != other->at)
                return one->at < other->at ? -1 : 1;
        if (one_is_cause != other_is_cause)
                return one_is_cause ? -1 : 1;
        if (one->seq != other->seq)
                return one->seq < other->seq ? -1 : 1;
        return strcmp(one->database, other->database);
}

void trace_sort(struct trace *trace)
{
        assert(trace->count <= TRACE_STEPS_MAX);

        qsort(trace->steps, trace->count, sizeof(trace->steps[0]), compare);
}

/* A text field of the value; null if the record has none of that name. */
static struct ev_str text_field(const struct event_line *line, struct ev_str name)
{
        const struct ev_field *field = line->record ? ev_record_field(line->record, name) : NULL;

        assert(name.size > 0);

        if (!field || field->type != EV_TYPE_STRING || !line->value)
                return EV_STR_NULL;
        return *(const struct ev_str *)(const void *)((const char *)line->value + field->offset);
}

/* A refusal and a repeat name the request. Another outcome is that of one type of request only, if
 * its name stands in the contract of one alone. */
const struct ev_record *trace_cause_of(const struct event_line *outcome)
{
        struct ev_str request = text_field(outcome, EV_STR("request_type"));
        const struct ev_record *found = NULL;

        assert(!ev_str_is_null(outcome->event.type));

        if (outcome->event.outcome == EV_OUTCOME_NONE)
                return NULL;
        if (!ev_str_is_null(request))
                return types_newest(request);
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_record *record = schemas_registry[i].record;
                uint32_t count = record && record->contract ? record->contract->outcomes_count : 0;

                for (uint32_t k = 0; k < count; ++k) {
                        if (!ev_str_equal(record->contract->outcomes[k], outcome->event.type))
                                continue;
                        if (found && found != record)
                                return NULL;
                        found = record;
                }
        }
        return found;
}

/* By the name of the field that the subject comes from; stock is about SKUs and belongs to whatever
 * caused it. */
bool trace_is_of_another(const struct trace *trace, const struct event_line *fact)
{
        const struct ev_record *newest = types_newest(fact->event.type);
        struct ev_str subject = fact->event.subject;

        assert(!ev_str_is_null(trace->order_number));

        if (ev_str_equal(subject, trace->order_number) ||
            ev_str_equal(subject, ev_str_of(trace->manifest_id)))
                return false;
        for (uint32_t i = 0; newest && newest->contract && i < newest->contract->subject_count; ++i)
                if (ev_str_equal(newest->contract->subject[i]->name, EV_STR("order_number")) ||
                    ev_str_equal(newest->contract->subject[i]->name, EV_STR("unique_id")))
                        return true;
        return false;
}

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

static struct ev_str outcome_name(enum ev_outcome outcome)
{
        static const char *const names[] = { "", "accepted", "refused", "repeated" };

        assert(outcome <= EV_OUTCOME_REPEATED);

        return outcome == EV_OUTCOME_NONE ? EV_STR_NULL : ev_str_of(names[outcome]);
}

/* Every step has every member, so that programs need not ask what kind has which. */
static void write_step(const struct trace_step *step, int64_t began, struct ev_json_writer *writer)
{
        const struct ev_event *event = &step->line.event;
        char at[EV_INSTANT_TEXT_MAX];

        assert(step->database);

        ev_json_object_begin(writer);
        output_name_text(writer, "kind", ev_str_of(kind_names[step->kind]));
        output_name_text(writer, "at", (struct ev_str){ at, ev_instant_format(step->at, at) });
        name_number(writer, "after_us", step->at - began);
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
                write_step(&trace->steps[i], trace->steps[0].at, &writer);
        ev_json_array_end(&writer);
        ev_json_object_end(&writer);
        if (ev_json_writer_end(&writer) < 0)
                return ev_trace(EV_FAILED);
        return ev_trace(ev_buffer_append(out, "\n", 1));
}

/* The end of the story first: how it stands now. */
static int put_state(const struct trace *trace, struct ev_buffer *out)
{
        enum { COMPANY, CUSTOMER, STATUS, TOTAL, CURRENCY, LINES, OPEN, CONSUMED };
        int r = ev_buffer_append_str(out, EV_STR("Order "));

        assert(trace->manifest_id[0]);

        if (r == 0)
                r = tail_write_clean(trace->order_number, out);
        if (r == 0 && trace->order && ev_result_rows(trace->order) > 0)
                r = ev_buffer_printf(out,
                                     " of company %.*s: %.*s, %.*s %.*s, %" PRId64
                                     " lines, %" PRId64 " pieces reserved, %" PRId64 " sent\n",
                                     EV_STR_ARG(ev_result_text(trace->order, 0, COMPANY)),
                                     EV_STR_ARG(ev_result_text(trace->order, 0, STATUS)),
                                     EV_STR_ARG(ev_result_text(trace->order, 0, TOTAL)),
                                     EV_STR_ARG(ev_result_text(trace->order, 0, CURRENCY)),
                                     ev_result_int8(trace->order, 0, LINES),
                                     ev_result_int8(trace->order, 0, OPEN),
                                     ev_result_int8(trace->order, 0, CONSUMED));
        else if (r == 0)
                r = ev_buffer_printf(out, ": no such row in order_db\n");
        if (r < 0 || !trace->manifest || ev_result_rows(trace->manifest) == 0)
                return ev_trace(r);
        r = ev_buffer_append_str(out, EV_STR("Manifest "));
        if (r == 0)
                r = tail_write_clean(ev_str_of(trace->manifest_id), out);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(
                               out, ": %.*s, %.*s to %.*s, tracking number %.*s\n",
                               EV_STR_ARG(ev_result_text(trace->manifest, 0, 0)),
                               EV_STR_ARG(ev_result_text(trace->manifest, 0, 4)),
                               EV_STR_ARG(ev_result_text(trace->manifest, 0, 5)),
                               EV_STR_ARG(ev_result_is_null(trace->manifest, 0, 1)
                                                  ? EV_STR("none yet")
                                                  : ev_result_text(trace->manifest, 0, 1))));
}

/* "+15 ms": how long after the first step; whole days for what lies far off. */
static int put_after(int64_t micros, struct ev_buffer *out)
{
        char text[32];

        assert(micros >= 0);

        if (micros < 10 * EV_MICROS_PER_SECOND)
                snprintf(text, sizeof(text), "+%" PRId64 " ms", micros / EV_MICROS_PER_MS);
        else if (micros < 2 * EV_MICROS_PER_DAY)
                snprintf(text, sizeof(text), "+%" PRId64 " s", micros / EV_MICROS_PER_SECOND);
        else
                snprintf(text, sizeof(text), "+%" PRId64 " days", micros / EV_MICROS_PER_DAY);
        return ev_trace(ev_buffer_printf(out, "%9s  ", text));
}

static int put_ingress(const struct trace_step *step, struct ev_buffer *out)
{
        const struct ev_event *event = &step->line.event;
        int r = ev_buffer_append_str(out, ev_str_is_null(event->type)
                                                  ? EV_STR("an event")
                                                  : tail_short_type(event->type));

        assert(step->kind == TRACE_INGRESS);

        if (r == 0)
                r = ev_buffer_append_str(out, EV_STR(" "));
        if (r == 0)
                r = tail_write_clean(event->id, out);
        if (r == 0)
                r = ev_buffer_append_str(out, EV_STR(" from "));
        if (r == 0)
                r = tail_write_clean(event->source, out);
        if (r == 0 && step->offset >= 0)
                r = ev_buffer_printf(out, ", %.*s[%d]@%" PRId64,
                                     EV_STR_ARG(tail_short_topic(step->topic)), step->partition,
                                     step->offset);
        if (r == 0)
                r = ev_buffer_printf(out, ", taken by %s", step->database);
        if (r < 0 || step->sent_at == 0)
                return ev_trace(r);
        return ev_trace(ev_buffer_printf(out, " %" PRId64 " ms after it was sent",
                                         (step->at - step->sent_at) / EV_MICROS_PER_MS));
}

static int put_fact(const struct trace_step *step, struct ev_buffer *out)
{
        int r = 0;

        assert(step->kind == TRACE_FACT);

        r = ev_buffer_printf(out, "  %.*s ", EV_STR_ARG(tail_short_type(step->line.event.type)));
        if (r == 0)
                r = tail_write_clean(step->line.event.subject, out);
        if (r == 0 && step->line.value)
                r = tail_write_fields(&step->line, out);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(out, "  (%s #%" PRId64 ", %.*s[%d]%s)",
                                                 step->database, step->seq,
                                                 EV_STR_ARG(tail_short_topic(step->topic)),
                                                 step->partition,
                                                 step->published ? "" : ", not published yet"));
}

static int put_aside(const struct trace_step *step, struct ev_buffer *out)
{
        static const char *const says[] = {
                [TRACE_PARKED] = "PARKED, waits for a person",
                [TRACE_WAITING] = "waits for what it refers to",
                [TRACE_DEAD] = "DEAD LETTER",
        };
        int r;

        assert(step->kind >= TRACE_PARKED);

        r = ev_buffer_printf(out, "%s: %.*s[%d]@%" PRId64 " in %s: ", says[step->kind],
                             EV_STR_ARG(tail_short_topic(step->topic)), step->partition,
                             step->offset, step->database);
        if (r == 0)
                r = tail_write_clean(step->reason, out);
        if (r == 0 && step->detail.size > 0)
                r = ev_buffer_append_str(out, EV_STR(": "));
        return r < 0 ? ev_trace(r) : ev_trace(tail_write_clean(step->detail, out));
}

static int put_step(const struct trace_step *step, int64_t began, bool is_coloured,
                    struct ev_buffer *out)
{
        bool is_bad = step->kind >= TRACE_PARKED || step->line.event.outcome == EV_OUTCOME_REFUSED;
        bool is_bold = step->kind == TRACE_INGRESS;
        char at[EV_INSTANT_TEXT_MAX];
        int r;

        assert(step->at >= began);

        ev_instant_format(step->at, at);
        r = ev_buffer_printf(out, "%s%.*sZ ",
                             !is_coloured ? ""
                             : is_bad     ? "\033[31m"
                             : is_bold    ? "\033[1m"
                                          : "",
                             MS_TEXT_SIZE, at);
        if (r == 0)
                r = put_after(step->at - began, out);
        if (r == 0)
                r = step->kind == TRACE_INGRESS ? put_ingress(step, out)
                    : step->kind == TRACE_FACT  ? put_fact(step, out)
                                                : put_aside(step, out);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(out, "%s\n",
                                                 is_coloured && (is_bad || is_bold) ? "\033[m"
                                                                                    : ""));
}

int trace_write_text(const struct trace *trace, bool is_coloured, struct ev_buffer *out)
{
        int r = put_state(trace, out);

        assert(trace->count <= TRACE_STEPS_MAX);

        for (size_t i = 0; r == 0 && i < DATABASES; ++i)
                if (trace->errors[i][0])
                        r = ev_buffer_printf(out, "%s: not reached: %s\n", database_names[i],
                                             trace->errors[i]);
        if (r == 0 && trace->kafka_error[0])
                r = ev_buffer_printf(out,
                                     "Kafka: not reached, so places on topics are unknown: %s\n",
                                     trace->kafka_error);
        for (size_t i = 0; r == 0 && i < trace->count; ++i)
                r = put_step(&trace->steps[i], trace->steps[0].at, is_coloured, out);
        return ev_trace(r);
}
