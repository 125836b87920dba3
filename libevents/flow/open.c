/* Opens records: envelope, route, value.
 *
 * Whatever the bytes are, the result is a fate: an event to decide, one that nobody here wants, or
 * a dead letter with its reason. Nothing outside of the arena changes, so if the process dies here,
 * nothing has happened.
 *
 * A value is read by the schema that wrote it, which its frame names; where that is not ours, a
 * plan is made that reads it into our struct, once for each version met. Nothing is asked of a
 * registry: every version ever published is in the program or in schemas.dir. */

#include "flow/open.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "flow/headers.h"
#include "schemas/registry.h"
#include "wire/avro.h"
#include "wire/content.h"
#include "wire/plan.h"
#include "wire/schema.h"

enum {
        ROUTES_MAX = 64,
        PLANS_MAX = 256, /* other versions that have been met */
        PLANS_BYTES_MAX = 16 * 1024 * 1024,
};

/* How the values of one schema id are read. */
struct plan {
        uint32_t schema_id;             /* the writer's */
        struct ev_schema *schema;       /* the writer's, which the record refers to */
        const struct ev_record *record; /* reads its bytes into our struct */
};

/* Both tables are looked through: a worker has some dozens of routes, and meets few versions. */
struct ev_opener {
        struct ev_arena *arena;       /* of plans, for its whole life */
        struct ev_schemas *schemas;   /* borrowed; NULL: the build's own */
        const struct ev_shard *shard; /* borrowed; NULL: all companies */
        size_t route_count, plan_count;
        struct ev_routed routes[ROUTES_MAX]; /* with their contracts' outcomes */
        struct plan plans[PLANS_MAX];        /* in the order in which they were met */
};

int ev_opener_new(struct ev_opener **ret_opener, const struct ev_worker *worker,
                  const struct ev_shard *shard, struct ev_schemas *schemas)
{
        _cleanup_(ev_opener_free_p) struct ev_opener *opener = NULL;
        int r;

        assert(worker->route_count <= ROUTES_MAX);

        opener = calloc(1, sizeof(*opener));
        if (!opener)
                return ev_fail_memory("routes");
        opener->schemas = schemas;
        opener->shard = shard;
        r = ev_arena_new(&opener->arena, PLANS_BYTES_MAX);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < worker->route_count; ++i) {
                r = ev_routed_resolve(&opener->routes[i], &worker->routes[i]);
                if (r < 0)
                        return ev_trace(r);
                ++opener->route_count;
        }
        *ret_opener = opener;
        opener = NULL;
        return 0;
}

struct ev_opener *ev_opener_free(struct ev_opener *opener)
{
        if (!opener)
                return NULL;
        for (size_t i = 0; i < opener->plan_count; ++i)
                ev_schema_free(opener->plans[i].schema);
        ev_arena_free(opener->arena);
        free(opener);
        return NULL;
}

/* The thread's error says what is wrong; it is kept with the record. */
static int make_dead(struct ev_arena *arena, struct ev_item *item, enum ev_refusal refusal)
{
        assert(refusal != 0);
        assert(ev_error_last()->text[0]);

        item->fate = EV_FATE_DEAD;
        item->refusal = refusal;
        return ev_trace(ev_arena_copy(arena, ev_str_of(ev_error_last()->text), &item->detail));
}

static const struct ev_routed *find_route(const struct ev_opener *opener, struct ev_str type)
{
        assert(!ev_str_is_null(type)); /* the envelope has seen to it */

        for (size_t i = 0; i < opener->route_count; ++i)
                if (ev_str_equal(opener->routes[i].route->record->name, type))
                        return &opener->routes[i];
        return NULL;
}

/* A topic of facts has facts that no route here wants; an ingress topic has only what a route
 * names. */
static bool is_facts_topic(struct ev_str topic)
{
        assert(!ev_str_is_null(topic));

        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_record *record = schemas_registry[i].record;

                if (record && record->contract && ev_str_equal(record->contract->topic, topic))
                        return record->contract->kind == EV_KIND_FACT;
        }
        return false;
}

/* Makes and keeps the plan of a writer that is met for the first time. One that cannot be made is
 * not kept: its records fail one by one, and must not use the table up. */
static int add_plan(struct ev_opener *opener, const struct ev_registered *writer,
                    const struct ev_record *reader, const struct ev_record **ret_record)
{
        struct plan *plan = &opener->plans[opener->plan_count];
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
        const struct ev_record *record;
        int r;

        assert(writer->record != reader);

        if (opener->plan_count == PLANS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d versions of schemas met", PLANS_MAX);
        r = ev_schema_parse(writer->text, &schema);
        if (r == 0)
                r = ev_record_new(schema, opener->arena, &record);
        if (r == 0)
                r = ev_plan_make(record, reader, false, opener->arena, &plan->record);
        if (r < 0)
                return ev_trace(r);
        plan->schema_id = writer->id;
        plan->schema = schema;
        schema = NULL;
        ++opener->plan_count;
        *ret_record = plan->record;
        return 0;
}

/* The record that reads a writer's values into the route's struct. */
static int find_plan(struct ev_opener *opener, const struct ev_registered *writer,
                     const struct ev_record *reader, const struct ev_record **ret_record)
{
        assert(ev_str_equal(writer->name, reader->name));

        if (writer->record == reader) {
                *ret_record = reader;
                return 0;
        }
        for (size_t i = 0; i < opener->plan_count; ++i)
                if (opener->plans[i].schema_id == writer->id) {
                        *ret_record = opener->plans[i].record;
                        return 0;
                }
        return ev_trace(add_plan(opener, writer, reader, ret_record));
}

/* 0, a refusal (> 0), or EV_FAILED. */
static int decode(struct ev_opener *opener, struct ev_arena *arena, struct ev_item *item)
{
        const struct ev_record *reader = item->routed->route->record;
        const struct ev_registered *writer;
        const struct ev_record *record = NULL;
        const struct ev_frame *frame = &item->event.frame;
        int r;

        assert(ev_record_check(reader));

        writer = ev_schemas_find(opener->schemas, frame);
        if (!writer)
                return EV_UNKNOWN_SCHEMA;
        if (!ev_str_equal(writer->name, reader->name)) {
                (void)ev_fail(EV_VERDICT_RECORD, "ce_type is %.*s, the value's schema %u is %.*s",
                              EV_STR_ARG(reader->name), writer->id, EV_STR_ARG(writer->name));
                return EV_UNDECODABLE;
        }
        r = find_plan(opener, writer, reader, &record);
        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_avro_decode(record, frame->payload, arena, &item->value));
}

