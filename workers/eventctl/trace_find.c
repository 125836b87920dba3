/* Looks for a story in the databases: what was committed stands in their outboxes, what could not
 * be applied lies aside.
 *
 * A fact belongs to the story of an order if it is about the order or its manifest, if an event of
 * the story caused it and it is about no other order, or if it caused an event of the story: what
 * one delivery of goods did to ten backorders is ten stories. To the story of an event belongs all
 * that its first cause has led to. Events of other systems are known by the facts that they caused.
 *
 * Nothing is changed. A database that does not answer is named, and the rest is told. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "eventctl_order_sql.h"
#include "eventctl_shipping_sql.h"
#include "eventctl_sql.h"
#include "store/params.h"
#include "trace.h"
#include "types.h"
#include "wire/avro.h"
#include "wire/partition.h"

enum {
        PARAMS_BYTES_MAX = 4 * 1024 * 1024,
        ARENA_BYTES = 256 * 1024 * 1024,
        ROUNDS_MAX = 16, /* of causes of causes: order, shipping, order, … */
        ASIDE_MAX = 200, /* records of a database */
};

/* Columns of sql/trace_facts.sql, in the order of its "-- out:" lines. Payloads are Avro without a
 * frame; the number of their schema stands beside. */
enum {
        FACT_SEQ,
        FACT_SOURCE,
        FACT_ID,
        FACT_TOPIC,
        FACT_TYPE,
        FACT_KEY,
        FACT_SUBJECT,
        FACT_SCHEMA,
        FACT_PAYLOAD,
        FACT_CORRELATION,
        FACT_CAUSATION,
        FACT_CAUSATION_SOURCE,
        FACT_OUTCOME,
        FACT_AT,
        FACT_PUBLISHED,
};

/* May be called more than once; what was never opened is NULL. */
void trace_done(struct trace *trace)
{
        assert(trace);

        for (size_t i = 0; i < DATABASES; ++i)
                trace->sessions[i] = ev_db_free(trace->sessions[i]);
        trace->arena = ev_arena_free(trace->arena);
        trace->order = ev_result_free(trace->order);
        trace->manifest = ev_result_free(trace->manifest);
}

/* The same text as in the statements that find a manifest by its order. */
bool trace_name_order(struct trace *trace, struct ev_str order_number)
{
        int size = snprintf(trace->manifest_id, sizeof(trace->manifest_id), "MAN-%.*s",
                            EV_STR_ARG(order_number));

        assert(!ev_str_is_null(order_number));

        if (size < 0 || size >= TRACE_SUBJECT_MAX) {
                trace->manifest_id[0] = '\0';
                return false;
        }
        trace->order_number = order_number;
        return true;
}

/* Subjects of the story: the order, and the manifest that shipping makes of it. */
static void put_subjects(const struct trace *trace, struct ev_params *params)
{
        assert(params->count == 0);

        ev_params_array(params);
        if (!ev_str_is_null(trace->order_number))
                ev_params_text(params, trace->order_number);
        if (trace->manifest_id[0])
                ev_params_text(params, ev_str_of(trace->manifest_id));
        ev_params_array_end(params);
}

/* Ids of all events that are known to belong to it: steps, their causes, and what was asked for. */
static void put_ids(const struct trace *trace, struct ev_params *params)
{
        assert(trace->count <= TRACE_STEPS_MAX);

        ev_params_array(params);
        ev_params_text(params, trace->id);
        for (size_t i = 0; i < trace->count; ++i) {
                const struct ev_event *event = &trace->steps[i].line.event;

                if (!ev_str_is_null(event->id))
                        ev_params_text(params, event->id);
                if (!ev_str_is_null(event->causation_id))
                        ev_params_text(params, event->causation_id);
        }
        ev_params_array_end(params);
}

/* Those that may be facts: causes, and what was asked for. */
static void put_fact_ids(const struct trace *trace, struct ev_params *params)
{
        struct ev_uuid id;

        assert(trace->count <= TRACE_STEPS_MAX);

        ev_params_array(params);
        if (ev_uuid_parse(trace->id, &id))
                ev_params_uuid(params, &id);
        for (size_t i = 0; i < trace->count; ++i) {
                struct ev_str cause = trace->steps[i].line.event.causation_id;

                if (!ev_str_is_null(cause) && ev_uuid_parse(cause, &id))
                        ev_params_uuid(params, &id);
        }
        ev_params_array_end(params);
}

