/* One event, or one key of a timer, on its way through decide: announcing, refusing, repeating,
 * waiting.
 *
 * Nothing here touches the database. What a case announces lies in the batch's arena until the
 * batch is committed; if the process dies before that, it never happened.
 *
 * A decide may be run again with the same event, because a batch is: then ids and times of its
 * facts are others, and nobody has seen the first ones. Everything of a fact is fixed here, at the
 * announcement; the relay adds nothing, so that each publication has the same bytes. */

#include "flow/case.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "flow/text.h"
#include "schemas/registry.h"
#include "wire/avro.h"
#include "wire/content.h"

/* ---- What routes know beforehand ---- */

/* The newest version: that is what we write. */
static const struct ev_record *find_record(struct ev_str name)
{
        assert(!ev_str_is_null(name));

        for (size_t i = 0; i < schemas_registry_count; ++i)
                if (schemas_registry[i].record && ev_str_equal(schemas_registry[i].name, name))
                        return schemas_registry[i].record;
        return NULL;
}

/* Done once at start: a contract that names what is not there is found before the first event. */
int ev_routed_resolve(struct ev_routed *routed, const struct ev_route *route)
{
        const struct ev_contract *contract = route->record->contract;

        assert(contract);
        assert(contract->outcomes_count <= EV_OUTCOMES_MAX);

        *routed = (struct ev_routed){ .route = route };
        for (uint32_t i = 0; i < contract->outcomes_count; ++i) {
                const struct ev_record *record = find_record(contract->outcomes[i]);

                if (!record)
                        return ev_fail(EV_VERDICT_STOP,
                                       "%.*s names the outcome %.*s, which has no "
                                       "schema",
                                       EV_STR_ARG(route->record->name),
                                       EV_STR_ARG(contract->outcomes[i]));
                routed->outcomes[routed->outcome_count++] = record;
                if (record->contract->outcome == EV_OUTCOME_REFUSED)
                        routed->refused = record;
                if (record->contract->outcome == EV_OUTCOME_REPEATED)
                        routed->repeated = record;
        }
        return 0;
}

/* Whether a fact is one of those that the request's schema lists as its outcome. */
static bool is_outcome(const struct ev_routed *routed, const struct ev_record *record)
{
        assert(routed->outcome_count <= EV_OUTCOMES_MAX);

        for (size_t i = 0; i < routed->outcome_count; ++i)
                if (routed->outcomes[i] == record)
                        return true;
        return false;
}

/* ---- What a decide may ask ---- */

/* Const: a decide looks, folds write. */
const struct ev_rows *ev_rows_of(const struct ev_case *c)
{
        assert(c);

        return c->cases->rows;
}

/* One time for the whole batch, the database's: records of a batch are decided at the same
 * instant, and a replay finds it in the facts. */
int64_t ev_now(const struct ev_case *c)
{
        assert(c);

        return c->cases->now;
}

/* For a first try and a wait of 0 s they are the same. */
bool ev_last_try(const struct ev_case *c)
{
        assert(c);

        return c->last_try;
}

/* An id that is drawn and not used leaves a hole in the sequence, which nothing minds. */
int ev_draw(struct ev_case *c, const struct ev_table *table, int32_t *ret_id)
{
        int64_t id;
        int r;

        assert(table->drawn && table->drawn->type == EV_COLUMN_INT4);

        r = ev_rows_draw(c->cases->rows, table, &id);
        if (r < 0)
                return ev_trace(r);
        *ret_id = (int32_t)id; /* it fits: the column has 32 bits too */
        return 0;
}

/* What was announced is folded already and cannot be taken back: who waits has announced nothing.
 */
int ev_wait(struct ev_case *c, const char *for_what)
{
        assert(for_what);
        assert(c->event); /* a key that is not due is passed over by the timer's decide */
        assert(!c->last_try);
        assert(c->announced == 0);

        c->reason = for_what;
        return EV_WAITS;
}

/* Nothing happens here but that the reason is kept: the batch sets the record aside. */
int ev_park(struct ev_case *c, const char *reason)
{
        assert(reason);
        assert(c->event);
        assert(c->announced == 0);

        c->reason = reason;
        return EV_PARKS;
}

/* A request has an outcome whatever the state is; only what others have decided already can come
 * too late for us. */
int ev_ignore(struct ev_case *c, const char *why)
{
        assert(why);
        assert(c->event && c->routed->route->record->contract->kind == EV_KIND_FACT);
        assert(c->announced == 0);

        c->is_ignored = true;
        c->reason = why;
        return 0;
}

/* What an event causes belongs to the event's conversation, whatever a row says. */
void ev_correlate(struct ev_case *c, struct ev_str correlation_id)
{
        assert(!c->event);
        assert(c->announced == 0);

        c->correlation_id = ev_str_cut(correlation_id, EV_ENVELOPE_TEXT_MAX);
}

