/* A story for people: a tree of causes and effects, a line for each.
 *
 * Whatever a stranger wrote goes through tail_write_clean(), so that no event moves the cursor of
 * who looks into it. Lines are as long as they are: a terminal folds them, and grep finds them.
 *
 * Pure: steps in, text out. Nothing is lost if the process dies. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/db.h"
#include "tail.h"
#include "trace.h"

enum {
        MS_TEXT_SIZE = 23, /* "2025-01-31T23:59:59.000" */
        INDENT_MAX = 20,   /* levels; what is deeper stands there too */
};

/* How the order stands now. */
static int put_order(const struct trace *trace, struct ev_buffer *out)
{
        enum { COMPANY, CUSTOMER, STATUS, TOTAL, CURRENCY, LINES, OPEN, CONSUMED };
        const struct ev_result *order = trace->order;
        int r = ev_buffer_append_str(out, EV_STR("Order "));

        assert(!ev_str_is_null(trace->order_number));

        if (r == 0)
                r = tail_write_clean(trace->order_number, out);
        if (r < 0)
                return ev_trace(r);
        if (!order || ev_result_rows(order) == 0)
                return ev_trace(ev_buffer_printf(out, ": no such row in order_db\n"));
        return ev_trace(ev_buffer_printf(out,
                                         " of company %.*s: %.*s, %.*s %.*s, %" PRId64
                                         " lines, %" PRId64 " pieces reserved, %" PRId64 " sent\n",
                                         EV_STR_ARG(ev_result_text(order, 0, COMPANY)),
                                         EV_STR_ARG(ev_result_text(order, 0, STATUS)),
                                         EV_STR_ARG(ev_result_text(order, 0, TOTAL)),
                                         EV_STR_ARG(ev_result_text(order, 0, CURRENCY)),
                                         ev_result_int8(order, 0, LINES),
                                         ev_result_int8(order, 0, OPEN),
                                         ev_result_int8(order, 0, CONSUMED)));
}

/* The same for what shipping has made of it. */
static int put_manifest(const struct trace *trace, struct ev_buffer *out)
{
        enum { STATUS, TRACKING, VALUE, CURRENCY, ORIGIN, DESTINATION };
        const struct ev_result *manifest = trace->manifest;
        int r = ev_buffer_append_str(out, EV_STR("Manifest "));

        assert(manifest && ev_result_rows(manifest) > 0);

        if (r == 0)
                r = tail_write_clean(ev_str_of(trace->manifest_id), out);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(
                               out, ": %.*s, %.*s to %.*s, tracking number %.*s\n",
                               EV_STR_ARG(ev_result_text(manifest, 0, STATUS)),
                               EV_STR_ARG(ev_result_text(manifest, 0, ORIGIN)),
                               EV_STR_ARG(ev_result_text(manifest, 0, DESTINATION)),
                               EV_STR_ARG(ev_result_is_null(manifest, 0, TRACKING)
                                                  ? EV_STR("none yet")
                                                  : ev_result_text(manifest, 0, TRACKING))));
}

/* The end of the story first. */
static int put_state(const struct trace *trace, struct ev_buffer *out)
{
        int r = ev_str_is_null(trace->order_number) ? 0 : put_order(trace, out);

        assert(trace->about == TRACE_ABOUT_ORDER);

        if (r == 0 && trace->manifest && ev_result_rows(trace->manifest) > 0)
                r = put_manifest(trace, out);
        return ev_trace(r);
}

/* "+15 ms": how long after its cause; whole days for what lies far off. */
static int put_after(int64_t micros, struct ev_buffer *out)
{
        char text[32];

        assert(out);

        if (micros == TRACE_NO_TIME)
                text[0] = '\0';
        else if (micros < 10 * EV_MICROS_PER_SECOND)
                snprintf(text, sizeof(text), "%+" PRId64 " ms", micros / EV_MICROS_PER_MS);
        else if (micros < 2 * EV_MICROS_PER_DAY)
                snprintf(text, sizeof(text), "%+" PRId64 " s", micros / EV_MICROS_PER_SECOND);
        else
                snprintf(text, sizeof(text), "%+" PRId64 " days", micros / EV_MICROS_PER_DAY);
        return ev_trace(ev_buffer_printf(out, "%9s  ", text));
}

/* ", order.ingress[0]@17"; without what is not known of it. */
static int put_place(const struct trace_step *step, struct ev_buffer *out)
{
        int r = 0;

        assert(out);

        if (!ev_str_is_null(step->topic) && step->partition >= 0)
                r = ev_buffer_printf(out, ", %.*s[%d]", EV_STR_ARG(tail_short_topic(step->topic)),
                                     step->partition);
        if (r == 0 && step->offset >= 0)
                r = ev_buffer_printf(out, "@%" PRId64, step->offset);
        return ev_trace(r);
}

