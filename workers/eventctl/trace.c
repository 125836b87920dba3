/* eventctl trace: what happened to an order, put together from the databases' outboxes.
 *
 * A fact belongs to the story if it is about the order or its manifest, or if an event of the story
 * caused it and it is about no other order: what one delivery of goods did to ten backorders is ten
 * stories. Events of other systems are known by the facts that they caused. The outbox says what
 * was committed; whether it is on its topic already is told beside.
 *
 * Nothing is changed. A database that does not answer is named, and the rest is told. */

#include "trace.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "command.h"
#include "eventctl_order_sql.h"
#include "eventctl_shipping_sql.h"
#include "eventctl_sql.h"
#include "output.h"
#include "schemas/registry.h"
#include "store/params.h"
#include "types.h"
#include "wire/avro.h"
#include "wire/partition.h"

enum {
        PARAMS_BYTES_MAX = 4 * 1024 * 1024,
        ARENA_BYTES = 256 * 1024 * 1024,
        OUT_BYTES_MAX = 256 * 1024 * 1024,
        ROUNDS_MAX = 8, /* of causes of causes: order, shipping, order, … */
        ASIDE_MAX = 200,
        ORDER_DB = 1,
        SHIPPING_DB = 2,
};

/* Columns of sql/trace_facts.sql. */
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

static void trace_done(struct trace **at)
{
        struct trace *trace = *at;

        assert(trace);

        ev_arena_free(trace->arena);
        ev_result_free(trace->order);
        ev_result_free(trace->manifest);
}

/* Subjects of the story: the order, and the manifest that shipping makes of it. */
static void put_subjects(const struct trace *trace, struct ev_params *params)
{
        assert(trace->manifest_id[0]);

        ev_params_array(params);
        ev_params_text(params, trace->order_number);
        ev_params_text(params, ev_str_of(trace->manifest_id));
        ev_params_array_end(params);
}

/* Everything of the story that may have caused something: facts, and what caused them. */
static void put_causes(const struct trace *trace, struct ev_params *params)
{
        assert(trace->count <= TRACE_STEPS_MAX);

        ev_params_array(params);
        for (size_t i = 0; i < trace->count; ++i) {
                const struct ev_event *event = &trace->steps[i].line.event;

                ev_params_text(params, event->id);
                if (!ev_str_is_null(event->causation_id))
                        ev_params_text(params, event->causation_id);
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
        *step = (struct trace_step){
                .kind = kind, .database = database, .partition = -1, .offset = -1
        };
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

/* One look at a database: what belongs to the story by what is known of it so far. */
static int find_facts(struct trace *trace, const char *database, struct ev_db *db)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(db);

        ev_params_begin(&params, &eventctl_sql_trace_facts);
        put_subjects(trace, &params);
        put_causes(trace, &params);
        ev_params_int4(&params, TRACE_STEPS_MAX);
        r = ev_db_run(db, &eventctl_sql_trace_facts, &params, &rows);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i)
                if (!is_known(trace, database, ev_result_int8(rows, i, FACT_SEQ)))
                        r = add_fact(trace, database, rows, i);
        return ev_trace(r);
}