static enum ev_outcome outcome_of(struct ev_str name)
{
        if (ev_str_equal(name, EV_STR("accepted")))
                return EV_OUTCOME_ACCEPTED;
        if (ev_str_equal(name, EV_STR("refused")))
                return EV_OUTCOME_REFUSED;
        assert(ev_str_is_null(name) || name.size > 0);
        return ev_str_equal(name, EV_STR("repeated")) ? EV_OUTCOME_REPEATED : EV_OUTCOME_NONE;
}

/* Copies a text of the result, which ends with it. */
static int keep(struct trace *trace, const struct ev_result *rows, size_t row, size_t column,
                struct ev_str *ret_text)
{
        assert(ret_text);

        return ev_trace(ev_arena_copy(trace->arena, ev_result_text(rows, row, column), ret_text));
}

/* The value by the version that wrote it. A number that this program does not know leaves the fact
 * without its data: the story is told all the same. */
static int decode(struct trace *trace, const struct ev_result *rows, size_t row,
                  struct event_line *line)
{
        struct ev_bytes payload = ev_result_bytea(rows, row, FACT_PAYLOAD);
        uint32_t id = (uint32_t)ev_result_int4(rows, row, FACT_SCHEMA);
        const struct ev_registered *version = types_by_id(id);
        struct ev_str copy;
        void *value = NULL;
        int r;

        assert(payload.data);

        line->schema_id = id;
        if (!version)
                return 0;
        r = ev_arena_copy(trace->arena, (struct ev_str){ (const char *)payload.data, payload.size },
                          &copy);
        if (r == 0)
                r = types_record(version, &line->record);
        if (r < 0)
                return ev_trace(r);
        r = ev_avro_decode(line->record, (struct ev_bytes){ (const uint8_t *)copy.data, copy.size },
                           trace->arena, &value);
        line->value = value;
        return r < 0 ? ev_trace(r) : 0;
}

/* The result is freed before the story is told, so all texts are copied. */
static int keep_fact(struct trace *trace, const struct ev_result *rows, size_t row,
                     struct trace_step *step)
{
        struct ev_event *event = &step->line.event;
        struct ev_uuid id = ev_result_uuid(rows, row, FACT_ID);
        char text[EV_UUID_TEXT_MAX];
        int r;

        assert(step->kind == TRACE_FACT);

        r = ev_arena_copy(trace->arena, (struct ev_str){ text, ev_uuid_format(&id, text) },
                          &event->id);
        if (r == 0)
                r = keep(trace, rows, row, FACT_SOURCE, &event->source);
        if (r == 0)
                r = keep(trace, rows, row, FACT_TOPIC, &step->topic);
        if (r == 0)
                r = keep(trace, rows, row, FACT_TYPE, &event->type);
        if (r == 0)
                r = keep(trace, rows, row, FACT_KEY, &event->key);
        if (r == 0)
                r = keep(trace, rows, row, FACT_SUBJECT, &event->subject);
        if (r == 0)
                r = keep(trace, rows, row, FACT_CORRELATION, &event->correlation_id);
        if (r == 0)
                r = keep(trace, rows, row, FACT_CAUSATION, &event->causation_id);
        if (r == 0)
                r = keep(trace, rows, row, FACT_CAUSATION_SOURCE, &event->causation_source);
        return r < 0 ? ev_trace(r) : ev_trace(decode(trace, rows, row, &step->line));
}

/* Names of databases are compared by where they lie: there is one text of each. */
static bool is_known(const struct trace *trace, const char *database, int64_t seq)
{
        assert(seq > 0);

        for (size_t i = 0; i < trace->count; ++i)
                if (trace->steps[i].seq == seq && trace->steps[i].database == database)
                        return true;
        return false;
}

/* A place for one more step; NULL, with an error, when the story is too long. */
static struct trace_step *add_step(struct trace *trace, enum trace_kind kind, const char *database)
{
        struct trace_step *step = &trace->steps[trace->count];

        assert(database);

        if (trace->count == TRACE_STEPS_MAX) {
                (void)ev_fail(EV_VERDICT_STOP, "the story has more than %d steps", TRACE_STEPS_MAX);
                return NULL;
        }
        *step = (struct trace_step){ .kind = kind,
                                     .database = database,
                                     .partition = -1,
                                     .offset = -1,
                                     .cause = TRACE_NONE };
        return step;
}

