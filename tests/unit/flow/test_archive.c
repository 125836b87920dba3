/* Archives: what is written is read, the same rows are the same bytes, and bytes of others do no harm. */

#include "flow/archive.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "schemas/order.h"
#include "schemas/stock.h"
#include "support/unit.h"
#include "wire/record.h"

UNIT_SUITE(archive);

enum {
        PATH_BYTES = 400,
        TEXT_BYTES = 16 * 1024 * 1024,
        NEWER_ID = 700900,
        MANY = 5000,
        ARENA_BYTES = 16 * 1024 * 1024,
        NOON = 12 * 3600,
};

#define ORDERS EV_STR("quenty.order.events.v1")
#define STOCK  EV_STR("quenty.stock.events.v1")

static const char database[] = "order_db";
static const uint8_t payload[EV_FACT_BYTES_MAX];

struct fixture {
        char home[PATH_BYTES];
        struct ev_schemas *schemas; /* NULL: the build's own */
};

static void begin(struct fixture *f)
{
        *f = (struct fixture){ .home = "/tmp/archive-XXXXXX" };
        cr_assert_not_null(mkdtemp(f->home));
}

static const char *path_in(const struct fixture *f, const char *name)
{
        static char paths[4][PATH_BYTES + 200];
        static unsigned next;
        char *path = paths[next++ % EV_ARRAY_SIZE(paths)];

        snprintf(path, sizeof(paths[0]), "%s/%s", f->home, name);
        return path;
}

static void remove_all(const char *path)
{
        DIR *folder = opendir(path);
        const struct dirent *entry;

        while (folder && (entry = readdir(folder))) {
                char name[PATH_BYTES + 300];

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
                if (unlink(name) != 0)
                        remove_all(name);
        }
        if (folder)
                closedir(folder);
        rmdir(path);
}

static void end(struct fixture *f)
{
        f->schemas = ev_schemas_free(f->schemas);
        remove_all(f->home);
}

static void read_file(const char *path, struct ev_buffer *bytes)
{
        ev_buffer_clear(bytes);
        cr_assert_eq(ev_buffer_read_file(bytes, path), 0, "%s", ev_error_last()->text);
}

static void write_file(const char *path, const void *data, size_t size)
{
        FILE *file = fopen(path, "we");

        cr_assert_not_null(file);
        cr_assert_eq(fwrite(data, 1, size, file), size);
        cr_assert_eq(fclose(file), 0);
}

/* ---- Rows ---- */

/* Of two topics in turn, 100 each day; what is optional comes and goes. */
static struct ev_archive_row some_row(int64_t seq)
{
        const struct ev_record *record = seq % 2   ? &order_accepted_record
                                         : seq % 4 ? &stock_reserved_record
                                                   : &stock_released_record;

        return (struct ev_archive_row){
                .fact = { .seq = seq,
                          .event_id = { { 1, (uint8_t)(seq >> 8), (uint8_t)seq } },
                          .key = EV_STR("acme"),
                          .subject = seq % 5 ? EV_STR("SO-1") : EV_STR(""),
                          .schema_id = (int32_t)record->schema_id,
                          .payload = { payload, (size_t)(seq % 50) },
                          .correlation_id = seq % 3 ? EV_STR("corr") : EV_STR_NULL,
                          .causation_id = seq % 7 ? EV_STR_NULL : EV_STR("cause"),
                          .causation_source = seq % 7 ? EV_STR_NULL : EV_STR("/shop"),
                          .outcome = (int16_t)(seq % 4),
                          .traceparent = seq % 11 ? EV_STR_NULL : EV_STR("00-1-2-01"),
                          .tracestate = seq % 13 ? EV_STR_NULL : EV_STR("a=b"),
                          .recorded_at = (seq / 100 * 24 * 3600 + NOON) * EV_MICROS_PER_SECOND },
                .source =
                        seq < 250 ? EV_STR("/quenty/order_db/7/1") : EV_STR("/quenty/order_db/7/2"),
                .topic = seq % 2 ? ORDERS : STOCK,
                .type = record->name,
        };
}

/* Numbers that end in 9 are gaps. */
static bool is_gap(int64_t seq)
{
        return seq % 10 == 9;
}

static void expect_row(struct ev_archive_writer *writer, const struct ev_archive_row *row)
{
        const struct ev_archive_kind kind = {
                .topic = row->topic,
                .type = row->type,
                .schema_id = row->fact.schema_id,
                .day = ev_instant_day(row->fact.recorded_at),
                .last_seq = row->fact.seq,
        };

        cr_assert_eq(ev_archive_writer_expect(writer, &kind), 0, "%s", ev_error_last()->text);
}

