/* bench-audit: how many facts a second an auditor's reader checks on one core (P12).
 *
 *      bench-audit [--orders 2000] [--rounds 21]
 *
 * In memory lie the facts of orders that went abroad (story.ndjson), each as a relay publishes it:
 * value with its frame, and all headers, made by the relay's own code. For each fact the reader does
 * what everybody does who proves something by facts (eventctl rebuild, trace): it opens the envelope
 * and checks its limits, proves by ce_previoussequence that no fact is missing, finds the schema
 * that the frame names, and decodes the value, which checks all limits of it. Reading from Kafka is
 * not part of it.
 *
 * Prints facts a second, and nanoseconds for each step by itself; CPU time, medians of rounds. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "bench/measure.h"
#include "bench/story.h"
#include "bench/tool.h"
#include "flow/relay_record.h"
#include "flow/schemas.h"
#include "wire/avro.h"

enum {
        ORDERS_MAX = 100000,
        ARENA_BYTES = 1024 * 1024 * 1024,
        DECODED_BYTES = 64 * 1024 * 1024,
        BATCH = 200, /* facts, after which memory is taken back */
        NUMBER_MAX = 32,
        TOPICS_MAX = 8,
        ACCEPTED_AT_S = 1764428954, /* any time of these years */
        PER_SECOND = 1000000000,
};

/* A record as the reader gets it, and what the steps before have made of it. */
struct fact {
        struct ev_header *headers;
        size_t headers_count;
        struct ev_bytes key, value;
        size_t topic;
        struct ev_event event;
        const struct ev_record *record;
};

struct audit {
        struct story story;
        struct ev_arena *kept, *decoded;
        struct fact *facts;
        size_t count;
        struct ev_str topics[TOPICS_MAX];
        size_t topics_count;
        int64_t marks[TOPICS_MAX]; /* the last sequence of each topic */
};

enum step { ALL, OPEN, FIND, DECODE, STEPS };

/* ---- Facts as a relay makes them ---- */

static size_t topic_of(struct audit *audit, struct ev_str topic)
{
        size_t i = 0;

        assert(topic.size > 0);

        while (i < audit->topics_count && !ev_str_equal(audit->topics[i], topic))
                ++i;
        assert(i < TOPICS_MAX);
        if (i == audit->topics_count)
                audit->topics[audit->topics_count++] = topic;
        return i;
}

static struct ev_bytes copy_bytes(struct audit *audit, struct ev_bytes bytes)
{
        struct ev_str copy;

        assert(bytes.data || !bytes.size);

        tool_check(ev_arena_copy(audit->kept,
                                 (struct ev_str){ (const char *)bytes.data, bytes.size }, &copy));
        return (struct ev_bytes){ (const uint8_t *)copy.data, copy.size };
}

/* The number of the order in the value, so that no two of the facts are alike. */
static void name_order(const struct ev_record *record, void *value, struct ev_str number)
{
        const struct ev_field *field = ev_record_field(record, EV_STR("order_number"));

        if (!field)
                tool_die("%.*s has no order_number", EV_STR_ARG(record->name));
        assert(field->type == EV_TYPE_STRING);
        memcpy((char *)value + field->offset, &number, sizeof(number));
}

static void keep(struct audit *audit, const struct ev_outgoing *out, size_t topic)
{
        struct fact *fact = &audit->facts[audit->count++];

        assert(out->headers_count > 0);

        *fact = (struct fact){ .topic = topic, .headers_count = out->headers_count };
        fact->headers =
                ev_arena_take_array(audit->kept, out->headers_count, sizeof(*fact->headers));
        if (!fact->headers)
                tool_check(EV_FAILED);
        for (size_t i = 0; i < out->headers_count; ++i)
                fact->headers[i] = (struct ev_header){
                        .name = out->headers[i].name, /* a literal */
                        .value = copy_bytes(audit, out->headers[i].value),
                };
        fact->value = copy_bytes(audit, out->value);
        fact->key = copy_bytes(audit,
                               (struct ev_bytes){ (const uint8_t *)out->key.data, out->key.size });
}