/* A column of the table that may be written and is no name of its row. */
static const struct ev_table_column *secret_column(const struct ev_table *table, const char *name)
{
        const struct ev_table_column *column = NULL;

        for (size_t i = 0; i < table->column_count; ++i)
                if (strcmp(table->columns[i].name, name) == 0)
                        column = &table->columns[i];
        assert(column && column->type == EV_COLUMN_TEXT && column != table->find_by);
        assert(!(column->flags & (EV_COLUMN_KEY | EV_COLUMN_READ)));
        return column;
}

/* Beside the facts, and so beside what a rebuild can know: the row is all that has it. */
int ev_secret(struct ev_case *c, const struct ev_table *table, struct ev_str key,
              const char *column, struct ev_str value)
{
        struct ev_rows *rows = c->cases->rows;
        const struct ev_table_column *place = secret_column(table, column);
        const struct ev_row *row = ev_rows_find(rows, table, key);
        struct ev_str copy;
        int r;

        assert(row); /* the fold of a fact announced before has made it, or it was loaded */
        assert(!(place->flags & EV_COLUMN_FIXED) || row->state == EV_ROW_NEW);

        r = ev_rows_text(rows, value, &copy);
        if (r < 0)
                return ev_trace(r);
        memcpy((char *)ev_rows_change(rows, row) + place->offset, &copy, sizeof(copy));
        return 0;
}

/* ---- Announcing ---- */

/* A new span of the same trace (W3C Trace Context, "traceparent": 00-<32 hex trace>-<16 hex
 * span>-<flags>). The span's id is the end of the fact's id: unique, and the same in each
 * publication. The envelope has checked the form. */
static int next_span(struct ev_cases *cases, struct ev_announced *fact, struct ev_str parent)
{
        enum { TRACEPARENT_SIZE = 55, SPAN_AT = 36, SPAN_BYTES = 8 };
        char text[TRACEPARENT_SIZE];

        assert(ev_str_is_null(fact->traceparent));

        if (ev_str_is_null(parent) || parent.size != TRACEPARENT_SIZE)
                return 0;
        memcpy(text, parent.data, TRACEPARENT_SIZE);
        for (size_t i = 0; i < SPAN_BYTES; ++i) {
                unsigned byte = fact->id.bytes[EV_UUID_BYTES - SPAN_BYTES + i];

                text[SPAN_AT + 2 * i] = "0123456789abcdef"[byte >> 4];
                text[SPAN_AT + 2 * i + 1] = "0123456789abcdef"[byte & 15];
        }
        return ev_trace(ev_arena_copy(cases->arena, (struct ev_str){ text, TRACEPARENT_SIZE },
                                      &fact->traceparent));
}

/* The fact's own id, as text. */
static int own_id(struct ev_cases *cases, const struct ev_announced *fact, struct ev_str *ret_id)
{
        char text[EV_UUID_TEXT_MAX];

        assert(ret_id);

        ev_uuid_format(&fact->id, text);
        return ev_trace(ev_arena_copy(cases->arena, ev_str_of(text), ret_id));
}

/* Strings of the cause are borrowed: its record lives as long as the batch. What had no
 * conversation begins one, named after itself. What time made has no cause. */
static int set_cause(const struct ev_case *c, struct ev_announced *fact)
{
        struct ev_cases *cases = c->cases;
        const struct ev_event *event = c->event;

        if (!event) {
                fact->correlation_id = c->correlation_id;
                return fact->correlation_id.size > 0
                               ? 0
                               : ev_trace(own_id(cases, fact, &fact->correlation_id));
        }
        assert(!ev_str_is_null(event->id) && !ev_str_is_null(event->source));

        fact->causation_id = event->id;
        fact->causation_source = event->source;
        fact->correlation_id =
                ev_str_is_null(event->correlation_id) ? event->id : event->correlation_id;
        fact->tracestate = event->tracestate;
        return ev_trace(next_span(cases, fact, event->traceparent));
}

/* The company of its aggregate, else the key of the record that caused it, else its subject: so all
 * that one company does on a topic lies in one partition, in order. */
static int set_key(struct ev_cases *cases, struct ev_announced *fact, const void *value,
                   const struct ev_event *cause)
{
        struct ev_str who = cause ? cause->id : fact->correlation_id;
        int r = ev_subject_of(fact->record, value, cases->arena, &fact->subject);

        assert(fact->record->contract->subject_count > 0);

        if (r < 0)
                return ev_trace(r);
        /* A refusal names what was asked for, however long that was. */
        fact->subject = ev_str_cut(fact->subject, EV_ENVELOPE_TEXT_MAX);
        /* And one that asked for nobody is about itself: no reader takes a fact without subject. */
        if (fact->subject.size == 0)
                fact->subject = who;
        fact->key = ev_str_cut(ev_key_of(fact->record, value), EV_ENVELOPE_KEY_MAX);
        if (fact->key.size == 0 && cause)
                fact->key = cause->key;
        if (fact->key.size == 0)
                fact->key = fact->subject;
        /* Both may lie in a struct on the author's stack. */
        r = ev_arena_copy(cases->arena, fact->key, &fact->key);
        if (r == 0)
                r = ev_arena_copy(cases->arena, fact->subject, &fact->subject);
        return ev_trace(r);
}