static int find_aside(struct trace *trace, const char *database, struct ev_db *db)
{
        enum { KIND, TOPIC, PARTITION, OFFSET, AGGREGATE, REASON, DETAIL, AT };
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(db);

        ev_params_begin(&params, &eventctl_sql_trace_aside);
        put_subjects(trace, &params);
        ev_params_int4(&params, ASIDE_MAX);
        r = ev_db_run(db, &eventctl_sql_trace_aside, &params, &rows);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                struct ev_str kind = ev_result_text(rows, i, KIND);
                struct trace_step *step =
                        add_step(trace,
                                 ev_str_equal(kind, EV_STR("parked"))    ? TRACE_PARKED
                                 : ev_str_equal(kind, EV_STR("waiting")) ? TRACE_WAITING
                                                                         : TRACE_DEAD,
                                 database);

                if (!step)
                        return ev_trace(EV_FAILED);
                step->at = ev_result_timestamptz(rows, i, AT);
                step->partition = ev_result_int4(rows, i, PARTITION);
                step->offset = ev_result_int8(rows, i, OFFSET);
                r = keep(trace, rows, i, TOPIC, &step->topic);
                if (r == 0)
                        r = keep(trace, rows, i, AGGREGATE, &step->line.event.subject);
                if (r == 0)
                        r = keep(trace, rows, i, REASON, &step->reason);
                if (r == 0)
                        r = keep(trace, rows, i, DETAIL, &step->detail);
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
static int find_rows(struct trace *trace, size_t index, struct ev_db *db)
{
        int r = find_aside(trace, database_names[index], db);

        assert(index < DATABASES);

        if (r == 0)
                r = find_ingress(trace, database_names[index], db);
        if (r == 0 && index == ORDER_DB)
                r = find_row(db, &eventctl_order_sql_trace_order, trace->order_number,
                             &trace->order);
        if (r == 0 && index == SHIPPING_DB)
                r = find_row(db, &eventctl_shipping_sql_trace_manifest,
                             ev_str_of(trace->manifest_id), &trace->manifest);
        return ev_trace(r);
}

/* Sessions of one call; a database that fails is closed and not asked again. */
struct sessions {
        struct ev_db *items[DATABASES];
};

static void sessions_done(struct sessions *sessions)
{
        assert(sessions);

        for (size_t i = 0; i < DATABASES; ++i)
                ev_db_free(sessions->items[i]);
}

static void give_up(struct trace *trace, struct sessions *sessions, size_t index)
{
        assert(index < DATABASES);

        snprintf(trace->errors[index], sizeof(trace->errors[index]), "%s", ev_error_last()->text);
        sessions->items[index] = ev_db_free(sessions->items[index]);
}

/* Rounds, until no database adds anything: facts of one are the causes of facts of another. */
static void find_all(struct trace *trace, struct sessions *sessions)
{
        size_t before = SIZE_MAX;

        assert(trace->count == 0);

        for (int round = 0; round < ROUNDS_MAX && before != trace->count; ++round) {
                before = trace->count;
                for (size_t i = 0; i < DATABASES; ++i)
                        if (sessions->items[i] &&
                            find_facts(trace, database_names[i], sessions->items[i]) < 0)
                                give_up(trace, sessions, i);
        }
        for (size_t i = 0; i < DATABASES; ++i)
                if (sessions->items[i] && find_rows(trace, i, sessions->items[i]) < 0)
                        give_up(trace, sessions, i);
        name_causes(trace);
        trace_sort(trace);
}

static enum command_exit tell(const struct trace *trace, enum output_format format)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(OUT_BYTES_MAX);
        bool is_whole = true;
        int r = format == OUTPUT_JSON ? trace_write_json(trace, &out)
                                      : trace_write_text(trace, output_is_coloured(), &out);

        assert(trace->partitions > 0);

        if (r < 0) {
                command_complain();
                return COMMAND_FAILED;
        }
        for (size_t i = 0; i < DATABASES; ++i)
                is_whole = is_whole && !trace->errors[i][0];
        if (!output_text(ev_buffer_str(&out)))
                return COMMAND_FAILED;
        if (trace->count == 0 && is_whole)
                fprintf(stderr, "eventctl: nothing is known of order %.*s\n",
                        EV_STR_ARG(trace->order_number));
        return trace->count > 0 && is_whole ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_exit trace(const struct command_input *input)
{
        static struct trace story; /* large */
        _cleanup_(trace_done) struct trace *trace = &story;
        _cleanup_(sessions_done) struct sessions sessions = { 0 };
        enum output_format format;

        assert(input->operand);

        if (!output_format_of(input, &format))
                return COMMAND_USAGE;
        trace->order_number = ev_str_of(input->operand);
        if (snprintf(trace->manifest_id, sizeof(trace->manifest_id), "MAN-%s", input->operand) >=
            TRACE_SUBJECT_MAX) {
                fputs("eventctl: no order number is that long\n", stderr);
                return COMMAND_USAGE;
        }
        trace->partitions = (int32_t)ev_config_integer(input->config, "relay.fact_partitions");
        if (ev_arena_new(&trace->arena, ARENA_BYTES) < 0) {
                command_complain();
                return COMMAND_FAILED;
        }
        for (size_t i = 0; i < DATABASES; ++i) {
                trace->is_asked[i] = database_is_configured(input->config, database_names[i]);
                if (trace->is_asked[i] &&
                    database_open(input->config, database_names[i], &sessions.items[i]) < 0)
                        give_up(trace, &sessions, i);
        }
        find_all(trace, &sessions);
        trace_find_records(trace, input->config);
        return tell(trace, format);
}