static int open_envelope(struct ev_arena *arena, struct ev_item *item)
{
        enum ev_kind kind = is_facts_topic(item->raw.place.topic) ? EV_KIND_FACT : EV_KIND_INGRESS;
        const struct ev_header *headers;
        size_t count;
        int r;

        assert(item->fate == EV_FATE_DECIDE);

        r = ev_item_headers(arena, item, &headers, &count);
        if (r != 0)
                return ev_trace(r);
        return ev_trace(ev_envelope_open(kind, headers, count, item->raw.key, item->raw.value,
                                         &item->event));
}

/* Whom the event is about, as its fields say it: ce_subject is a stranger's word, and what is held
 * behind a parked record must not depend on it. */
static int name_aggregate(struct ev_arena *arena, struct ev_item *item)
{
        const struct ev_record *record = item->routed->route->record;

        assert(item->value);
        int r = ev_subject_of(record, item->value, arena, &item->aggregate);

        if (r == 0 && ev_str_is_null(item->aggregate))
                item->aggregate = EV_STR("");
        return ev_trace(r);
}

/* Strangers write to ingress topics only, and there only what is asked of them. */
static int unexpected_type(struct ev_arena *arena, struct ev_item *item)
{
        assert(item->fate == EV_FATE_DECIDE);

        (void)ev_fail(EV_VERDICT_RECORD, "%.*s does not belong on %.*s",
                      EV_STR_ARG(item->event.type), EV_STR_ARG(item->raw.place.topic));
        return ev_trace(make_dead(arena, item, EV_UNEXPECTED_TYPE));
}

/* The key that an answer would have (set_key() in flow/case.c): where nobody else publishes, and
 * where the rows are that the event speaks of. */
static struct ev_str answer_key(const struct ev_item *item)
{
        const struct ev_str keys[] = { ev_key_of(item->routed->route->record, item->value),
                                       item->event.key, item->aggregate, item->event.id };
        size_t i = 0;

        assert(item->value && item->event.id.size > 0);

        while (keys[i].size == 0)
                ++i;
        return ev_str_cut(keys[i], EV_ENVELOPE_KEY_MAX);
}

/* Correctness rests on the key only where a company's rows are in one database of several: then
 * what a producer has sent to a partition of its own choice is for nobody here to decide. */
static int check_shard(const struct ev_opener *opener, struct ev_arena *arena, struct ev_item *item)
{
        struct ev_str key = answer_key(item);

        assert(item->fate == EV_FATE_DECIDE);

        if (!opener->shard || item->routed->route->record->contract->kind != EV_KIND_INGRESS ||
            ev_shard_has_key(opener->shard, key))
                return 0;
        (void)ev_fail(EV_VERDICT_RECORD,
                      "%.*s belongs to another shard than %d/%d: it was not sent to the partition "
                      "that murmur2 gives its company",
                      EV_STR_ARG(key), (int)opener->shard->index, (int)opener->shard->count);
        return ev_trace(make_dead(arena, item, EV_WRONG_SHARD));
}

int ev_item_open(struct ev_opener *opener, struct ev_arena *arena, struct ev_item *item)
{
        int r;

        assert(item->raw.value.data || item->raw.value.size == 0);

        item->fate = EV_FATE_DECIDE;
        r = open_envelope(arena, item);
        if (r > 0)
                return ev_trace(make_dead(arena, item, (enum ev_refusal)r));
        if (r < 0)
                return ev_trace(r);

        /* The type decides whether a value is read at all: facts that no route wants may be of
         * schemas that this program has never heard of. */
        item->routed = find_route(opener, item->event.type);
        if (!item->routed && is_facts_topic(item->raw.place.topic)) {
                item->fate = EV_FATE_IGNORE;
                return 0;
        }
        if (!item->routed ||
            !ev_str_equal(item->routed->route->record->contract->topic, item->raw.place.topic))
                return ev_trace(unexpected_type(arena, item));

        r = decode(opener, arena, item);
        if (r > 0)
                return ev_trace(make_dead(arena, item, (enum ev_refusal)r));
        if (r < 0)
                return ev_trace(r);
        r = name_aggregate(arena, item);
        return r < 0 ? ev_trace(r) : ev_trace(check_shard(opener, arena, item));
}