/* Encoded at once: the value may lie on the author's stack, and borrows from rows that later events
 * of the batch change. */
static int set_payload(struct ev_cases *cases, struct ev_announced *fact, const void *value)
{
        struct ev_str copy;
        int r;

        assert(!fact->payload.data);

        ev_buffer_clear(&cases->scratch);
        r = ev_avro_encode(fact->record, value, &cases->scratch);
        if (r == 0)
                r = ev_arena_copy(cases->arena, ev_buffer_str(&cases->scratch), &copy);
        if (r < 0)
                return ev_trace(r);
        fact->payload = (struct ev_bytes){ (const uint8_t *)copy.data, copy.size };
        return 0;
}

/* Facts without a line in the worker's folds change no rows. */
static int fold(struct ev_cases *cases, const struct ev_record *record,
                const struct ev_fact_head *head, const void *value)
{
        const struct ev_worker *worker = cases->worker;

        assert(cases->rows);

        for (size_t i = 0; i < worker->fold_count; ++i)
                if (worker->folds[i].record == record)
                        return ev_trace(worker->folds[i].fold(cases->rows, head, value));
        return 0;
}

/* A fact shows in the rows as soon as it is announced. The fold gets what a rebuild will have, no
 * more: the value, and what the envelope says. */
static int fold_announced(struct ev_cases *cases, const struct ev_announced *fact,
                          const void *value)
{
        const struct ev_fact_head head = { .id = fact->id,
                                           .time = cases->now,
                                           .causation_id = fact->causation_id };

        assert(cases->now > 0);

        return ev_trace(fold(cases, fact->record, &head, value));
}

/* In the order of announcement, which becomes the order of the outbox's numbers. */
static void append(struct ev_cases *cases, struct ev_announced *fact)
{
        assert((cases->first != NULL) == (cases->count > 0));

        if (cases->last)
                cases->last->next = fact;
        else
                cases->first = fact;
        cases->last = fact;
        ++cases->count;
}

/* Everything that can fail comes before the fact is appended, so that a failure leaves none half
 * made. What a fold has changed by then goes with the batch. */
int ev_announce(struct ev_case *c, const struct ev_record *record, const void *value)
{
        struct ev_cases *cases = c->cases;
        struct ev_announced *fact;
        int r;

        assert(record->contract && record->contract->kind == EV_KIND_FACT);
        assert(value);
        assert(!c->is_ignored);

        fact = ev_arena_take(cases->arena, sizeof(*fact));
        if (!fact)
                return ev_trace(EV_FAILED);
        fact->record = record;
        r = ev_uuid_next(&fact->id);
        if (r == 0)
                r = set_cause(c, fact);
        if (r == 0)
                r = set_key(cases, fact, value, c->event);
        if (r == 0)
                r = set_payload(cases, fact, value);
        if (r == 0)
                r = fold_announced(cases, fact, value);
        if (r < 0)
                return ev_trace(r);

        /* The star of the request: on the first of its outcomes, and on no other fact. */
        if (c->routed && !c->outcome && is_outcome(c->routed, record)) {
                fact->outcome = record->contract->outcome;
                c->outcome = fact;
        }
        append(cases, fact);
        ++c->announced;
        return 0;
}

/* ---- Outcomes that are made by descriptor ---- */

/* Sets a string field by name, if the record has one of that name. */
static void set_text(const struct ev_record *record, void *value, const char *name,
                     struct ev_str text)
{
        const struct ev_field *field = ev_record_field(record, ev_str_of(name));

        assert(value);

        if (field && field->type == EV_TYPE_STRING)
                memcpy((char *)value + field->offset, &text, sizeof(text));
}

/* Refusals and repeats name the ids as the request spelled them: fields of the same name. They have
 * no field named like a secret one, so none is copied. */
static void copy_ids(const struct ev_record *to, void *value, const struct ev_record *from,
                     const void *request)
{
        assert(value && request);
        assert(!to->has_secret);

        for (uint32_t i = 0; i < to->fields_count; ++i) {
                const struct ev_field *field = ev_record_field(from, to->fields[i].name);
                struct ev_str text;

                if (!field || field->type != EV_TYPE_STRING || to->fields[i].type != EV_TYPE_STRING)
                        continue;
                memcpy(&text, (const char *)request + field->offset, sizeof(text));
                memcpy((char *)value + to->fields[i].offset, &text, sizeof(text));
        }
}