/* The partition follows from the key; where in it the fact lies, only the topic knows. */
static int add_fact(struct trace *trace, const char *database, const struct ev_result *rows,
                    size_t row)
{
        struct trace_step *step = add_step(trace, TRACE_FACT, database);
        int r;

        assert(trace->partitions > 0);

        if (!step)
                return ev_trace(EV_FAILED);
        step->seq = ev_result_int8(rows, row, FACT_SEQ);
        step->at = ev_result_timestamptz(rows, row, FACT_AT);
        step->published = ev_result_bool(rows, row, FACT_PUBLISHED);
        r = keep_fact(trace, rows, row, step);
        if (r < 0)
                return ev_trace(r);
        step->line.event.sequence = step->seq;
        step->line.event.has_time = true;
        step->line.event.time = step->at;
        step->line.event.outcome = outcome_of(ev_result_text(rows, row, FACT_OUTCOME));
        step->partition = ev_partition_of(step->line.event.key, trace->partitions);
        if (!trace_is_of_another(trace, &step->line))
                ++trace->count;
        return 0;
}

/* One look at a database: what belongs to the story by what is known of it so far. `with_causes`:
 * not only what is about its subjects. */
static int find_facts(struct trace *trace, size_t index, bool with_causes)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(index < DATABASES);

        ev_params_begin(&params, &eventctl_sql_trace_facts);
        put_subjects(trace, &params);
        if (with_causes) {
                put_ids(trace, &params);
                put_fact_ids(trace, &params);
        } else {
                for (int i = 0; i < 2; ++i) {
                        ev_params_array(&params);
                        ev_params_array_end(&params);
                }
        }
        ev_params_int4(&params, TRACE_STEPS_MAX + 1); /* one too many is an error */
        r = ev_db_run(trace->sessions[index], &eventctl_sql_trace_facts, &params, &rows);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i)
                if (!is_known(trace, database_names[index], ev_result_int8(rows, i, FACT_SEQ)))
                        r = add_fact(trace, database_names[index], rows, i);
        return ev_trace(r);
}

/* Columns of sql/trace_aside.sql. The last three are headers, which may hold any bytes, or may not
 * be there: a record that lies aside need not be an event. */
enum {
        ASIDE_KIND,
        ASIDE_TOPIC,
        ASIDE_PARTITION,
        ASIDE_OFFSET,
        ASIDE_AGGREGATE,
        ASIDE_REASON,
        ASIDE_DETAIL,
        ASIDE_AT,
        ASIDE_ID,
        ASIDE_SOURCE,
        ASIDE_TYPE,
};

/* What a header holds, unless it is no text: a stranger's bytes. */
static int keep_header(struct trace *trace, const struct ev_result *rows, size_t row, size_t column,
                       struct ev_str *ret_text)
{
        struct ev_bytes bytes = ev_result_bytea(rows, row, column);
        struct ev_str text = { (const char *)bytes.data, bytes.size };

        assert(ret_text);

        return ev_str_is_null(text) || !ev_str_is_text(text) || text.size == 0
                       ? 0
                       : ev_trace(ev_arena_copy(trace->arena, text, ret_text));
}

/* What lies aside may be anything: only headers say what event it would be. */
static int keep_aside(struct trace *trace, const struct ev_result *rows, size_t row,
                      struct trace_step *step)
{
        struct ev_event *event = &step->line.event;
        int r = keep(trace, rows, row, ASIDE_TOPIC, &step->topic);

        assert(step->kind >= TRACE_PARKED);

        step->at = ev_result_timestamptz(rows, row, ASIDE_AT);
        step->partition = ev_result_int4(rows, row, ASIDE_PARTITION);
        step->offset = ev_result_int8(rows, row, ASIDE_OFFSET);
        if (r == 0)
                r = keep(trace, rows, row, ASIDE_AGGREGATE, &event->subject);
        if (r == 0)
                r = keep(trace, rows, row, ASIDE_REASON, &step->reason);
        if (r == 0)
                r = keep(trace, rows, row, ASIDE_DETAIL, &step->detail);
        if (r == 0)
                r = keep_header(trace, rows, row, ASIDE_ID, &event->id);
        if (r == 0)
                r = keep_header(trace, rows, row, ASIDE_SOURCE, &event->source);
        return r < 0 ? ev_trace(r)
                     : ev_trace(keep_header(trace, rows, row, ASIDE_TYPE, &event->type));
}