static struct ev_archive_writer *open_writer(const struct fixture *f, const char *name)
{
        struct ev_archive_writer *writer = NULL;

        cr_assert_eq(ev_archive_writer_new(&writer, path_in(f, name), database, f->schemas), 0,
                     "%s", ev_error_last()->text);
        return writer;
}

static int end_writer(struct ev_archive_writer *writer, int64_t from, int64_t to)
{
        static struct ev_feed_gap gaps[MANY];
        struct ev_archive_range range = { .first_seq = from, .last_seq = to, .gaps = gaps };
        uint8_t hash[EV_DIGEST_BYTES];

        for (int64_t seq = from; seq <= to; ++seq)
                if (is_gap(seq))
                        gaps[range.gaps_count++] = (struct ev_feed_gap){ seq, seq };
        return ev_archive_writer_end(writer, &range, hash);
}

static void write_range(const struct fixture *f, const char *name, int64_t from, int64_t to)
{
        struct ev_archive_writer *writer = open_writer(f, name);

        for (int64_t seq = from; seq <= to; ++seq) {
                struct ev_archive_row row = some_row(seq);

                if (!is_gap(seq))
                        expect_row(writer, &row);
        }
        for (int64_t seq = from; seq <= to; ++seq) {
                struct ev_archive_row row = some_row(seq);

                if (!is_gap(seq))
                        cr_assert_eq(ev_archive_writer_add(writer, &row), 0, "%s",
                                     ev_error_last()->text);
        }
        cr_assert_eq(end_writer(writer, from, to), 0, "%s", ev_error_last()->text);
        ev_archive_writer_free(writer);
}

static void check_same(const struct ev_archive_row *a, const struct ev_archive_row *b)
{
        const struct ev_feed_fact *x = &a->fact, *y = &b->fact;

        cr_assert_eq(x->seq, y->seq);
        cr_assert_eq(ev_uuid_compare(&x->event_id, &y->event_id), 0);
        cr_assert(x->recorded_at == y->recorded_at && x->schema_id == y->schema_id &&
                  x->outcome == y->outcome);
        cr_assert(ev_str_equal(a->source, b->source) && ev_str_equal(a->topic, b->topic) &&
                  ev_str_equal(a->type, b->type) && ev_str_equal(x->key, y->key) &&
                  ev_str_equal(x->subject, y->subject) &&
                  ev_str_equal(x->correlation_id, y->correlation_id) &&
                  ev_str_equal(x->causation_id, y->causation_id) &&
                  ev_str_equal(x->causation_source, y->causation_source) &&
                  ev_str_equal(x->traceparent, y->traceparent) &&
                  ev_str_equal(x->tracestate, y->tracestate));
        cr_assert(x->payload.size == y->payload.size &&
                  memcmp(x->payload.data, y->payload.data, y->payload.size) == 0);
}

static struct ev_archive *open_archive(const struct fixture *f, const char *name)
{
        struct ev_archive *archive = NULL;

        cr_assert_eq(ev_archive_open(&archive, path_in(f, name), database), 0, "%s",
                     ev_error_last()->text);
        return archive;
}

static void check_range(const struct fixture *f, const char *name, int64_t from, int64_t to)
{
        struct ev_archive *archive = open_archive(f, name);
        struct ev_archive_row row;

        for (int64_t seq = from; seq <= to; ++seq) {
                struct ev_archive_row wanted = some_row(seq);

                if (is_gap(seq))
                        continue;
                cr_assert_eq(ev_archive_next(archive, &row), 0, "%s", ev_error_last()->text);
                check_same(&row, &wanted);
        }
        cr_assert_eq(ev_archive_next(archive, &row), EV_ARCHIVE_END);
        ev_archive_free(archive);
}

static void check_same_bytes(const struct fixture *f, const char *a, const char *b)
{
        struct ev_archive *left = open_archive(f, a), *right = open_archive(f, b);

        cr_assert_eq(memcmp(ev_archive_manifest(left)->hash, ev_archive_manifest(right)->hash,
                            EV_DIGEST_BYTES),
                     0, "%s and %s", a, b);
        ev_archive_free(left);
        ev_archive_free(right);
}

