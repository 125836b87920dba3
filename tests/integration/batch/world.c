/* Records by hand, a session beside, and hooks that count. */

#include "world.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "flow/settings.h"
#include "flow/worker_log.h"
#include "order.h"
#include "rows.h"
#include "party.h"
#include "schemas/customer.h"
#include "schemas/stock.h"
#include "stock.h"
#include "support/headers.h"
#include "wire/avro.h"

enum { TEXT_MAX = 2000, NAME_BYTES = 64, RECORDS_BYTES_MAX = 256 * 1024 * 1024, STDERR = 2 };

static const char topic[] = "quenty.stock.ingress.v1";
static const char facts_topic[] = "quenty.customer.events.v1";

unsigned decides;
bool later_is_deadly;

/* The order worker, with four more things that a record can ask for: "PARK" parks, "HUGE" wants
 * more than a batch has memory for, "DIE" ends the process, and "LATER" does so when it is tried
 * again. */
static int decide_or_park(struct ev_case *c, const void *event)
{
        const struct goods_received *received = event;

        ++decides;
        if (ev_str_equal(received->reference_number, EV_STR("DIE")))
                raise(SIGKILL);
        if (later_is_deadly && ev_str_equal(received->reference_number, EV_STR("LATER")))
                raise(SIGKILL);
        if (ev_str_equal(received->reference_number, EV_STR("PARK")))
                return ev_park(c, "as the test wants");
        return decide_goods_received(c, event);
}

static void want_or_more(struct ev_wants *wants, const void *event)
{
        const struct goods_received *received = event;

        if (ev_str_equal(received->reference_number, EV_STR("HUGE")))
                for (size_t i = 0; i < EV_BATCH_BYTES_MAX / sizeof(struct ev_str); ++i)
                        ev_want(wants, WANT_SKU, received->sku);
        want_goods_received(wants, event);
}

static const struct ev_route routes[] = {
        { &goods_received_record, want_or_more, decide_or_park },
        { &company_registered_record, party_want_company_registered, NULL },
};

struct ev_worker test_worker; /* order_worker with these routes */

/* ---- Sessions ---- */

static void connect_to(struct ev_db **ret_db, const char *conninfo, const char *name)
{
        const struct ev_db_options options = {
                .conninfo = conninfo,
                .application_name = name,
                .connect_ms = WAIT_MS,
                .wait_ms = WAIT_MS,
        };

        require(ev_db_new(ret_db, &options), "a session");
        require(ev_db_connect(*ret_db), "connecting");
}

static int keep_first(void *context, const struct ev_str *values, size_t count)
{
        char *text = context;

        assert(count > 0);
        if (!text[0])
                snprintf(text, TEXT_MAX, "%.*s", EV_STR_ARG(values[0]));
        return 0;
}

const char *look(struct world *w, const char *text)
{
        static char found[TEXT_MAX];

        found[0] = '\0';
        require(ev_db_script(w->admin, text, keep_first, found), text);
        return found;
}

void sql(struct world *w, const char *text)
{
        require(ev_db_script(w->admin, text, NULL, NULL), text);
}

bool shows(struct world *w, const char *text, const char *expected)
{
        const char *found = look(w, text);

        if (strcmp(found, expected) == 0)
                return true;
        report_detail("expected \"%s\", found \"%s\" by: %s", expected, found, text);
        return false;
}

void kill_sleeper(const char *conninfo)
{
        /* The order of conditions in a WHERE is the planner's: CASE is not. */
        static const char kill_sql[] =
                "SELECT count(*) FROM pg_stat_activity WHERE CASE WHEN application_name = 'batch' "
                "AND wait_event = 'PgSleep' THEN pg_terminate_backend(pid) ELSE false END";
        struct world child = { 0 };
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        fflush(stdout);
        if (fork() != 0)
                return;
        connect_to(&child.admin, conninfo, "killer");
        while (strcmp(look(&child, kill_sql), "0") == 0 && ev_clock_monotonic_micros() < deadline)
                nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
        ev_db_free(child.admin);
        _exit(EXIT_SUCCESS);
}

/* ---- Hooks ---- */

static int hook_connect(void *context)
{
        struct world *w = context;
        int r;

        ++w->connects;
        r = ev_db_connect(w->db);
        if (r == 0)
                r = ev_batch_prepare(w->batch);
        return r < 0 ? r : ev_retry_take_back(&w->retry);
}

/* Trouble that never ends is ended here: a check that waits for something waits for less. */
static int hook_rest(void *context, int wait_ms)
{
        struct world *w = context;

        assert(wait_ms >= 0);
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
        return ++w->rests > RESTS_MAX ? EV_APPLY_VOID : 0;
}

static int hook_rejoin(void *context)
{
        ++((struct world *)context)->rejoins;
        return 0;
}

static void hook_applied(void *context)
{
        ++((struct world *)context)->applied;
}

/* ---- Life ---- */

