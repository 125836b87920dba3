#include "flow/schemas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "flow/open.h"
#include "schemas/registry.h"
#include "schemas/stock.h"
#include "support/headers.h"
#include "support/route.h"
#include "support/unit.h"
#include "wire/avro.h"

UNIT_SUITE(schemas);

enum { NEWER_ID = 700900, PATH_BYTES = 200, TEXT_MAX = 64 * 1024 };

static const char name[] = "quenty.stock.GoodsReceived";
static const char mended_ids[] = "# mended\n700900 quenty.stock.GoodsReceived 2 newer.avsc\n";
static const char ids[] = "# newer\n\n700900 quenty.stock.GoodsReceived 2 newer.avsc\n";

/* What a version of tomorrow writes: one more field, in front of all that there are. */
static const char added[] = "{\"name\": \"added\", \"type\": \"string\", \"default\": \"\"}, ";
static const uint8_t added_value[] = { 2, 'x' };

struct fixture {
        char folder[PATH_BYTES];
        struct ev_schemas *schemas;
};

static void begin(struct fixture *f)
{
        *f = (struct fixture){ .folder = "/tmp/schemas-XXXXXX" };
        cr_assert_not_null(mkdtemp(f->folder));
}

static void write_text(const struct fixture *f, const char *file, const char *text)
{
        char path[PATH_BYTES + 20];
        FILE *stream;

        snprintf(path, sizeof(path), "%s/%s", f->folder, file);
        stream = fopen(path, "we");
        cr_assert_not_null(stream);
        fputs(text, stream);
        fclose(stream);
}

static void end(struct fixture *f)
{
        char path[PATH_BYTES + 20];

        f->schemas = ev_schemas_free(f->schemas);
        snprintf(path, sizeof(path), "%s/ids", f->folder);
        unlink(path);
        snprintf(path, sizeof(path), "%s/newer.avsc", f->folder);
        unlink(path);
        cr_assert_eq(rmdir(f->folder), 0);
}

/* The build's version with the field in front. */
static void write_newer(const struct fixture *f)
{
        static const char fields[] = "\"fields\": [";
        const struct ev_frame frame = { .id = goods_received_record.schema_id };
        const struct ev_registered *present = ev_schemas_find(NULL, &frame);
        char text[TEXT_MAX];
        const char *at;

        cr_assert_not_null(present);
        at = memmem(present->text.data, present->text.size, fields, strlen(fields));
        cr_assert_not_null(at);
        at += strlen(fields);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - present->text.data), present->text.data,
                 added, at);
        write_text(f, "newer.avsc", text);
}

static const struct ev_registered *find(struct fixture *f, uint32_t id)
{
        const struct ev_frame frame = { .id = id };

        return ev_schemas_find(f->schemas, &frame);
}

Test(schemas, without_a_folder_there_are_those_of_the_build)
{
        struct fixture f;
        struct ev_frame frame = { .has_fingerprint = true,
                                  .fingerprint = goods_received_record.fingerprint };

        begin(&f);
        cr_assert_eq(ev_schemas_new(&f.schemas, NULL), 0);
        cr_assert_eq(find(&f, goods_received_record.schema_id)->record, &goods_received_record);
        cr_assert_eq(ev_schemas_find(f.schemas, &frame)->record, &goods_received_record);
        cr_assert_null(find(&f, NEWER_ID));
        cr_assert_str_eq(ev_error_last()->text, "no schema has the id of the value");
        end(&f);
}

Test(schemas, a_version_of_the_folder_is_found_by_id_and_by_fingerprint)
{
        struct fixture f;
        struct ev_frame frame = { .has_fingerprint = true };
        const struct ev_registered *newer;

        begin(&f);
        write_newer(&f);
        write_text(&f, "ids", ids);
        cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), 0, "%s", ev_error_last()->text);
        newer = find(&f, NEWER_ID);
        cr_assert_not_null(newer);
        cr_assert(ev_str_equal(newer->name, ev_str_of(name)));
        cr_assert_eq(newer->version, 2);
        cr_assert_null(newer->record, "it has no struct of the build");
        frame.fingerprint = newer->fingerprint;
        cr_assert_eq(ev_schemas_find(f.schemas, &frame), newer);
        cr_assert_neq(newer->fingerprint, goods_received_record.fingerprint);
        end(&f);
}

Test(schemas, the_folder_is_read_again_when_its_list_has_changed)
{
        struct fixture f;

        begin(&f);
        write_text(&f, "ids", "# none yet\n");
        cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), 0);
        cr_assert_null(find(&f, NEWER_ID));
        write_newer(&f);
        write_text(&f, "ids", ids);
        cr_assert_not_null(find(&f, NEWER_ID), "%s", ev_error_last()->text);
        end(&f);
}

Test(schemas, a_folder_that_went_bad_takes_nothing_away)
{
        struct fixture f;

        begin(&f);
        write_newer(&f);
        write_text(&f, "ids", ids);
        cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), 0);
        write_text(&f, "ids", "what is this\n");
        cr_assert_not_null(find(&f, NEWER_ID));
        cr_assert_null(find(&f, NEWER_ID + 1));
        cr_assert_not_null(strstr(ev_error_last()->text, "schemas.dir cannot be read"));
        cr_assert_not_null(strstr(ev_error_last()->text, "what is this"));
        end(&f);
}

/* Within a second, which may have passed on a machine that is busy: then nothing is said. */
static bool is_patient(struct fixture *f, int64_t deadline)
{
        return find(f, NEWER_ID) == NULL || ev_clock_monotonic_micros() > deadline;
}