/* How many rows come before it ends, and how it does. */
static int read_all(const struct fixture *f, const char *name, int *ret_rows)
{
        struct ev_archive *archive = NULL;
        struct ev_archive_row row;
        int r = ev_archive_open(&archive, path_in(f, name), database);

        *ret_rows = 0;
        while (r == 0 && (r = ev_archive_next(archive, &row)) == 0)
                ++*ret_rows;
        ev_archive_free(archive);
        return r;
}

/* ---- Promises ---- */

Test(archive, what_was_written_is_read_in_the_order_of_numbers)
{
        struct fixture f;
        struct ev_archive *archive;

        begin(&f);
        write_range(&f, "a", 1, 450);
        check_range(&f, "a", 1, 450);
        archive = open_archive(&f, "a");
        cr_assert_eq(ev_archive_manifest(archive)->files_count, 10);
        cr_assert_eq(ev_archive_manifest(archive)->gaps_count, 45);
        cr_assert_eq(ev_archive_manifest(archive)->sources_count, 2);
        cr_assert_eq(ev_archive_manifest(archive)->head_seq, 450);
        cr_assert(ev_str_equal(ev_archive_manifest(archive)->files[0].path,
                               EV_STR("quenty.order.events.v1/1970-01-01.avro")));
        ev_archive_free(archive);
        end(&f);
}

Test(archive, the_same_rows_are_the_same_bytes_in_however_many_steps)
{
        struct fixture f;

        begin(&f);
        write_range(&f, "one", 1, MANY);
        write_range(&f, "two", 1, MANY);
        check_same_bytes(&f, "one", "two");
        for (int64_t from = 1; from <= MANY; from += 777)
                write_range(&f, "steps", from, from + 776 < MANY ? from + 776 : MANY);
        check_same_bytes(&f, "one", "steps");
        check_range(&f, "steps", 1, MANY);
        end(&f);
}

Test(archive, a_range_may_be_nothing_but_gaps)
{
        struct fixture f;

        begin(&f);
        write_range(&f, "a", 9, 9);
        check_range(&f, "a", 9, 9);
        write_range(&f, "a", 10, 12);
        write_range(&f, "b", 9, 12);
        check_same_bytes(&f, "a", "b");
        end(&f);
}

/* Of a database in which nothing has happened: the same bytes each time, nothing to read, and gone on with as
 * if it had been exported once. */
Test(archive, an_archive_may_be_empty)
{
        const struct ev_archive_manifest *manifest;
        struct ev_archive *archive;
        struct fixture f;

        begin(&f);
        write_range(&f, "a", 1, 0);
        write_range(&f, "b", 1, 0);
        check_same_bytes(&f, "a", "b");
        check_range(&f, "a", 1, 0);
        archive = open_archive(&f, "a");
        manifest = ev_archive_manifest(archive);
        cr_assert(manifest->first_seq == 1 && manifest->last_seq == 0 && manifest->head_seq == 0);
        cr_assert(manifest->files_count + manifest->gaps_count + manifest->sources_count == 0);
        ev_archive_free(archive);
        write_range(&f, "a", 1, MANY);
        write_range(&f, "c", 1, MANY);
        check_same_bytes(&f, "a", "c");
        check_range(&f, "a", 1, MANY);
        end(&f);
}

Test(archive, the_largest_fact_has_room)
{
        struct fixture f;
        struct ev_archive_writer *writer;
        struct ev_archive_row row = some_row(1), large = some_row(2), read;
        struct ev_archive *archive;

        begin(&f);
        writer = open_writer(&f, "a");
        large.fact.payload = (struct ev_bytes){ payload, sizeof(payload) };
        expect_row(writer, &row);
        expect_row(writer, &large);
        cr_assert_eq(ev_archive_writer_add(writer, &row), 0);
        cr_assert_eq(ev_archive_writer_add(writer, &large), 0, "%s", ev_error_last()->text);
        cr_assert_eq(end_writer(writer, 1, 2), 0);
        ev_archive_writer_free(writer);
        archive = open_archive(&f, "a");
        cr_assert_eq(ev_archive_next(archive, &read), 0);
        cr_assert_eq(ev_archive_next(archive, &read), 0, "%s", ev_error_last()->text);
        check_same(&read, &large);
        ev_archive_free(archive);
        end(&f);
}

