/* What belongs together in a story, and in which order: pure, steps in and steps out.
 *
 * An effect hangs below its cause, wherever both are recorded; what lies aside hangs below the
 * event that it is, in the place of the effects that it would have had. Effects of one cause come
 * by time and number. Links are followed by ids alone, so a loop that somebody made by hand is cut.
 *
 * Searches are quadratic in the steps of a story, which are some dozens, and TRACE_STEPS_MAX at the
 * most. Nothing is lost if the process dies. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/registry.h"
#include "trace.h"
#include "types.h"

/* Members of JSON: a promise. */
const char *trace_kind_name(enum trace_kind kind)
{
        static const char *const names[] = {
                [TRACE_INGRESS] = "ingress",  [TRACE_FACT] = "fact",
                [TRACE_PARKED] = "parked",    [TRACE_WAITING] = "waiting",
                [TRACE_DEAD] = "dead_letter",
        };

        assert(kind <= TRACE_DEAD);

        return names[kind];
}

/* ---- What belongs to it ---- */

/* By the descriptor of the version that wrote it: an older one has another struct. */
struct ev_str trace_text_field(const struct event_line *line, struct ev_str name)
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
        struct ev_str request = trace_text_field(outcome, EV_STR("request_type"));
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

/* Whether a step names this event as its cause. */
static bool is_cause(const struct trace *trace, const struct ev_event *event)
{
        assert(trace && event);

        for (size_t i = 0; i < trace->count; ++i) {
                const struct ev_event *effect = &trace->steps[i].line.event;

                if (!ev_str_is_null(effect->causation_id) &&
                    ev_str_equal(effect->causation_id, event->id))
                        return true;
        }
        return false;
}

/* A null subject is nobody's, also where there is no order. */
static bool is_about(const struct trace *trace, struct ev_str subject)
{
        assert(trace);

        return !ev_str_is_null(subject) && (ev_str_equal(subject, trace->order_number) ||
                                            ev_str_equal(subject, ev_str_of(trace->manifest_id)));
}

/* By the name of the field that the subject comes from; stock is about SKUs and belongs to whatever
 * caused it. */
bool trace_is_of_another(const struct trace *trace, const struct event_line *fact)
{
        const struct ev_record *newest = types_newest(fact->event.type);

        assert(!ev_str_is_null(fact->event.subject));

        if (trace->about != TRACE_ABOUT_ORDER || is_about(trace, fact->event.subject) || !newest ||
            !newest->contract)
                return false;
        for (uint32_t i = 0; i < newest->contract->subject_count; ++i)
                if (ev_str_equal(newest->contract->subject[i]->name, EV_STR("order_number")) ||
                    ev_str_equal(newest->contract->subject[i]->name, EV_STR("unique_id")))
                        return !is_cause(trace, &fact->event);
        return false;
}

/* A fact about a manifest names the order, if there is one. */
static void name_manifest(struct trace *trace, const struct event_line *fact)
{
        struct ev_str order_number = trace_text_field(fact, EV_STR("order_number"));

        assert(ev_str_equal(fact->event.subject, trace->id));

        if (!ev_str_is_null(order_number) && trace_name_order(trace, order_number))
                return;
        trace->order_number = EV_STR_NULL;
        (void)ev_str_copy(trace->id, trace->manifest_id, sizeof(trace->manifest_id));
}

/* What of a story is no part of another one stays. */
static void drop_others(struct trace *trace)
{
        size_t count = 0;

        assert(trace->about == TRACE_ABOUT_ORDER);

        for (size_t i = 0; i < trace->count; ++i)
                if (trace->steps[i].kind != TRACE_FACT ||
                    !trace_is_of_another(trace, &trace->steps[i].line))
                        trace->steps[count++] = trace->steps[i];
        trace->count = count;
}

/* What something is about goes before its id: a shop may give an event the number of its order as
 * its id. What nobody knows is an order that nobody knows. */
void trace_classify(struct trace *trace)
{
        bool is_subject = false, is_event = false;

        assert(trace->about == TRACE_ABOUT_ALL);

        for (size_t i = 0; i < trace->count; ++i) {
                const struct event_line *line = &trace->steps[i].line;

                is_subject = is_subject || is_about(trace, line->event.subject);
                is_event = is_event || ev_str_equal(line->event.id, trace->id) ||
                           ev_str_equal(line->event.causation_id, trace->id);
        }
        /* An id that nobody knows is told as an order's, with its row, which there may be. */
        trace->about = is_subject || !is_event ? TRACE_ABOUT_ORDER : TRACE_ABOUT_EVENT;
        if (trace->about == TRACE_ABOUT_EVENT) {
                trace->order_number = EV_STR_NULL;
                trace->manifest_id[0] = '\0';
                return;
        }
        for (size_t i = 0; i < trace->count; ++i) {
                const struct event_line *line = &trace->steps[i].line;

                if (ev_str_equal(line->event.subject, trace->id) &&
                    ev_str_equal(trace_text_field(line, EV_STR("unique_id")), trace->id) &&
                    line->record && ev_record_field(line->record, EV_STR("order_number"))) {
                        name_manifest(trace, line);
                        break;
                }
        }
        drop_others(trace);
}