static void add_fact(struct audit *audit, const struct story_event *told, struct ev_str number,
                     struct ev_str cause)
{
        const struct ev_record *record = told->type->record;
        _cleanup_buffer_ struct ev_buffer payload = EV_BUFFER_INIT(EV_FACT_BYTES_MAX);
        static struct ev_relay_record made;
        static struct ev_uuid_generator ids;
        const struct ev_relay_names names = { EV_STR("/quenty/order_db/7713610687834796905/1"),
                                              record->name };
        size_t topic = topic_of(audit, record->contract->topic);
        struct ev_feed_fact fact = {
                .seq = (int64_t)audit->count + 1,
                .key = told->key,
                .subject = told->subject,
                .schema_id = (int32_t)record->schema_id,
                .correlation_id = cause,
                .causation_id = cause,
                .causation_source = EV_STR("/test/shop"),
                .traceparent = EV_STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                .outcome = (int16_t)record->contract->outcome,
                .recorded_at = ACCEPTED_AT_S * EV_MICROS_PER_SECOND + (int64_t)audit->count,
        };
        struct ev_outgoing out = { 0 };

        assert(record->contract->kind == EV_KIND_FACT);

        if (!made.value.bytes_max)
                made = EV_RELAY_RECORD_INIT;
        name_order(record, told->value, number);
        tool_check(ev_avro_encode(record, told->value, &payload));
        tool_check(ev_uuid_generate(&ids, fact.recorded_at, &fact.event_id));
        fact.payload = (struct ev_bytes){ payload.data, payload.size };
        tool_check(ev_relay_make_fact(&made, &fact, &names, audit->marks[topic], &out));
        keep(audit, &out, topic);
        audit->marks[topic] = fact.seq;
}

/* All facts of one order after the other, as they come from the topics of one system. */
static void make_facts(struct audit *audit, int64_t orders)
{
        size_t per_order = 0;

        assert(orders > 0);

        for (size_t i = 0; i < audit->story.count; ++i)
                per_order += audit->story.events[i].type->record->contract->kind == EV_KIND_FACT;
        audit->facts = calloc((size_t)orders * per_order + 1, sizeof(*audit->facts));
        if (!audit->facts || !per_order)
                tool_die("no memory for facts, or none in the story");
        for (int64_t order = 0; order < orders; ++order) {
                char number[NUMBER_MAX], cause[NUMBER_MAX * 2];

                snprintf(number, sizeof(number), "SO-%07" PRId64, order);
                snprintf(cause, sizeof(cause), "5b6e1c0a-0000-7000-8000-%012" PRIx64, order);
                for (size_t i = 0; i < audit->story.count; ++i)
                        if (audit->story.events[i].type->record->contract->kind == EV_KIND_FACT)
                                add_fact(audit, &audit->story.events[i], ev_str_of(number),
                                         ev_str_of(cause));
        }
}

/* ---- The reader ---- */

/* Repetitions and holes are for a reader of topics to tell apart; there are none here. */
static void open_fact(struct audit *audit, struct fact *fact)
{
        if (ev_envelope_open(EV_KIND_FACT, fact->headers, fact->headers_count, fact->key,
                             fact->value, &fact->event))
                tool_die("no fact: %s", ev_error_last()->text);
        if (fact->event.previous_sequence != audit->marks[fact->topic])
                tool_die("a fact is missing before %" PRId64, fact->event.sequence);
        assert(fact->event.sequence > fact->event.previous_sequence);
        audit->marks[fact->topic] = fact->event.sequence;
}

static void find_schema(struct fact *fact)
{
        const struct ev_registered *type = ev_schemas_find(NULL, &fact->event.frame);

        if (!type || !type->record || !ev_str_equal(type->name, fact->event.type))
                tool_die("%.*s has the schema of another type", EV_STR_ARG(fact->event.type));
        assert(type->record->contract->kind == EV_KIND_FACT);
        fact->record = type->record;
}