Test(archive, rows_that_are_kept_stay_when_the_next_is_read)
{
        struct fixture f;
        struct ev_archive *archive;
        struct ev_archive_row kept, row, wanted = some_row(1);
        struct ev_arena *arena;

        begin(&f);
        write_range(&f, "a", 1, 300);
        cr_assert_eq(ev_arena_new(&arena, ARENA_BYTES), 0);
        archive = open_archive(&f, "a");
        cr_assert_eq(ev_archive_next(archive, &kept), 0);
        cr_assert_eq(ev_archive_row_keep(&kept, arena), 0);
        while (ev_archive_next(archive, &row) == 0)
                ;
        ev_archive_free(archive);
        check_same(&kept, &wanted);
        ev_arena_free(arena);
        end(&f);
}

static bool is_of_orders(void *context, const struct ev_archive_file *file)
{
        cr_assert_null(context);
        return ev_str_equal(file->topic, ORDERS);
}

Test(archive, files_may_be_left_out)
{
        struct fixture f;
        struct ev_archive *archive;
        struct ev_archive_row row;
        int64_t before = 0;

        begin(&f);
        write_range(&f, "a", 1, 100);
        archive = open_archive(&f, "a");
        ev_archive_select(archive, is_of_orders, NULL);
        while (ev_archive_next(archive, &row) == 0) {
                cr_assert(row.fact.seq % 2 == 1 && row.fact.seq > before);
                before = row.fact.seq;
        }
        cr_assert_eq(before, 97);
        ev_archive_free(archive);
        end(&f);
}

/* ---- Versions ---- */

/* A folder of schemas in which goods received have a second version. */
static void add_newer(struct fixture *f)
{
        const struct ev_frame frame = { .id = goods_received_record.schema_id };
        const struct ev_registered *present = ev_schemas_find(NULL, &frame);
        static const char ids[] = "700900 quenty.stock.GoodsReceived 2 newer.avsc\n";

        cr_assert_not_null(present);
        mkdir(path_in(f, "schemas"), 0700);
        write_file(path_in(f, "schemas/ids"), ids, strlen(ids));
        write_file(path_in(f, "schemas/newer.avsc"), present->text.data, present->text.size);
        cr_assert_eq(ev_schemas_new(&f->schemas, path_in(f, "schemas")), 0);
}

static struct ev_archive_row goods(int64_t seq, uint32_t schema_id)
{
        struct ev_archive_row row = some_row(2);

        row.fact.seq = seq;
        row.fact.schema_id = (int32_t)schema_id;
        row.type = goods_received_record.name;
        return row;
}

static void write_versions(struct fixture *f, const char *name, int64_t from, int64_t to)
{
        struct ev_archive_writer *writer = open_writer(f, name);

        for (int round = 0; round < 2; ++round)
                for (int64_t seq = from; seq <= to; ++seq) {
                        struct ev_archive_row row =
                                goods(seq, seq % 2 ? NEWER_ID : goods_received_record.schema_id);

                        if (round == 0)
                                expect_row(writer, &row);
                        else
                                cr_assert_eq(ev_archive_writer_add(writer, &row), 0);
                }
        cr_assert_eq(end_writer(writer, from, to), 0, "%s", ev_error_last()->text);
        ev_archive_writer_free(writer);
}

Test(archive, versions_of_one_event_are_parts_of_a_day)
{
        struct fixture f;
        struct ev_archive *archive;
        const struct ev_archive_manifest *manifest;
        int rows;

        begin(&f);
        add_newer(&f);
        write_versions(&f, "one", 1, 8);
        write_versions(&f, "two", 1, 1);
        write_versions(&f, "two", 2, 8);
        check_same_bytes(&f, "one", "two");
        cr_assert_eq(read_all(&f, "one", &rows), EV_ARCHIVE_END);
        cr_assert_eq(rows, 8);
        archive = open_archive(&f, "one");
        manifest = ev_archive_manifest(archive);
        cr_assert_eq(manifest->files_count, 2);
        cr_assert_eq(manifest->files[1].schema_ids[0], NEWER_ID);
        cr_assert(ev_str_equal(manifest->files[1].path,
                               EV_STR("quenty.stock.events.v1/1970-01-01.2.avro")));
        ev_archive_free(archive);
        end(&f);
}

/* ---- Writers that are wrong, die or meet ---- */