void world_open(struct world *w, const char *conninfo, const char *admin_conninfo)
{
        static const struct ev_log_settings log = {
                .program = "batch",
                .events = ev_worker_log_events,
                .events_count = EV_WORKER_EVENTS,
                .fd = STDERR,
                .window_ms = 1000,
        };
        struct ev_batch_options options = { .worker = &test_worker, .wait_max_us = WAIT_MAX_US };

        test_worker = order_worker;
        test_worker.routes = routes;
        test_worker.route_count = EV_ARRAY_SIZE(routes);
        *w = (struct world){ 0 };
        connect_to(&w->admin, admin_conninfo, "looker");
        connect_to(&w->db, conninfo, "batch");
        require(ev_arena_new(&w->arena, RECORDS_BYTES_MAX), "an arena");
        options.db = w->db;
        require(ev_batch_new(&w->batch, &options), "a batch");
        require(ev_batch_prepare(w->batch), "preparing");
        w->retry = (struct ev_retry){
                .batch = w->batch,
                .db = w->db,
                .hooks = { hook_connect, hook_rest, hook_rejoin, hook_applied, w },
                .backoff_max_ms = 100,
        };
        require(ev_log_new(&w->retry.log, &log), "a log");
}

void world_close(struct world *w)
{
        ev_log_free(w->retry.log);
        ev_batch_free(w->batch);
        ev_db_free(w->db);
        ev_db_free(w->admin);
        ev_arena_free(w->arena);
        while (wait(NULL) > 0)
                ;
}

static void begin(struct world *w)
{
        sql(w, "DROP TRIGGER IF EXISTS trouble ON inventory_items; "
               "DROP SEQUENCE IF EXISTS troubles; DROP FUNCTION IF EXISTS trouble(); "
               "TRUNCATE products, inventory_items, stock_movements, ev.consumer_offset, "
               "party_projection, ev.inbox_a, ev.inbox_b, ev.inbox_mark, ev.attempt, ev.request, "
               "ev.parked, ev.dead_letter, ev.outbox CASCADE; "
               "INSERT INTO products (name, sku, category, price, company_id) "
               "SELECT 'p', 'SKU-' || n, 'toys', 1, 'C-' || n % 7 FROM generate_series(0, 99) n");
        ev_arena_reset(w->arena);
        w->retry.owed_count = 0;
        w->count = w->sent = 0;
        w->rests = w->rejoins = w->connects = w->applied = 0;
        decides = 0;
        memset(w->ends, 0, sizeof(w->ends));
}

static void take(struct world *w, const char *name, size_t lanes)
{
        assert(lanes <= LANES_MAX);

        if (!ev_db_is_open(w->db))
                require(hook_connect(w), "connecting again");

        for (size_t i = 0; i < lanes; ++i)
                w->lanes[i] =
                        (struct ev_offset){ .topic = ev_str_of(name), .partition = (int32_t)i };
        if (lanes > 0)
                require(ev_offsets_assign(ev_batch_session(w->batch), w->lanes, lanes), "lanes");
}

void world_begin(struct world *w, size_t lanes)
{
        begin(w);
        take(w, topic, lanes);
}

void world_begin_facts(struct world *w, size_t lanes)
{
        begin(w);
        take(w, facts_topic, lanes);
}

void world_take(struct world *w, size_t lanes)
{
        take(w, topic, lanes);
}

void in_a_child(check_fn *run, const char *faults)
{
        static struct world child;

        fflush(stdout);
        if (fork() != 0)
                return;
        if (faults)
                setenv("EV_FAULTS", faults, 1);
        require(ev_fault_init(), "fault points");
        world_open(&child, getenv("WORKER"), getenv("ADMIN"));
        run(&child);
        fflush(stdout);
        _exit(EXIT_SUCCESS);
}

int world_wait(void)
{
        int status = 0;

        wait(&status);
        return status;
}

/* ---- Records ---- */

static struct ev_bytes keep(struct world *w, const void *data, size_t size)
{
        struct ev_str copy;

        require(ev_arena_copy(w->arena, (struct ev_str){ data, size }, &copy), "memory");
        return (struct ev_bytes){ (const uint8_t *)copy.data, copy.size };
}

static struct ev_bytes encode(struct world *w, const char *sku, int quantity, const char *reference)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 16);
        const struct goods_received received = { .sku = ev_str_of(sku),
                                                 .location = EV_STR("NORTH"),
                                                 .quantity = quantity,
                                                 .reference_number = ev_str_of(reference),
                                                 .received_by = EV_STR("dock") };
        uint8_t frame[EV_FRAME_ID_BYTES];

        ev_frame_write_id(goods_received_record.schema_id, frame);
        require(ev_buffer_append(&buffer, frame, sizeof(frame)), "memory");
        require(ev_avro_encode(&goods_received_record, &received, &buffer), "encoding");
        return keep(w, buffer.data, buffer.size);
}