/* The id is what the other system knows the event by, so it comes before where we found it. */
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
                r = put_place(step, out);
        if (r == 0)
                r = ev_buffer_printf(out, ", taken by %s", step->database);
        if (r < 0 || step->sent_at == 0)
                return ev_trace(r);
        return ev_trace(ev_buffer_printf(out, " %" PRId64 " ms after it was sent",
                                         (step->at - step->sent_at) / EV_MICROS_PER_MS));
}

/* Fields as `tail` shows them, then where it is recorded: in the database, and on the topic. */
static int put_fact(const struct trace_step *step, struct ev_buffer *out)
{
        int64_t publishing = trace_publishing(step);
        int r = ev_buffer_printf(out, "%.*s ", EV_STR_ARG(tail_short_type(step->line.event.type)));

        assert(step->kind == TRACE_FACT);

        if (r == 0)
                r = tail_write_clean(step->line.event.subject, out);
        if (r == 0 && step->line.value)
                r = tail_write_fields(&step->line, out);
        if (r == 0)
                r = ev_buffer_printf(out, "  (%s #%" PRId64, step->database, step->seq);
        if (r == 0)
                r = put_place(step, out);
        if (r == 0 && publishing != TRACE_NO_TIME)
                r = ev_buffer_printf(out, " %" PRId64 " ms later", publishing / EV_MICROS_PER_MS);
        return r < 0 ? ev_trace(r)
                     : ev_trace(
                               ev_buffer_append_str(out, step->published
                                                                 ? EV_STR(")")
                                                                 : EV_STR(", not published yet)")));
}

/* In words and in capitals, since the reader has to do something about it. */
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
        /* What stands alone is the event, too. */
        if (r == 0 && step->cause == TRACE_NONE && step->line.event.type.size > 0)
                r = tail_write_clean(tail_short_type(step->line.event.type), out);
        if (r == 0 && step->cause == TRACE_NONE && step->line.event.id.size > 0) {
                r = ev_buffer_append_str(out, EV_STR(" "));
                if (r == 0)
                        r = tail_write_clean(step->line.event.id, out);
                if (r == 0)
                        r = ev_buffer_append_str(out, EV_STR(": "));
        }
        if (r == 0)
                r = tail_write_clean(step->reason, out);
        if (r == 0 && step->detail.size > 0)
                r = ev_buffer_append_str(out, EV_STR(": "));
        return r < 0 ? ev_trace(r) : ev_trace(tail_write_clean(step->detail, out));
}

/* The time, the hop, and the event as far in as it is deep. Red is what is refused or lies aside.
 */
static int put_step(const struct trace *trace, const struct trace_step *step, bool is_coloured,
                    struct ev_buffer *out)
{
        bool is_bad = step->kind >= TRACE_PARKED || step->line.event.outcome == EV_OUTCOME_REFUSED;
        bool is_bold = step->kind == TRACE_INGRESS;
        int indent = 2 * (step->depth < INDENT_MAX ? step->depth : INDENT_MAX);
        char at[EV_INSTANT_TEXT_MAX];
        int r;

        assert(step->depth >= 0);

        ev_instant_format(step->at, at);
        r = ev_buffer_printf(out, "%s%.*sZ ",
                             !is_coloured ? ""
                             : is_bad     ? "\033[31m"
                             : is_bold    ? "\033[1m"
                                          : "",
                             MS_TEXT_SIZE, at);
        if (r == 0)
                r = put_after(trace_latency(trace, step), out);
        if (r == 0)
                r = ev_buffer_printf(out, "%*s", indent, "");
        if (r == 0)
                r = step->kind == TRACE_INGRESS ? put_ingress(step, out)
                    : step->kind == TRACE_FACT  ? put_fact(step, out)
                                                : put_aside(step, out);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(out, "%s\n",
                                                 is_coloured && (is_bad || is_bold) ? "\033[m"
                                                                                    : ""));
}

/* What is not known stands in front of the tree, not behind it: else a part would be taken for all.
 */
int trace_write_text(const struct trace *trace, bool is_coloured, struct ev_buffer *out)
{
        int r = trace->about == TRACE_ABOUT_ORDER ? put_state(trace, out) : 0;

        assert(trace->count <= TRACE_STEPS_MAX);

        for (size_t i = 0; r == 0 && i < DATABASES; ++i)
                if (trace->errors[i][0])
                        r = ev_buffer_printf(out, "%s: not reached: %s\n", database_names[i],
                                             trace->errors[i]);
        if (r == 0 && trace->kafka_error[0])
                r = ev_buffer_printf(out, "Kafka: places on topics are not all known: %s\n",
                                     trace->kafka_error);
        for (size_t i = 0; r == 0 && i < trace->count; ++i)
                r = put_step(trace, &trace->steps[trace->tree[i]], is_coloured, out);
        return ev_trace(r);
}