Test(archive, what_was_not_expected_is_refused)
{
        struct fixture f;
        struct ev_archive_writer *writer;
        struct ev_archive_row first = some_row(1), second = some_row(2), wrong = some_row(1);

        begin(&f);
        writer = open_writer(&f, "a");
        expect_row(writer, &first);
        expect_row(writer, &second);
        cr_assert_eq(ev_archive_writer_add(writer, &first), 0);
        cr_assert_eq(end_writer(writer, 1, 2), EV_FAILED); /* the second did not come */
        ev_archive_writer_free(writer);

        writer = open_writer(&f, "a");
        expect_row(writer, &first);
        cr_assert_eq(ev_archive_writer_add(writer, &first), 0);
        cr_assert_eq(ev_archive_writer_add(writer, &second), EV_FAILED);
        ev_archive_writer_free(writer);

        writer = open_writer(&f, "a");
        wrong.type = EV_STR("quenty.order.OrderRejected");
        cr_assert_eq(ev_archive_writer_expect(
                             writer, &(struct ev_archive_kind){ .topic = wrong.topic,
                                                                .type = wrong.type,
                                                                .schema_id = wrong.fact.schema_id,
                                                                .last_seq = 1 }),
                     EV_FAILED);
        cr_assert_null(ev_archive_writer_manifest(writer));
        ev_archive_writer_free(writer);
        cr_assert_neq(access(path_in(&f, "a/manifest.json"), F_OK), 0);
        end(&f);
}

Test(archive, numbers_that_are_nowhere_are_refused)
{
        struct fixture f;
        struct ev_archive_writer *writer;
        struct ev_archive_row row = some_row(1);

        begin(&f);
        writer = open_writer(&f, "a");
        expect_row(writer, &row);
        cr_assert_eq(ev_archive_writer_add(writer, &row), 0);
        cr_assert_eq(end_writer(writer, 1, 2), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "neither in a file nor in a gap"));
        ev_archive_writer_free(writer);
        end(&f);
}

Test(archive, there_is_one_writer_at_a_time_and_of_one_database)
{
        struct fixture f;
        struct ev_archive_writer *writer, *other = NULL;

        begin(&f);
        write_range(&f, "a", 1, 5);
        writer = open_writer(&f, "a");
        cr_assert_eq(ev_archive_writer_new(&other, path_in(&f, "a"), database, NULL), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "another export"));
        ev_archive_writer_free(writer);
        cr_assert_eq(ev_archive_writer_new(&other, path_in(&f, "a"), "customer_db", NULL),
                     EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "holds facts of order_db"));
        end(&f);
}

/* As if the process had died between the promise and the last name. */
Test(archive, a_writer_finishes_what_another_has_promised)
{
        static const char *const names[] = { "quenty.order.events.v1/1970-01-01.avro",
                                             "quenty.stock.events.v1/1970-01-01.avro" };
        struct fixture f;
        char from[PATH_BYTES + 200], to[PATH_BYTES + 200];
        int rows;

        begin(&f);
        write_range(&f, "old", 1, 20);
        write_range(&f, "new", 1, 50);
        snprintf(from, sizeof(from), "%s/new/manifest.json", f.home);
        snprintf(to, sizeof(to), "%s/old/manifest.next.json", f.home);
        cr_assert_eq(rename(from, to), 0);
        snprintf(from, sizeof(from), "%s/new/%s", f.home, names[0]);
        snprintf(to, sizeof(to), "%s/old/%s", f.home, names[0]);
        cr_assert_eq(rename(from, to), 0); /* this one has its name already */
        snprintf(from, sizeof(from), "%s/new/%s", f.home, names[1]);
        snprintf(to, sizeof(to), "%s/old/%s.new", f.home, names[1]);
        cr_assert_eq(rename(from, to), 0);
        cr_assert_eq(read_all(&f, "old", &rows), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "interrupted"));
        ev_archive_writer_free(open_writer(&f, "old"));
        check_range(&f, "old", 1, 50);
        end(&f);
}

Test(archive, a_writer_removes_what_another_has_left)
{
        struct fixture f;

        begin(&f);
        write_range(&f, "a", 1, 20);
        write_file(path_in(&f, "a/quenty.order.events.v1/1999-01-01.avro.new"), "x", 1);
        write_file(path_in(&f, "a/manifest.next.json.new"), "x", 1);
        ev_archive_writer_free(open_writer(&f, "a"));
        cr_assert_neq(access(path_in(&f, "a/quenty.order.events.v1/1999-01-01.avro.new"), F_OK), 0);
        cr_assert_neq(access(path_in(&f, "a/manifest.next.json.new"), F_OK), 0);
        check_range(&f, "a", 1, 20);
        end(&f);
}

