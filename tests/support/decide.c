/* One event through its route, over rows put in by hand. */

#include "support/decide.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/error.h"
#include "wire/avro.h"

enum { BYTES_MAX = 64 * 1024 * 1024, FIRST_ID = 1001, NOW = 1700000000 };

static int draw(void *context, const struct ev_table *table, int64_t *ret_id)
{
        struct decide *t = context;

        *ret_id = ++t->drawn;
        refold_drawn(&t->refold, t->arena, table, t->drawn);
        return 0;
}

void decide_begin(struct decide *t, const struct ev_worker *worker)
{
        cr_assert(ev_worker_check(worker));

        *t = (struct decide){ .worker = worker, .drawn = FIRST_ID - 1 };
        cr_assert_eq(ev_arena_new(&t->arena, BYTES_MAX), 0);
        cr_assert_eq(ev_rows_new(&t->rows, worker->tables, worker->table_count,
                                 (struct ev_id_source){ draw, t }),
                     0);
        ev_rows_begin(t->rows, t->arena);
        t->cases = (struct ev_cases){ .worker = worker,
                                      .rows = t->rows,
                                      .arena = t->arena,
                                      .scratch = EV_BUFFER_INIT(EV_FACT_BYTES_MAX),
                                      .now = NOW * INT64_C(1000000) };
        t->event = (struct ev_event){ .source = EV_STR("/test"), .key = EV_STR("KEY") };
}

void decide_end(struct decide *t)
{
        if (t->refold.is_live && !t->is_not_rebuilt) {
                refold_sweep(&t->refold, &t->cases);
                refold_check(&t->refold, &t->cases);
        }
        ev_buffer_done(&t->cases.scratch);
        ev_rows_free(t->rows);
        ev_arena_free(t->arena);
}

void decide_put(struct decide *t, const struct ev_table *table, const void *image)
{
        cr_assert_eq(ev_rows_put(t->rows, table, image), 0);
        refold_put(&t->refold, &t->cases, table, image);
}

static const struct ev_route *find_route(const struct decide *t, const struct ev_record *record)
{
        for (size_t i = 0; i < t->worker->route_count; ++i)
                if (t->worker->routes[i].record == record)
                        return &t->worker->routes[i];
        cr_assert_fail("the worker has no route for this event");
        return NULL;
}

/* The next one: an event of strangers, or a fact as a relay would publish it. */
static void number(struct decide *t, const struct ev_record *record)
{
        bool is_fact = record->contract->kind == EV_KIND_FACT;
        char id[48];

        snprintf(id, sizeof(id), is_fact ? "018bcfe5-6800-7000-8000-%012zx" : "event-%zu",
                 ++t->count);
        cr_assert_eq(ev_arena_copy(t->arena, ev_str_of(id), &t->event.id), 0);
        t->event.type = record->name;
        if (!is_fact)
                return;
        t->event.time = NOW * INT64_C(1000000);
        t->event.has_time = true;
        if (t->event.sequence == t->sequence)
                ++t->event.sequence;
        t->sequence = t->event.sequence;
}

int decide(struct decide *t, const struct ev_record *record, const void *event)
{
        const struct ev_announced *last = t->cases.last;
        struct ev_routed routed;
        int r;

        refold_sweep(&t->refold, &t->cases);
        number(t, record);
        cr_assert_eq(ev_routed_resolve(&routed, find_route(t, record)), 0);
        t->c = (struct ev_case){ .cases = &t->cases,
                                 .routed = &routed,
                                 .event = &t->event,
                                 .value = event,
                                 .last_try = t->is_last_try,
                                 .first_request = t->first_request };
        r = ev_case_decide(&t->c);
        t->c.routed = NULL;
        refold_sweep(&t->refold, &t->cases);
        if (r == 0 && !routed.route->decide && !t->is_not_rebuilt)
                refold_received(&t->refold, &t->cases, record, &t->event, event);
        t->facts = last ? last->next : t->cases.first;
        t->facts_count = t->c.announced;
        return r;
}

int decide_timer(struct decide *t, const struct ev_timer *timer, struct ev_str key)
{
        const struct ev_announced *last = t->cases.last;
        int r;

        refold_sweep(&t->refold, &t->cases);
        t->c = (struct ev_case){ .cases = &t->cases };
        r = ev_case_decide_due(&t->c, timer, key);
        refold_sweep(&t->refold, &t->cases);
        t->facts = last ? last->next : t->cases.first;
        t->facts_count = t->c.announced;
        return r;
}

size_t decide_count(const struct decide *t, const struct ev_record *record)
{
        size_t count = 0;

        for (const struct ev_announced *fact = t->facts; fact; fact = fact->next)
                count += fact->record == record;
        return count;
}

const struct ev_announced *decide_announced(const struct decide *t, const struct ev_record *record)
{
        const struct ev_announced *fact = t->facts;

        cr_assert_eq(decide_count(t, record), 1, "%zu facts of %s", decide_count(t, record),
                     record->name.data);
        while (fact->record != record)
                fact = fact->next;
        return fact;
}

const void *decide_fact(struct decide *t, const struct ev_record *record)
{
        void *value = NULL;

        cr_assert_eq(ev_avro_decode(record, decide_announced(t, record)->payload, t->arena, &value),
                     0, "%s", ev_error_last()->text);
        return value;
}
