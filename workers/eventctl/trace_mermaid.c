/* A story as a picture: a flowchart of Mermaid, which code hosts and wikis draw. Pure: steps in,
 * text out.
 *
 * Labels stand in quotes, and what could end them or mean something to Mermaid, Markdown or HTML is
 * written by its number ("#35;" is '#'). Source: Mermaid 10, "Flowcharts - Basic Syntax", entity
 * codes. Mermaid refuses texts of more than 50,000 characters (maxTextSize) and more than 500 edges
 * (maxEdges), so what goes beyond is counted in a last node.
 *
 * Nothing is lost if the process dies. */

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "tail.h"
#include "trace.h"

enum {
        NODES_MAX = 300,
        TEXT_MAX = 47 * 1024, /* bytes; begins no node behind it … */
        LABEL_MAX = 40,       /* … each text of which has so many bytes at most, before escapes */
        PART_BYTES_MAX = 1024,
};

/* Letters and digits of any script, and signs that mean nothing in a quoted label. Of the rest,
 * none is beyond ASCII: tail_write_clean() leaves nothing there that moves or hides text. */
static bool is_plain(unsigned char c)
{
        assert(c != 0);

        return c >= 0x80 || isalnum(c) || strchr(" -_.,:/@+()", c);
}

/* Cut before it is escaped, so that no escape is cut. */
static int put_escaped(struct ev_str text, struct ev_buffer *out)
{
        _cleanup_buffer_ struct ev_buffer clean = EV_BUFFER_INIT(PART_BYTES_MAX);
        bool is_cut = text.size > LABEL_MAX;
        int r = tail_write_clean(is_cut ? ev_str_cut(text, LABEL_MAX) : text, &clean);

        assert(out);

        for (size_t i = 0; r == 0 && i < clean.size; ++i)
                r = is_plain(clean.data[i]) ? ev_buffer_append(out, &clean.data[i], 1)
                                            : ev_buffer_printf(out, "#%d;", clean.data[i]);
        return r == 0 && is_cut ? ev_trace(ev_buffer_append_str(out, EV_STR("…"))) : ev_trace(r);
}

/* What it is, what about, where: three lines, and one more for the place on a topic, so that nodes
 * are narrow and a tree of five levels fits a page. Of what lies aside, the reason stands in place
 * of its type, which its cause shows already. */
static int put_label(const struct trace_step *step, struct ev_buffer *out)
{
        static const char *const says[] = {
                [TRACE_PARKED] = "PARKED: ",
                [TRACE_WAITING] = "WAITS: ",
                [TRACE_DEAD] = "DEAD LETTER: ",
        };
        const struct ev_event *event = &step->line.event;
        bool is_aside = step->kind >= TRACE_PARKED;
        int r = ev_buffer_printf(out, "%s", is_aside ? says[step->kind] : "");

        assert(step->database);

        if (r == 0)
                r = put_escaped(is_aside                ? step->reason
                                : event->type.size == 0 ? EV_STR("an event")
                                                        : tail_short_type(event->type),
                                out);
        if (r == 0)
                r = ev_buffer_append_str(out, EV_STR("<br/>"));
        if (r == 0)
                r = put_escaped(step->kind == TRACE_INGRESS ? event->id : event->subject, out);
        if (r == 0)
                r = ev_buffer_printf(out, "<br/>%s", step->database);
        if (r == 0 && step->kind == TRACE_FACT)
                r = ev_buffer_printf(out, " #35;%" PRId64, step->seq);
        if (r == 0 && step->partition >= 0 && !ev_str_is_null(step->topic)) {
                r = ev_buffer_append_str(out, EV_STR("<br/>"));
                if (r == 0)
                        r = put_escaped(tail_short_topic(step->topic), out);
                if (r == 0)
                        r = ev_buffer_printf(out, " %d", step->partition);
        }
        return r == 0 && step->offset >= 0
                       ? ev_trace(ev_buffer_printf(out, " @ %" PRId64, step->offset))
                       : ev_trace(r);
}

/* Events of others are round, facts are square, and what lies aside is slanted. */
static int put_node(const struct trace *trace, int32_t at, struct ev_buffer *out)
{
        static const char *const shapes[][2] = {
                [TRACE_INGRESS] = { "([\"", "\"])" }, [TRACE_FACT] = { "[\"", "\"]" },
                [TRACE_PARKED] = { "[/\"", "\"/]" },  [TRACE_WAITING] = { "[/\"", "\"/]" },
                [TRACE_DEAD] = { "[/\"", "\"/]" },
        };
        const struct trace_step *step = &trace->steps[at];
        int64_t latency = trace_latency(trace, step);
        int r = ev_buffer_printf(out, "    n%d%s", at, shapes[step->kind][0]);

        assert(at >= 0);

        if (r == 0)
                r = put_label(step, out);
        if (r == 0)
                r = ev_buffer_printf(out, "%s%s\n", shapes[step->kind][1],
                                     step->kind >= TRACE_PARKED ||
                                                     step->line.event.outcome == EV_OUTCOME_REFUSED
                                             ? ":::bad"
                                             : "");
        if (r < 0 || step->cause == TRACE_NONE)
                return ev_trace(r);
        assert(latency != TRACE_NO_TIME);
        return ev_trace(ev_buffer_printf(out, "    n%d -->|\"%" PRId64 " ms\"| n%d\n", step->cause,
                                         latency / EV_MICROS_PER_MS, at));
}

/* Causes come before their effects, so that what is left out has none that is shown. */
int trace_write_mermaid(const struct trace *trace, struct ev_buffer *out)
{
        size_t shown = 0;
        int r = ev_buffer_append_str(
                out, EV_STR("flowchart TD\n    classDef bad stroke:#c00,stroke-width:2px\n"));

        assert(trace->count <= TRACE_STEPS_MAX);

        for (; r == 0 && shown < trace->count && shown < NODES_MAX && out->size < TEXT_MAX; ++shown)
                r = put_node(trace, trace->tree[shown], out);
        if (r < 0 || shown == trace->count)
                return ev_trace(r);
        return ev_trace(
                ev_buffer_printf(out, "    more[\"and %zu more\"]\n", trace->count - shown));
}