/* ---- Bytes of others ---- */

/* A file with these bytes, and a manifest that believes them. */
static void believe(const struct fixture *f, const char *name, const void *data, size_t size)
{
        struct ev_buffer text = EV_BUFFER_INIT(TEXT_BYTES);
        struct ev_archive_manifest manifest;
        struct ev_arena *arena;
        struct ev_archive_file *files;
        char path[PATH_BYTES + 200];

        snprintf(path, sizeof(path), "%s/%s/manifest.json", f->home, name);
        read_file(path, &text);
        cr_assert_eq(ev_arena_new(&arena, ARENA_BYTES), 0);
        cr_assert_eq(ev_archive_manifest_parse(&manifest, ev_buffer_str(&text), arena), 0);
        files = ev_arena_take(arena, sizeof(*files));
        cr_assert_eq(manifest.files_count, 1);
        files[0] = manifest.files[0];
        files[0].bytes = (int64_t)size;
        cr_assert_eq(ev_digest_once(data, size, files[0].hash), 0);
        manifest.files = files;
        ev_buffer_clear(&text);
        cr_assert_eq(ev_archive_manifest_write(&manifest, &text), 0);
        write_file(path, text.data, text.size);
        snprintf(path, sizeof(path), "%s/%s/%.*s", f->home, name, EV_STR_ARG(files[0].path));
        write_file(path, data, size);
        ev_arena_free(arena);
        ev_buffer_done(&text);
}

/* One file of three rows. */
static void write_small(const struct fixture *f, struct ev_buffer *bytes)
{
        struct ev_archive_writer *writer = open_writer(f, "a");

        for (int round = 0; round < 2; ++round)
                for (int64_t seq = 1; seq <= 3; ++seq) {
                        struct ev_archive_row row = some_row(1);

                        row.fact.seq = seq;
                        if (round == 0)
                                expect_row(writer, &row);
                        else
                                cr_assert_eq(ev_archive_writer_add(writer, &row), 0);
                }
        cr_assert_eq(end_writer(writer, 1, 3), 0);
        ev_archive_writer_free(writer);
        read_file(path_in(f, "a/quenty.order.events.v1/1970-01-01.avro"), bytes);
}

Test(archive, of_a_changed_file_no_row_is_given_out)
{
        static const char path[] = "a/quenty.order.events.v1/1970-01-01.avro";
        struct fixture f;
        struct ev_buffer bytes = EV_BUFFER_INIT(TEXT_BYTES);
        int rows;

        begin(&f);
        write_small(&f, &bytes);
        for (size_t i = 0; i < bytes.size; ++i) {
                bytes.data[i] ^= 0x10;
                write_file(path_in(&f, path), bytes.data, bytes.size);
                bytes.data[i] ^= 0x10;
                cr_assert_eq(read_all(&f, "a", &rows), EV_FAILED);
                cr_assert_eq(rows, 0);
                cr_assert(strstr(ev_error_last()->text, "its SHA-256") &&
                          strstr(ev_error_last()->text, "1970-01-01.avro"));
        }
        write_file(path_in(&f, path), bytes.data, bytes.size - 1);
        cr_assert_eq(read_all(&f, "a", &rows), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "its size"));
        unlink(path_in(&f, path));
        cr_assert_eq(read_all(&f, "a", &rows), EV_FAILED);
        ev_buffer_done(&bytes);
        end(&f);
}

/* Whoever changes files may change their hashes: then form is all that is left to judge by, and what
 * comes out are rows of the range or a refusal. */
Test(archive, bytes_whose_hash_is_right_are_hostile_still, .timeout = 120)
{
        struct fixture f;
        struct ev_buffer bytes = EV_BUFFER_INIT(TEXT_BYTES);
        int rows, refused = 0;

        begin(&f);
        write_small(&f, &bytes);
        for (size_t i = bytes.size > 600 ? bytes.size - 600 : 0; i < bytes.size; ++i)
                for (unsigned bit = 0; bit < 8; ++bit) {
                        bytes.data[i] ^= (uint8_t)(1U << bit);
                        believe(&f, "a", bytes.data, bytes.size);
                        bytes.data[i] ^= (uint8_t)(1U << bit);
                        refused += read_all(&f, "a", &rows) < 0;
                        cr_assert(rows <= 3);
                }
        cr_assert(refused > 1000, "%d", refused);
        for (size_t size = 1; size < bytes.size; ++size) {
                believe(&f, "a", bytes.data, size);
                cr_assert_eq(read_all(&f, "a", &rows), EV_FAILED, "%zu bytes", size);
        }
        believe(&f, "a", bytes.data, bytes.size);
        cr_assert_eq(read_all(&f, "a", &rows), EV_ARCHIVE_END);
        ev_buffer_done(&bytes);
        end(&f);
}