/* A record may lie aside in several databases, and be a dead letter more than once. */
static bool is_known_aside(const struct trace *trace, const struct trace_step *step)
{
        assert(step->kind >= TRACE_PARKED);

        for (size_t i = 0; i < trace->count; ++i) {
                const struct trace_step *other = &trace->steps[i];

                if (other->kind == step->kind && other->database == step->database &&
                    other->partition == step->partition && other->offset == step->offset &&
                    other->at == step->at && ev_str_equal(other->topic, step->topic))
                        return true;
        }
        return false;
}

/* Asked for in each round, since the ids of later rounds may be those of records that lie aside in
 * another database than the one that recorded them. */
static int find_aside(struct trace *trace, size_t index)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(index < DATABASES);

        ev_params_begin(&params, &eventctl_sql_trace_aside);
        put_subjects(trace, &params);
        put_ids(trace, &params);
        ev_params_int4(&params, ASIDE_MAX);
        r = ev_db_run(trace->sessions[index], &eventctl_sql_trace_aside, &params, &rows);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                struct ev_str kind = ev_result_text(rows, i, ASIDE_KIND);
                struct trace_step *step =
                        add_step(trace,
                                 ev_str_equal(kind, EV_STR("parked"))    ? TRACE_PARKED
                                 : ev_str_equal(kind, EV_STR("waiting")) ? TRACE_WAITING
                                                                         : TRACE_DEAD,
                                 database_names[index]);

                if (!step)
                        return ev_trace(EV_FAILED);
                r = keep_aside(trace, rows, i, step);
                if (r == 0 && !is_known_aside(trace, step))
                        ++trace->count;
        }
        return ev_trace(r);
}

/* Whether the cause of a fact is a step already: a fact of ours, or an event that was added for
 * another of its facts. */
static bool has_cause(const struct trace *trace, const struct ev_event *fact)
{
        assert(!ev_str_is_null(fact->causation_id));

        for (size_t i = 0; i < trace->count; ++i) {
                const struct ev_event *event = &trace->steps[i].line.event;

                if (ev_str_equal(event->id, fact->causation_id) &&
                    (ev_str_is_null(fact->causation_source) ||
                     ev_str_equal(event->source, fact->causation_source)))
                        return true;
        }
        return false;
}

/* When it was taken, by the inbox; its generations are kept for one to two weeks, and after that
 * the transaction of the fact says the same. */
static int find_received(struct ev_db *db, struct trace_step *step)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(step->kind == TRACE_INGRESS);

        ev_params_begin(&params, &eventctl_sql_trace_received);
        ev_params_text(&params, step->line.event.id);
        ev_params_text(&params, step->line.event.source);
        r = ev_db_run(db, &eventctl_sql_trace_received, &params, &rows);
        if (r == 0 && ev_result_rows(rows) > 0)
                step->at = ev_result_timestamptz(rows, 0, 0);
        return ev_trace(r);
}

/* Events of other systems: what caused facts of this database and is none itself. The type is known
 * from the fact that is its outcome, of whichever of its facts that is. */
static int find_ingress(struct trace *trace, const char *database, struct ev_db *db)
{
        size_t count = trace->count;
        int r = 0;

        assert(db);

        for (size_t i = 0; r == 0 && i < count; ++i) {
                const struct trace_step *fact = &trace->steps[i];
                struct trace_step *step;

                if (fact->kind != TRACE_FACT || fact->database != database ||
                    ev_str_is_null(fact->line.event.causation_id) ||
                    has_cause(trace, &fact->line.event))
                        continue;
                step = add_step(trace, TRACE_INGRESS, database);
                if (!step)
                        return ev_trace(EV_FAILED);
                step->at = fact->at;
                step->line.event.id = fact->line.event.causation_id;
                step->line.event.source = fact->line.event.causation_source;
                if (!ev_str_is_null(step->line.event.source))
                        r = find_received(db, step);
                ++trace->count;
        }
        return ev_trace(r);
}