/* ---- The tree ---- */

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

/* Ids are unique within their source only; where one of the two does not say it, the id has to do.
 */
static bool is_same(struct ev_str id, struct ev_str source, const struct ev_event *event)
{
        assert(!ev_str_is_null(id));

        return ev_str_equal(id, event->id) &&
               (ev_str_is_null(source) || ev_str_is_null(event->source) ||
                ev_str_equal(source, event->source));
}

/* The event that a step hangs below. */
static int32_t find_cause(const struct trace *trace, const struct trace_step *step)
{
        const struct ev_event *event = &step->line.event;
        bool is_aside = step->kind >= TRACE_PARKED;
        struct ev_str id = is_aside ? event->id : event->causation_id;
        struct ev_str source = is_aside ? event->source : event->causation_source;

        assert(step >= trace->steps && step < trace->steps + trace->count);

        for (size_t i = 0; !ev_str_is_null(id) && i < trace->count; ++i)
                if (&trace->steps[i] != step && trace->steps[i].kind <= TRACE_FACT &&
                    is_same(id, source, &trace->steps[i].line.event))
                        return (int32_t)i;
        return TRACE_NONE;
}

/* How many causes stand above a step; a way that does not end goes round. */
static int32_t depth_of(const struct trace *trace, const struct trace_step *step)
{
        int32_t depth = 0;

        assert(step->cause < (int32_t)trace->count);

        for (; step->cause != TRACE_NONE; step = &trace->steps[step->cause])
                if (++depth > (int32_t)trace->count)
                        return TRACE_NONE;
        return depth;
}

/* Lists of effects, in the order of the steps; and how deep each stands. */
static void link_effects(struct trace *trace)
{
        assert(trace->count <= TRACE_STEPS_MAX);

        for (size_t i = 0; i < trace->count; ++i) {
                trace->steps[i].depth = depth_of(trace, &trace->steps[i]);
                if (trace->steps[i].depth != TRACE_NONE)
                        continue;
                trace->steps[i].cause = TRACE_NONE; /* a loop is cut where it is met first */
                trace->steps[i].depth = 0;
        }
        for (size_t i = trace->count; i-- > 0;) {
                struct trace_step *step = &trace->steps[i];

                if (step->cause == TRACE_NONE)
                        continue;
                step->after = trace->steps[step->cause].first_effect;
                trace->steps[step->cause].first_effect = (int32_t)i;
        }
}

/* The step that comes behind a step and all its effects; TRACE_NONE at the end of a tree. */
static int32_t behind(const struct trace *trace, int32_t at)
{
        assert(at >= 0 && at < (int32_t)trace->count);

        while (at != TRACE_NONE && trace->steps[at].after == TRACE_NONE)
                at = trace->steps[at].cause;
        return at == TRACE_NONE ? TRACE_NONE : trace->steps[at].after;
}

/* Goes down to the first effect, and from the last one to what comes behind its cause, without a
 * stack: how deep a story is, nobody promises. */
void trace_grow(struct trace *trace)
{
        size_t count = 0;

        assert(trace->count <= TRACE_STEPS_MAX);

        qsort(trace->steps, trace->count, sizeof(trace->steps[0]), compare);
        for (size_t i = 0; i < trace->count; ++i) {
                trace->steps[i].first_effect = trace->steps[i].after = TRACE_NONE;
                trace->steps[i].cause = find_cause(trace, &trace->steps[i]);
        }
        link_effects(trace);
        for (size_t i = 0; i < trace->count; ++i) {
                int32_t at = trace->steps[i].cause == TRACE_NONE ? (int32_t)i : TRACE_NONE;

                for (; at != TRACE_NONE; at = trace->steps[at].first_effect != TRACE_NONE
                                                      ? trace->steps[at].first_effect
                                                      : behind(trace, at))
                        trace->tree[count++] = at;
        }
        assert(count == trace->count);
}

/* ---- Times ---- */

/* Both times are starts of transactions. What lies between a cause and its effect in another
 * database is its publication, the wait for a batch, and a wait for what it refers to, if there was
 * one. */
int64_t trace_latency(const struct trace *trace, const struct trace_step *step)
{
        assert(step->cause < (int32_t)trace->count);

        if (step->cause != TRACE_NONE)
                return step->at - trace->steps[step->cause].at;
        return step->kind == TRACE_INGRESS && step->sent_at > 0 ? step->at - step->sent_at
                                                                : TRACE_NO_TIME;
}

/* A relay gives records the time of their transaction, in whole ms; a topic of append times its
 * own. */
int64_t trace_publishing(const struct trace_step *step)
{
        int64_t recorded = step->at - step->at % EV_MICROS_PER_MS;

        assert(step->at >= 0);

        if (step->kind != TRACE_FACT || step->sent_at == 0 || step->sent_at == recorded)
                return TRACE_NO_TIME;
        return step->sent_at - recorded;
}