static void put_long(struct ev_buffer *buffer, int64_t value)
{
        uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);

        for (; zigzag >= 0x80; zigzag >>= 7)
                cr_assert_eq(ev_buffer_append(buffer, &(uint8_t){ (uint8_t)(zigzag | 0x80) }, 1),
                             0);
        cr_assert_eq(ev_buffer_append(buffer, &(uint8_t){ (uint8_t)zigzag }, 1), 0);
}

/* A block with these numbers in place of those of the only one. */
static int read_with_block(const struct fixture *f, const struct ev_buffer *bytes, int64_t count,
                           int64_t size)
{
        struct ev_buffer changed = EV_BUFFER_INIT(TEXT_BYTES);
        const uint8_t *sync = bytes->data + bytes->size - 16, *at = bytes->data;
        int rows, r;

        while (memcmp(at, sync, 16) != 0)
                ++at;
        cr_assert_eq(ev_buffer_append(&changed, bytes->data, (size_t)(at - bytes->data) + 16), 0);
        put_long(&changed, count);
        put_long(&changed, size);
        at += 16 + 1 + 2; /* a byte for 3 rows, two for some hundred bytes */
        cr_assert_eq(ev_buffer_append(&changed, at, (size_t)(bytes->data + bytes->size - at)), 0);
        believe(f, "a", changed.data, changed.size);
        r = read_all(f, "a", &rows);
        ev_buffer_done(&changed);
        return r;
}

Test(archive, counts_and_sizes_are_not_believed)
{
        struct fixture f;
        struct ev_buffer bytes = EV_BUFFER_INIT(TEXT_BYTES);
        const uint8_t *at;
        int64_t size;

        begin(&f);
        write_small(&f, &bytes);
        at = bytes.data;
        while (memcmp(at, bytes.data + bytes.size - 16, 16) != 0)
                ++at;
        size = bytes.data + bytes.size - 16 - (at + 16 + 3);
        cr_assert_eq(read_with_block(&f, &bytes, 3, size), EV_ARCHIVE_END, "%s",
                     ev_error_last()->text);
        for (int64_t count = -2; count < 6; ++count)
                if (count != 3)
                        cr_assert_eq(read_with_block(&f, &bytes, count, size), EV_FAILED);
        cr_assert_eq(read_with_block(&f, &bytes, INT64_MAX, size), EV_FAILED);
        cr_assert_eq(read_with_block(&f, &bytes, INT64_MIN, size), EV_FAILED);
        cr_assert_eq(read_with_block(&f, &bytes, 3, INT64_MAX), EV_FAILED);
        cr_assert_eq(read_with_block(&f, &bytes, 3, INT64_MIN), EV_FAILED);
        cr_assert_eq(read_with_block(&f, &bytes, 3, 1 << 30), EV_FAILED);
        for (int64_t wrong = size - 3; wrong <= size + 3; ++wrong)
                if (wrong != size)
                        cr_assert_eq(read_with_block(&f, &bytes, 3, wrong), EV_FAILED);
        ev_buffer_done(&bytes);
        end(&f);
}

static const char good[] =
        "{\"checkpoint\":null,\"database\":\"order_db\",\"files\":["
        "{\"bytes\":900,\"count\":3,\"first_seq\":5,\"last_seq\":8,"
        "\"path\":\"quenty.order.events.v1/2026-11-29.avro\",\"schema_ids\":[700025],\"sha256\":"
        "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"},"
        "{\"bytes\":900,\"count\":2,\"first_seq\":7,\"last_seq\":10,"
        "\"path\":\"quenty.order.events.v1/2026-11-29.2.avro\",\"schema_ids\":[700026,700027],"
        "\"sha256\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}],"
        "\"first_seq\":4,\"format\":1,\"gaps\":[[4,4],[9,9],[11,12]],"
        "\"head\":{\"event_id\":\"01970a3e-8f6c-7abc-9def-0123456789ab\",\"seq\":10},"
        "\"last_seq\":12,\"sources\":[\"/a\",\"/b\"]}\n";