Test(schemas, a_folder_that_went_bad_is_not_read_for_each_value)
{
        struct fixture f;
        int64_t begin_at;

        begin(&f);
        write_text(&f, "ids", "# none yet\n");
        cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), 0);
        write_text(&f, "newer.avsc", "{");
        write_text(&f, "ids", ids);
        begin_at = ev_clock_monotonic_micros();
        cr_assert_null(find(&f, NEWER_ID));
        write_newer(&f);
        cr_assert(is_patient(&f, begin_at + EV_MICROS_PER_SECOND));
        cr_assert_not_null(strstr(ev_error_last()->text, "newer.avsc"), "%s",
                           ev_error_last()->text);
        while (!find(&f, NEWER_ID))
                cr_assert_lt(ev_clock_monotonic_micros(), begin_at + 60 * EV_MICROS_PER_SECOND);
        end(&f);
}

Test(schemas, a_folder_that_went_bad_is_read_when_its_list_changes)
{
        struct fixture f;

        begin(&f);
        write_text(&f, "ids", "# none yet\n");
        cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), 0);
        write_text(&f, "ids", ids);
        cr_assert_null(find(&f, NEWER_ID));
        write_newer(&f);
        write_text(&f, "ids", mended_ids);
        cr_assert_not_null(find(&f, NEWER_ID), "%s", ev_error_last()->text);
        end(&f);
}

Test(schemas, a_bad_folder_is_refused_with_its_reason)
{
        static const struct {
                const char *ids, *text, *said;
        } cases[] = {
                { "700900 quenty.stock.GoodsReceived 2\n", "", "not \"id name version file" },
                { "700900 quenty.stock.GoodsReceived 2 ../newer.avsc\n", "", "not \"id name" },
                { "700900 quenty.stock.GoodsReceived 2 /newer.avsc\n", "", "not \"id name" },
                { "0 quenty.stock.GoodsReceived 2 newer.avsc\n", "", "not \"id name" },
                { "700900 quenty.stock.GoodsReceived 2 other.avsc\n", "", "other.avsc" },
                { ids, "{", "newer.avsc" },
                { ids, "{\"type\": \"record\", \"name\": \"a.B\", \"fields\": []}", "newer.avsc" },
                { ids,
                  "{\"type\": \"record\", \"name\": \"a.B\", \"fields\": [{\"name\": \"x\", "
                  "\"type\": \"int\"}]}",
                  "the record is a.B, but ids says quenty.stock.GoodsReceived" },
                { "700001 quenty.stock.GoodsReceived 2 newer.avsc\n", "",
                  "700001 is quenty.customer.CompanyRegistrationRequested" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct fixture f;

                begin(&f);
                write_text(&f, "ids", cases[i].ids);
                write_text(&f, "newer.avsc", cases[i].text);
                cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), EV_FAILED, "%zu", i);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP, "%zu", i);
                cr_assert_not_null(strstr(ev_error_last()->text, cases[i].said), "%zu: %s", i,
                                   ev_error_last()->text);
                end(&f);
        }
}

Test(schemas, a_folder_that_is_not_there_is_refused)
{
        struct ev_schemas *schemas = NULL;

        cr_assert_eq(ev_schemas_new(&schemas, "/nowhere"), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "schemas.dir: cannot read /nowhere/ids"));
        cr_assert_null(schemas);
}

/* A value of tomorrow's version, as a worker opens it. */
Test(schemas, a_producer_may_be_ahead_of_the_worker)
{
        static const struct ev_route route = { &goods_received_record, want_nothing,
                                               decide_nothing };
        static const char *const topics[] = { "quenty.stock.events.v1", NULL };
        static const struct ev_worker worker = { .name = "test",
                                                 .database = "order_db",
                                                 .migration = 1,
                                                 .facts_topics = topics,
                                                 .routes = &route,
                                                 .route_count = 1 };
        const struct goods_received goods = { .sku = EV_STR("A"),
                                              .location = EV_STR("NORTH"),
                                              .quantity = 3,
                                              .reference_number = EV_STR("R"),
                                              .received_by = EV_STR("me") };
        struct ev_buffer value = EV_BUFFER_INIT(TEXT_MAX);
        struct ev_opener *opener;
        struct ev_arena *arena;
        struct headers headers;
        uint8_t frame[EV_FRAME_ID_BYTES];
        struct ev_item item = { .raw = { .place = { EV_STR("quenty.stock.ingress.v1"), 0, 7 } } };
        struct fixture f;

        begin(&f);
        write_newer(&f);
        write_text(&f, "ids", ids);
        cr_assert_eq(ev_schemas_new(&f.schemas, f.folder), 0);
        cr_assert_eq(ev_arena_new(&arena, 1 << 24), 0);
        cr_assert_eq(ev_opener_new(&opener, &worker, NULL, f.schemas), 0);
        headers_begin(&headers, "id-1", name);
        ev_frame_write_id(NEWER_ID, frame);
        cr_assert_eq(ev_buffer_append(&value, frame, sizeof(frame)), 0);
        cr_assert_eq(ev_buffer_append(&value, added_value, sizeof(added_value)), 0);
        cr_assert_eq(ev_avro_encode(&goods_received_record, &goods, &value), 0);
        item.raw.headers = headers_bytes(&headers);
        item.raw.value = (struct ev_bytes){ value.data, value.size };
        cr_assert_eq(ev_item_open(opener, arena, &item), 0);
        cr_assert_eq(item.fate, EV_FATE_DECIDE, "%.*s", EV_STR_ARG(item.detail));
        cr_assert_eq(((const struct goods_received *)item.value)->quantity, 3);
        ev_opener_free(opener);
        ev_arena_free(arena);
        ev_buffer_done(&value);
        end(&f);
}