/* Goes through the facts once all are known. */
static void name_causes(struct trace *trace)
{
        assert(trace->count <= TRACE_STEPS_MAX);

        for (size_t i = 0; i < trace->count; ++i) {
                struct trace_step *step = &trace->steps[i];

                for (size_t k = 0; step->kind == TRACE_INGRESS && k < trace->count; ++k) {
                        const struct event_line *fact = &trace->steps[k].line;
                        const struct ev_record *record;

                        if (trace->steps[k].kind != TRACE_FACT ||
                            !ev_str_equal(fact->event.causation_id, step->line.event.id))
                                continue;
                        record = trace_cause_of(fact);
                        if (!record)
                                continue;
                        step->line.event.type = record->name;
                        step->line.event.subject = fact->event.subject;
                        step->topic = record->contract->topic;
                        step->partition = trace->steps[k].partition;
                }
        }
}

/* One row of a domain's table. */
static int find_row(struct ev_db *db, const struct ev_statement *statement, struct ev_str key,
                    struct ev_result **ret_row)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);

        assert(statement->params_count == 1);

        ev_params_begin(&params, statement);
        ev_params_text(&params, key);
        return ev_trace(ev_db_run(db, statement, &params, ret_row));
}

/* What only this database has. */
static int find_rows(struct trace *trace, size_t index)
{
        struct ev_db *db = trace->sessions[index];
        int r = find_ingress(trace, database_names[index], db);

        assert(db);

        if (r == 0 && index == TRACE_ORDER_DB && !ev_str_is_null(trace->order_number))
                r = find_row(db, &eventctl_order_sql_trace_order, trace->order_number,
                             &trace->order);
        if (r == 0 && index == TRACE_SHIPPING_DB && trace->manifest_id[0])
                r = find_row(db, &eventctl_shipping_sql_trace_manifest,
                             ev_str_of(trace->manifest_id), &trace->manifest);
        return ev_trace(r);
}

/* A database that fails is closed and not asked again. */
static void give_up(struct trace *trace, size_t index)
{
        assert(index < DATABASES);

        snprintf(trace->errors[index], sizeof(trace->errors[index]), "%s", ev_error_last()->text);
        trace->sessions[index] = ev_db_free(trace->sessions[index]);
}

/* A database that is down is no reason to say nothing of the others. */
int trace_open(struct trace *trace, const struct ev_config *config, const char *id)
{
        int r = ev_arena_new(&trace->arena, ARENA_BYTES);

        assert(id && trace->count == 0);

        if (r < 0)
                return ev_trace(r);
        trace->id = ev_str_of(id);
        trace->partitions = (int32_t)ev_config_integer(config, "relay.fact_partitions");
        for (size_t i = 0; i < DATABASES; ++i)
                if (database_is_configured(config, database_names[i]) &&
                    database_open(config, database_names[i], &trace->sessions[i]) < 0)
                        give_up(trace, i);
        return 0;
}

bool trace_is_whole(const struct trace *trace)
{
        assert(trace);

        for (size_t i = 0; i < DATABASES; ++i)
                if (trace->errors[i][0])
                        return false;
        return true;
}

/* Once through all databases. */
static void look(struct trace *trace)
{
        assert(trace->arena);

        for (size_t i = 0; i < DATABASES; ++i)
                if (trace->sessions[i] &&
                    (find_facts(trace, i, true) < 0 || find_aside(trace, i) < 0))
                        give_up(trace, i);
}

/* The first look says what the id is; then rounds, until no database adds anything: facts of one
 * are the causes of facts of another. */
void trace_find(struct trace *trace)
{
        size_t before = SIZE_MAX;

        assert(trace->count == 0 && trace->about == TRACE_ABOUT_ALL);

        look(trace);
        trace_classify(trace);
        for (int round = 0; round < ROUNDS_MAX && before != trace->count; ++round) {
                before = trace->count;
                look(trace);
        }
        for (size_t i = 0; i < DATABASES; ++i)
                if (trace->sessions[i] && find_rows(trace, i) < 0)
                        give_up(trace, i);
        name_causes(trace);
}

/* Causes tell nothing of how an order stands, so one look is enough, and what lies aside was not
 * applied. */
void trace_find_order(struct trace *trace)
{
        assert(!ev_str_is_null(trace->order_number) && trace->count == 0);

        trace->about = TRACE_ABOUT_ORDER;
        for (size_t i = TRACE_ORDER_DB; i <= TRACE_SHIPPING_DB; ++i)
                if (trace->sessions[i] && find_facts(trace, i, false) < 0)
                        give_up(trace, i);
}