struct ev_item *add(struct world *w, size_t lane, const char *id, const char *sku, int quantity,
                    const char *reference)
{
        static struct headers headers;
        struct ev_item *item = &w->items[w->count++];

        assert(w->count <= ITEMS_MAX);

        headers_begin(&headers, id, "quenty.stock.GoodsReceived");
        *item = (struct ev_item){
                .raw = { .place = { ev_str_of(topic), (int32_t)lane, w->ends[lane]++ },
                         .key = { (const uint8_t *)"C", 1 },
                         .headers = keep(w, headers.bytes, headers.size),
                         .value = encode(w, sku, quantity, reference) },
                .lane = &w->lanes[lane],
        };
        ++w->sent;
        return item;
}

struct ev_item *add_fact(struct world *w, size_t lane, const char *source, int sequence,
                         int previous)
{
        static struct headers headers;
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 16);
        struct ev_item *item = &w->items[w->count++];
        struct company_registered company = { .name = EV_STR("c"), .active = true };
        char id[NAME_BYTES], number[NAME_BYTES], name[NAME_BYTES];
        uint8_t frame[EV_FRAME_ID_BYTES];

        snprintf(id, sizeof(id), "018bcfe5-6800-7000-8000-%012d", sequence);
        snprintf(name, sizeof(name), "C-%d", sequence);
        snprintf(number, sizeof(number), "%d", sequence);
        headers.size = 0;
        headers_add(&headers, "ce_specversion", "1.0");
        headers_add(&headers, "ce_id", id);
        headers_add(&headers, "ce_source", source);
        headers_add(&headers, "ce_type", "quenty.customer.CompanyRegistered");
        headers_add(&headers, "content-type", "application/avro");
        headers_add(&headers, "ce_time", "2025-01-31T00:00:00Z");
        headers_add(&headers, "ce_subject", name);
        headers_add(&headers, "ce_sequence", number);
        snprintf(number, sizeof(number), "%d", previous);
        if (previous > 0)
                headers_add(&headers, "ce_previoussequence", number);
        company.company_id = ev_str_of(name);
        ev_frame_write_id(company_registered_record.schema_id, frame);
        require(ev_buffer_append(&buffer, frame, sizeof(frame)), "memory");
        require(ev_avro_encode(&company_registered_record, &company, &buffer), "encoding");
        *item = (struct ev_item){
                .raw = { .place = { ev_str_of(facts_topic), (int32_t)lane, w->ends[lane]++ },
                         .key = { (const uint8_t *)"C", 1 },
                         .headers = keep(w, headers.bytes, headers.size),
                         .value = keep(w, buffer.data, buffer.size) },
                .lane = &w->lanes[lane],
        };
        return item;
}

void add_unwanted_fact(struct world *w)
{
        static struct headers headers;
        const struct ev_place place = { EV_STR("quenty.stock.events.v1"), 0, 7 };

        headers_begin(&headers, "fact", "quenty.stock.LowStockDetected");
        headers_add(&headers, "ce_time", "2025-01-31T00:00:00Z");
        headers_add(&headers, "ce_subject", "A");
        headers_add(&headers, "ce_sequence", "5");
        w->items[w->count++] = (struct ev_item){
                .raw = { .place = place,
                         .headers = keep(w, headers.bytes, headers.size),
                         .value = encode(w, "A", 1, "R") },
                .lane = &w->lanes[0],
                .is_retry = true,
        };
        sql(w,
            "INSERT INTO ev.parked (group_name, topic, partition, \"offset\", headers, aggregate, "
            "reason, deadline) VALUES ('quenty-order', 'quenty.stock.events.v1', 0, 7, '', 'A', "
            "'waiting', now())");
}

struct ev_item *add_new(struct world *w, size_t lane, const char *sku, int quantity)
{
        char id[NAME_BYTES], reference[NAME_BYTES];

        snprintf(id, sizeof(id), "event-%05zu", w->sent);
        snprintf(reference, sizeof(reference), "GRN-%05zu", w->sent);
        return add(w, lane, id, sku, quantity, reference);
}

int run_once(struct world *w)
{
        int r = ev_batch_run(w->batch, w->items, w->count);

        w->count = 0;
        return r;
}

int apply(struct world *w)
{
        int r = ev_retry_apply(&w->retry, w->items, w->count);

        w->count = 0;
        return r;
}

size_t add_due(struct world *w)
{
        struct ev_session *session = ev_batch_session(w->batch);
        const struct ev_str topics[] = { w->lanes[0].topic, w->lanes[0].topic };
        const int32_t partitions[] = { 0, 1 };
        struct ev_parked *due = NULL;
        size_t count = 0;

        require(ev_parked_queue_due(session, topics, partitions, 2, ITEMS_MAX), "asking");
        require(ev_db_sync(session->db), "asking");
        require(ev_parked_receive_due(session, w->arena, &due, &count), "what is due");
        require(ev_db_finish(session->db), "what is due");
        for (size_t i = 0; i < count; ++i)
                w->items[w->count++] = (struct ev_item){
                        .raw = due[i].record,
                        .lane = &w->lanes[due[i].record.place.partition],
                        .is_retry = true,
                        .is_last_try = due[i].is_overdue || due[i].redrive,
                        .tries = due[i].tries,
                };
        return count;
}