static void decode_fact(struct audit *audit, const struct fact *fact)
{
        void *value;

        assert(fact->record);

        if (ev_avro_decode(fact->record, fact->event.frame.payload, audit->decoded, &value))
                tool_die("no value of its schema: %s", ev_error_last()->text);
}

static void begin_pass(struct audit *audit)
{
        assert(audit->count > 0);

        memset(audit->marks, 0, sizeof(audit->marks));
        ev_arena_reset(audit->decoded);
}

static void pass_all(void *context)
{
        struct audit *audit = context;

        assert(audit->decoded);

        begin_pass(audit);
        for (size_t i = 0; i < audit->count; ++i) {
                if (i % BATCH == 0)
                        ev_arena_reset(audit->decoded);
                open_fact(audit, &audit->facts[i]);
                find_schema(&audit->facts[i]);
                decode_fact(audit, &audit->facts[i]);
        }
}

static void pass_open(void *context)
{
        struct audit *audit = context;

        assert(audit->facts);

        begin_pass(audit);
        for (size_t i = 0; i < audit->count; ++i)
                open_fact(audit, &audit->facts[i]);
}

static void pass_find(void *context)
{
        struct audit *audit = context;

        assert(audit->facts);

        for (size_t i = 0; i < audit->count; ++i)
                find_schema(&audit->facts[i]);
}

static void pass_decode(void *context)
{
        struct audit *audit = context;

        assert(audit->facts);

        for (size_t i = 0; i < audit->count; ++i) {
                if (i % BATCH == 0)
                        ev_arena_reset(audit->decoded);
                decode_fact(audit, &audit->facts[i]);
        }
}

static measure_pass_fn *const passes[STEPS] = {
        [ALL] = pass_all,
        [OPEN] = pass_open,
        [FIND] = pass_find,
        [DECODE] = pass_decode,
};

/* ---- Results ---- */

static void measure(struct audit *audit, size_t rounds)
{
        static const char *const names[STEPS] = { "fact_ns", "open_ns", "find_ns", "decode_ns" };
        static double times[STEPS][MEASURE_ROUNDS_MAX];
        double medians[STEPS];

        assert(rounds <= MEASURE_ROUNDS_MAX);

        for (size_t round = 0; round < rounds; ++round)
                for (size_t step = 0; step < STEPS; ++step)
                        times[step][round] = measure_ns(passes[step], audit, audit->count);
        for (size_t step = 0; step < STEPS; ++step)
                medians[step] = measure_median(times[step], rounds);
        tool_print("facts", (int64_t)audit->count);
        tool_print("facts_per_s", (int64_t)(PER_SECOND / medians[ALL]));
        for (size_t step = 0; step < STEPS; ++step)
                tool_print_ratio(names[step], medians[step]);
}

int main(int argc, char **argv)
{
        static struct audit audit;
        const char *path = BENCH_STORY;
        int64_t orders = 2000, rounds = 21;
        const struct tool_option table[] = {
                { "--orders", "N", "six facts each", .number = &orders, 1, ORDERS_MAX },
                { "--story", "FILE", "whose facts they are", .text = &path },
                { "--rounds", "N", "an odd number", .number = &rounds, 1, MEASURE_ROUNDS_MAX },
        };
        const struct tool tool = { "bench-audit", "Facts that a reader checks in a second.", table,
                                   EV_ARRAY_SIZE(table) };

        tool_options(&tool, argc, argv);
        story_read(&audit.story, path);
        tool_check(ev_arena_new(&audit.kept, ARENA_BYTES));
        tool_check(ev_arena_new(&audit.decoded, DECODED_BYTES));
        make_facts(&audit, orders);
        measure(&audit, (size_t)rounds | 1);
        free(audit.facts);
        ev_arena_free(audit.kept);
        ev_arena_free(audit.decoded);
        story_done(&audit.story);
        return EXIT_SUCCESS;
}