static int parse_manifest(const char *text)
{
        struct ev_archive_manifest manifest;
        struct ev_arena *arena;
        int r;

        cr_assert_eq(ev_arena_new(&arena, ARENA_BYTES), 0);
        r = ev_archive_manifest_parse(&manifest, ev_str_of(text), arena);
        ev_arena_free(arena);
        return r;
}

Test(archive, a_manifest_that_cannot_be_true_is_refused)
{
        static const struct {
                const char *old, *new;
        } cases[] = {
                { "\"format\":1", "\"format\":2" },
                { "\"database\":\"order_db\"", "\"database\":\"\"" },
                { "\"checkpoint\":null", "\"checkpoint\":1" },
                { "{\"checkpoint\"", "{ \"checkpoint\"" },
                { "\"count\":3", "\"count\":4" },
                { "\"count\":3", "\"count\":2" },
                { "\"count\":3", "\"count\":0" },
                { "\"count\":3", "\"count\":9223372036854775807" },
                { "\"bytes\":900", "\"bytes\":-1" },
                { "\"first_seq\":5", "\"first_seq\":3" },
                { "\"first_seq\":5", "\"first_seq\":9" },
                { "\"last_seq\":10", "\"last_seq\":13" },
                { "\"last_seq\":12", "\"last_seq\":9223372036854775807" },
                { "\"last_seq\":12", "\"last_seq\":1" },
                { "\"last_seq\":12", "\"last_seq\":2" },
                { "\"last_seq\":12", "\"last_seq\":3" },
                { "quenty.order.events.v1/2026-11-29.avro", "../2026-11-29.avro" },
                { "quenty.order.events.v1/2026-11-29.avro", "a/b/2026-11-29.avro" },
                { "quenty.order.events.v1/2026-11-29.avro", "/etc/2026-11-29.avro" },
                { "2026-11-29.2.avro", "2026-11-29.1.avro" },
                { "2026-11-29.2.avro", "2026-11-29.02.avro" },
                { "2026-11-29.2.avro", "2026-11-29.avro" },
                { "2026-11-29.2.avro", "2026-02-31.avro" },
                { "2026-11-29.2.avro", "2026-11-28.avro" },
                { "2026-11-29.2.avro", "2026-11-29.2.avro.gz" },
                { "[700026,700027]", "[700027,700026]" },
                { "[700026,700027]", "[]" },
                { "[700026,700027]", "[4294967296]" },
                { "aabbccddeeff\"}],", "aabbccddeefg\"}]," },
                { "aabbccddeeff\"}],", "aabbccddeef\"}]," },
                { "[[4,4],[9,9],[11,12]]", "[[3,4],[9,9],[11,12]]" },
                { "[[4,4],[9,9],[11,12]]", "[[9,9],[4,4],[11,12]]" },
                { "[[4,4],[9,9],[11,12]]", "[[4,4],[9,9],[11,13]]" },
                { "[[4,4],[9,9],[11,12]]", "[[4,4],[9,9],[11,11],[12,12]]" },
                { "[[4,4],[9,9],[11,12]]", "[[4,4],[9,9]]" },
                { "[[4,4],[9,9],[11,12]]", "[4,9,[11,12]]" },
                { "[[4,4],[9,9],[11,12]]", "7" },
                { "\"seq\":10", "\"seq\":8" },
                { "\"head\":{", "\"head\":null,\"tail\":{" },
                { "01970a3e-8f6c", "01970A3E-8f6c" },
                { "[\"/a\",\"/b\"]", "[\"/b\",\"/a\"]" },
                { "[\"/a\",\"/b\"]", "[\"/a\",\"/a\"]" },
                { "[\"/a\",\"/b\"]", "[\"\"]" },
                { "}\n", "}" },
                { "}\n", ",\"more\":1}\n" },
        };
        char text[sizeof(good) + 100];

        cr_assert_eq(parse_manifest(good), 0, "%s", ev_error_last()->text);
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                const char *at = strstr(good, cases[i].old);

                cr_assert_not_null(at);
                snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, cases[i].new,
                         at + strlen(cases[i].old));
                cr_assert_eq(parse_manifest(text), EV_FAILED, "%s", cases[i].new);
        }
        for (size_t size = 0; size < strlen(good); ++size) {
                snprintf(text, sizeof(text), "%.*s", (int)size, good);
                cr_assert_eq(parse_manifest(text), EV_FAILED, "%zu bytes", size);
        }
}