/* An empty outcome of this record, with the ids of the request and its type. */
static void *begin_outcome(struct ev_case *c, const struct ev_record *record)
{
        const struct ev_record *request = c->routed->route->record;
        void *value = ev_arena_take(c->cases->arena, record->size);

        assert(record->contract->outcome != EV_OUTCOME_NONE);

        if (!value)
                return NULL;
        copy_ids(record, value, request, c->value);
        set_text(record, value, "request_type", request->name);
        return value;
}

/* The refusal is made by descriptor, so that every context has it without a line of code: ids by
 * name, the reason as the index of its symbol. */
int ev_refuse(struct ev_case *c, int32_t reason, const char *detail, ...)
{
        const struct ev_record *record = c->routed ? c->routed->refused : NULL;
        const struct ev_field *field;
        char text[EV_REASON_TEXT_MAX];
        va_list arguments;
        void *value;

        assert(record); /* an event with a …Declined among its outcomes */
        assert(!c->outcome);

        /* Cut where it is too long, which may be inside of a character. */
        va_start(arguments, detail);
        vsnprintf(text, sizeof(text), detail, arguments);
        va_end(arguments);

        value = begin_outcome(c, record);
        if (!value)
                return ev_trace(EV_FAILED);
        /* An enum in the refusal of every context; its symbols are the context's own. */
        field = ev_record_field(record, EV_STR("reason"));
        assert(field && field->type == EV_TYPE_ENUM);
        memcpy((char *)value + field->offset, &reason, sizeof(reason));
        set_text(record, value, "detail", ev_text_whole(ev_str_of(text)));
        return ev_trace(ev_announce(c, record, value));
}

/* Also called for what is a repeat at once, before the decide is asked. */
int ev_repeat(struct ev_case *c)
{
        const struct ev_first_request *first = c->first_request;
        const struct ev_record *record = c->routed->repeated;
        void *value;
        int r;

        assert(!c->outcome);

        if (!first)
                return 0;
        assert(record); /* who may repeat has a …RequestRepeated among its outcomes */

        value = begin_outcome(c, record);
        if (!value)
                return ev_trace(EV_FAILED);
        set_text(record, value, "first_event_id", first->event_id);
        set_text(record, value, "outcome_event_id", first->outcome_event_id);
        set_text(record, value, "outcome_type", first->outcome_type);
        r = ev_announce(c, record, value);
        return r < 0 ? ev_trace(r) : EV_REPEATED;
}

/* ---- Deciding ---- */

/* What another database has decided is taken as it is. */
static int fold_received(struct ev_case *c)
{
        const struct ev_event *event = c->event;
        struct ev_fact_head head = { .time = event->time,
                                     .causation_id = event->causation_id,
                                     .source = event->source,
                                     .sequence = event->sequence };

        assert(event->sequence > 0); /* the envelope of a fact has seen to it */

        if (!ev_uuid_parse(event->id, &head.id))
                return ev_fail(EV_VERDICT_RECORD, "the ce_id of a fact is no UUID");
        return ev_trace(fold(c->cases, c->routed->route->record, &head, c->value));
}

/* What creates or counts is a repeat at once, whatever the state; the rest asks ev_repeat(). */
static int decide(struct ev_case *c)
{
        const struct ev_contract *contract = c->routed->route->record->contract;

        assert(contract);

        if (contract->kind == EV_KIND_INGRESS && contract->repeats == EV_REPEATS_AT_ONCE &&
            c->first_request)
                return ev_trace(ev_repeat(c));
        if (!c->routed->route->decide)
                return ev_trace(fold_received(c));
        return ev_trace(c->routed->route->decide(c, c->value));
}

/* That a request has its outcome is checked here and not left to tests: a producer waits for it. */
int ev_case_decide(struct ev_case *c)
{
        const struct ev_record *record = c->routed->route->record;
        int r;

        assert(c->value);
        assert(!c->outcome);

        r = decide(c);
        if (r == EV_REPEATED)
                r = 0;
        if (r != 0)
                return r; /* waits, parks or failed: each has said why */
        if (record->contract->kind == EV_KIND_INGRESS && !c->outcome)
                return ev_fail(EV_VERDICT_STOP,
                               "%.*s was decided without an outcome: a bug in "
                               "its decide",
                               EV_STR_ARG(record->name));
        return 0;
}

/* A timer has no outcome to announce: a key that turns out not to be due is simply passed over. */
int ev_case_decide_due(struct ev_case *c, const struct ev_timer *timer, struct ev_str key)
{
        int r;

        assert(!c->event && !c->routed);
        assert(!ev_str_is_null(key));

        r = timer->decide(c, key);
        assert(r == 0 || r == EV_FAILED);
        return ev_trace(r);
}
