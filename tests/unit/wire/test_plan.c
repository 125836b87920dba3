#include "unit/wire/codec.h"

#include "wire/form.h"
#include "wire/plan.h"

UNIT_SUITE(plan);

#define DECIMAL(precision, scale)                                                   \
        "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" #precision \
        ",\"scale\":" #scale "}"
#define ENUM(symbols, more) "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]" more "}"
#define X(type)             "{\"name\":\"x\",\"type\":" type "}"
#define INSTANT             "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"

/* Encodes a value of the writer's given in JSON and reads it as the reader's, into JSON. */
static int resolve(const char *writer_fields, const char *json, const char *reader_fields,
                   char *text, size_t capacity)
{
        _cleanup_codec_ struct codec writer = codec_of(writer_fields);
        _cleanup_codec_ struct codec reader = codec_of(reader_fields);
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(65536);
        _cleanup_buffer_ struct ev_buffer form = EV_BUFFER_INIT(65536);
        const struct ev_record *plan;
        void *value;
        int r;

        cr_assert_eq(ev_form_parse(writer.record, ev_str_of(json), writer.arena, &value), 0, "%s",
                     ev_error_last()->text);
        cr_assert_eq(ev_avro_encode(writer.record, value, &bytes), 0, "%s", ev_error_last()->text);
        r = ev_plan_make(writer.record, reader.record, false, reader.arena, &plan);
        if (r)
                return r;
        r = ev_avro_decode(plan, (struct ev_bytes){ bytes.data, bytes.size }, reader.arena, &value);
        if (r)
                return r;
        cr_assert_eq(ev_form_print(reader.record, value, &form), 0);
        cr_assert(ev_str_copy(ev_buffer_str(&form), text, capacity));
        return 0;
}

/* A writer's fields and value, and what a reader of other fields makes of it. */
static const struct {
        const char *writer, *json, *reader, *result;
} resolving[] = {
        { X("\"int\""), "{\"x\":-5}", X("\"long\""), "{\"x\":-5}" },
        { X("\"string\""), "{\"x\":\"ab\"}", X("\"bytes\""), "{\"x\":\"YWI=\"}" },
        { X("\"bytes\""), "{\"x\":\"YWI=\"}", X("\"string\""), "{\"x\":\"ab\"}" },
        { X("\"int\""), "{\"x\":7}", X("[\"null\",\"int\"]"), "{\"x\":7}" },
        { X("[\"null\",\"int\"]"), "{\"x\":7}", X("\"int\""), "{\"x\":7}" },
        { X("[\"null\",\"int\"]"), "{\"x\":null}", X("[\"null\",\"long\"]"), "{\"x\":null}" },
        { X("\"string\""), "{\"x\":\"\"}", X("[\"null\",\"string\"]"), "{\"x\":\"\"}" },
        { X(DECIMAL(4, 2)), "{\"x\":\"1.5\"}", X(DECIMAL(6, 2)), "{\"x\":\"1.50\"}" },
        { X(DECIMAL(6, 2)), "{\"x\":\"1.5\"}", X(DECIMAL(4, 2)), "{\"x\":\"1.50\"}" },
        { X(ENUM("\"A\",\"B\"", "")), "{\"x\":\"B\"}", X(ENUM("\"B\",\"A\",\"C\"", "")),
          "{\"x\":\"B\"}" },
        { X(ENUM("\"A\",\"B\"", "")), "{\"x\":\"A\"}", X(ENUM("\"B\",\"C\"", ",\"default\":\"C\"")),
          "{\"x\":\"C\"}" },
        { X(ENUM("\"A\",\"B\"", "")), "{\"x\":\"B\"}", X(ENUM("\"B\"", "")), "{\"x\":\"B\"}" },
        /* by name, whatever the order; an alias of ours */
        { X("\"int\"") ",{\"name\":\"y\",\"type\":\"string\"}", "{\"x\":1,\"y\":\"s\"}",
          "{\"name\":\"y\",\"type\":\"string\"}," X("\"int\""), "{\"y\":\"s\",\"x\":1}" },
        { X("\"int\""), "{\"x\":1}", "{\"name\":\"z\",\"type\":\"int\",\"aliases\":[\"w\",\"x\"]}",
          "{\"z\":1}" },
        /* defaults of what the writer does not have */
        { X("\"int\""), "{\"x\":1}",
          X("\"int\"") ",{\"name\":\"b\",\"type\":\"boolean\",\"default\":true},"
                       "{\"name\":\"i\",\"type\":\"int\",\"default\":-3},"
                       "{\"name\":\"l\",\"type\":\"long\",\"default\":4},"
                       "{\"name\":\"t\",\"type\":" INSTANT ",\"default\":1},"
                       "{\"name\":\"d\",\"type\":" DECIMAL(
                               4, 1) ",\"default\":\"\\u0001\"},"
                                     "{\"name\":\"s\",\"type\":\"string\",\"default\":\"de\"},"
                                     "{\"name\":\"y\",\"type\":\"bytes\",\"default\":"
                                     "\"\\u00ff\"},"
                                     "{\"name\":\"e\",\"type\":" ENUM(
                                             "\"A\",\"B\"",
                                             "") ",\"default\":\"B\"},"
                                                 "{\"name\":\"a\",\"type\":{\"type\":"
                                                 "\"array\",\"items\":\"int\"},"
                                                 "\"default\":[]},"
                                                 "{\"name\":\"o\",\"type\":[\"null\",\"int\"],"
                                                 "\"default\":null}",
          "{\"x\":1,\"b\":true,\"i\":-3,\"l\":4,\"t\":\"1970-01-01T00:00:00.000001Z\","
          "\"d\":\"0.1\",\"s\":\"de\",\"y\":\"/w==\",\"e\":\"B\",\"a\":[],\"o\":null}" },
        /* what we do not have is read and forgotten, whatever its type */
        { "{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"l\",\"type\":\"long\"},"
          "{\"name\":\"t\",\"type\":" INSTANT "},{\"name\":\"d\",\"type\":" DECIMAL(
                  4, 1) "},"
                        "{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"y\",\"type\":"
                        "\"bytes\"},"
                        "{\"name\":\"e\",\"type\":" ENUM(
                                "\"A\",\"B\"",
                                "") "},"
                                    "{\"name\":\"r\",\"type\":{\"type\":\"record\",\"name\":"
                                    "\"R\",\"fields\":["
                                    "{\"name\":\"i\",\"type\":\"int\"}]}},"
                                    "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":"
                                    "\"R\"}},"
                                    "{\"name\":\"o\",\"type\":[\"null\",\"int\"]},"
                                    "{\"name\":\"p\",\"type\":[\"null\",\"R\"]}," X("\"int\""),
          "{\"b\":true,\"l\":1,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1.0\",\"s\":\"s\","
          "\"y\":\"\",\"e\":\"B\",\"r\":{\"i\":1},\"a\":[{\"i\":2},{\"i\":3}],\"o\":null,"
          "\"p\":{\"i\":4},\"x\":5}",
          X("\"int\""), "{\"x\":5}" },
        /* within records and arrays */
        { X("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"n.R\","
            "\"fields\":["
            "{\"name\":\"i\",\"type\":\"int\"},{\"name\":\"j\",\"type\":\"int\"}]}}"),
          "{\"x\":[{\"i\":1,\"j\":2},{\"i\":3,\"j\":4}]}",
          X("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"R\",\"fields\":["
            "{\"name\":\"k\",\"type\":\"int\",\"default\":9},"
            "{\"name\":\"j\",\"type\":\"long\"}]}}"),
          "{\"x\":[{\"k\":9,\"j\":2},{\"k\":9,\"j\":4}]}" },
        { X("{\"type\":\"array\",\"items\":\"int\"}"), "{\"x\":[1,2]}",
          X("[\"null\",{\"type\":\"array\",\"items\":\"long\"}]"), "{\"x\":[1,2]}" },
        { X("[\"null\",{\"type\":\"array\",\"items\":\"int\"}]"), "{\"x\":[]}",
          X("{\"type\":\"array\",\"items\":\"int\"}"), "{\"x\":[]}" },
        { X("{\"type\":\"record\",\"name\":\"R\",\"fields\":[" X("\"int\"") "]}"),
          "{\"x\":{\"x\":1}}",
          X("[\"null\",{\"type\":\"record\",\"name\":\"S\",\"aliases\":[\"quenty.test.R\"],"
            "\"fields\":[" X("\"long\"") "]}]"),
          "{\"x\":{\"x\":1}}" },
};

Test(plan, what_resolves)
{
        char text[1024];

        for (size_t i = 0; i < EV_ARRAY_SIZE(resolving); ++i) {
                cr_assert_eq(resolve(resolving[i].writer, resolving[i].json, resolving[i].reader,
                                     text, sizeof(text)),
                             0, "case %zu: %s", i, ev_error_last()->text);
                cr_assert_str_eq(text, resolving[i].result, "case %zu", i);
        }
}

Test(plan, what_does_not_resolve)
{
        static const struct {
                const char *writer, *json, *reader;
                int r;
                const char *says;
        } cases[] = {
                { X("\"long\""), "{\"x\":1}", X("\"int\""), EV_FAILED, "field x: long" },
                { X("\"int\""), "{\"x\":1}", X("\"string\""), EV_FAILED, "cannot be read" },
                { X("\"long\""), "{\"x\":1}", X(INSTANT), EV_FAILED, "as timestamp" },
                { X("\"int\""), "{\"x\":1}", X(INSTANT), EV_FAILED, "as timestamp" },
                { X("\"bytes\""), "{\"x\":\"\"}", X(DECIMAL(4, 2)), EV_FAILED, "as decimal" },
                { X(DECIMAL(4, 2)), "{\"x\":\"1\"}", X(DECIMAL(4, 1)), EV_FAILED, "scale" },
                { X(DECIMAL(4, 2)), "{\"x\":\"99\"}", X(DECIMAL(3, 2)), EV_UNDECODABLE,
                  "precision" },
                { X(ENUM("\"A\",\"B\"", "")), "{\"x\":\"A\"}", X(ENUM("\"B\"", "")), EV_UNDECODABLE,
                  "does not know" },
                { X("[\"null\",\"int\"]"), "{\"x\":null}", X("\"int\""), EV_UNDECODABLE, "null" },
                { X("\"bytes\""), "{\"x\":\"/w==\"}", X("\"string\""), EV_UNDECODABLE, "UTF-8" },
                { X("\"int\""), "{\"x\":1}", X("\"int\"") ",{\"name\":\"y\",\"type\":\"int\"}",
                  EV_FAILED, "field y: it is not written" },
                { X("\"int\"") ",{\"name\":\"y\",\"type\":\"int\"}", "{\"x\":1,\"y\":2}",
                  "{\"name\":\"x\",\"type\":\"int\",\"aliases\":[\"y\"]}", EV_FAILED,
                  "two fields" },
                { X("{\"type\":\"record\",\"name\":\"R\",\"fields\":[" X("\"int\"") "]}"),
                  "{\"x\":{\"x\":1}}",
                  X("{\"type\":\"record\",\"name\":\"S\",\"fields\":[" X("\"int\"") "]}"),
                  EV_FAILED, "quenty.test.R is not quenty.test.S" },
                { X("{\"type\":\"enum\",\"name\":\"F\",\"symbols\":[\"A\"]}"), "{\"x\":\"A\"}",
                  X(ENUM("\"A\"", "")), EV_FAILED, "is not" },
                { X("{\"type\":\"array\",\"items\":\"long\"}"), "{\"x\":[]}",
                  X("{\"type\":\"array\",\"items\":\"int\"}"), EV_FAILED, "field x" },
        };
        char text[1024];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                cr_assert_eq(resolve(cases[i].writer, cases[i].json, cases[i].reader, text,
                                     sizeof(text)),
                             cases[i].r, "case %zu: %s", i, ev_error_last()->text);
                cr_assert(strstr(ev_error_last()->text, cases[i].says), "case %zu: %s", i,
                          ev_error_last()->text);
        }
}

/* What is read and forgotten is judged like what is kept. */
Test(plan, a_skipped_field_must_be_well_formed)
{
        static const struct {
                const char *type, *hex;
                int r;
        } cases[] = {
                { "\"boolean\"", "02", EV_UNDECODABLE },
                { "\"int\"", "8080808010", EV_UNDECODABLE },
                { "\"string\"", "02ff", EV_UNDECODABLE },
                { "\"string\"", "06 61", EV_UNDECODABLE },
                { "\"bytes\"", "01", EV_UNDECODABLE },
                { DECIMAL(4, 2), "00", EV_UNDECODABLE },
                { ENUM("\"A\"", ""), "02", EV_UNDECODABLE },
                { "[\"null\",\"int\"]", "04", EV_UNDECODABLE },
                { INSTANT, "feffffffffffffffff01", EV_UNDECODABLE },
                { "{\"type\":\"array\",\"items\":\"int\"}", "02", EV_UNDECODABLE },
                { "{\"type\":\"array\",\"items\":\"int\"}", "01 04 02 00", EV_UNDECODABLE },
                { "{\"type\":\"array\",\"items\":\"int\"}", "01 02 02 00", 0 },
                { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" X("\"boolean\"") "]}", "03",
                  EV_UNDECODABLE },
        };
        _cleanup_codec_ struct codec reader = codec_of("{\"name\":\"y\",\"type\":\"int\"}");
        uint8_t bytes[64];
        char fields[512];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct ev_bytes input = unhex(cases[i].hex, bytes, sizeof(bytes) - 1);
                const struct ev_record *plan;
                struct codec writer;
                void *value;

                snprintf(fields, sizeof(fields),
                         "{\"name\":\"gone\",\"type\":%s},{\"name\":\"y\",\"type\":\"int\"}",
                         cases[i].type);
                writer = codec_of(fields);
                bytes[input.size++] = 0x0a;
                cr_assert_eq(ev_plan_make(writer.record, reader.record, false, reader.arena, &plan),
                             0);
                cr_assert_eq(ev_avro_decode(plan, input, reader.arena, &value), cases[i].r,
                             "case %zu", i);
                if (cases[i].r)
                        cr_assert(strstr(ev_error_last()->text, "gone"), "%s",
                                  ev_error_last()->text);
                codec_done(&writer);
        }
}

Test(plan, an_equal_schema_needs_none)
{
        _cleanup_codec_ struct codec a = codec_of(X(DECIMAL(4, 2)));
        _cleanup_codec_ struct codec b = codec_of(X(DECIMAL(4, 2)));
        _cleanup_codec_ struct codec c = codec_of(X(DECIMAL(5, 2)));
        const struct ev_record *plan;

        cr_assert_eq(ev_plan_make(a.record, b.record, true, b.arena, &plan), 0);
        cr_assert_eq(plan, b.record);
        /* the same fingerprint, but other digits: what is left out is looked at */
        cr_assert_eq(a.record->fingerprint, c.record->fingerprint);
        cr_assert_eq(ev_plan_make(a.record, c.record, true, c.arena, &plan), 0);
        cr_assert_neq(plan, c.record);
}

Test(plan, compatible_versions_read_each_other)
{
        static const struct {
                const char *older, *newer, *breaks; /* NULL: compatible */
        } cases[] = {
                { X("\"int\""), X("\"int\""), NULL },
                { X("\"int\""), X("\"int\"") ",{\"name\":\"y\",\"type\":\"int\",\"default\":1}",
                  NULL },
                { X("\"int\""), X("\"int\"") ",{\"name\":\"y\",\"type\":\"int\"}",
                  "v2 cannot read what v1 writes: field y" },
                { X("\"int\"") ",{\"name\":\"y\",\"type\":\"int\"}", X("\"int\""),
                  "v1 cannot read what v2 writes: field y" },
                { X("\"int\"") ",{\"name\":\"y\",\"type\":\"int\",\"default\":1}", X("\"int\""),
                  NULL },
                { X("\"int\""), X("\"long\""), "v1 cannot read what v2 writes: field x" },
                { X("\"int\""), "{\"name\":\"z\",\"type\":\"int\"}",
                  "v2 cannot read what v1 writes: field z" },
                { X("\"int\""), X("[\"null\",\"int\"]"), "v1 cannot read what v2 writes: field x" },
                { X("\"string\""), X("\"bytes\""), "v1 cannot read what v2 writes: field x" },
                { X(DECIMAL(4, 2)), X(DECIMAL(5, 2)), "v1 cannot read what v2 writes: field x" },
                { X(DECIMAL(4, 2)), X(DECIMAL(4, 1)), "v2 cannot read what v1 writes: field x" },
                { X(ENUM("\"A\"", "")), X(ENUM("\"A\",\"B\"", "")),
                  "v1 cannot read what v2 writes: field x: the symbol B" },
                { X(ENUM("\"A\"", ",\"default\":\"A\"")),
                  X(ENUM("\"A\",\"B\"", ",\"default\":\"A\"")), NULL },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                _cleanup_codec_ struct codec older = codec_of(cases[i].older);
                _cleanup_codec_ struct codec newer = codec_of(cases[i].newer);
                int r = ev_schema_compatible(older.schema, "v1", newer.schema, "v2");

                cr_assert_eq(r, cases[i].breaks ? EV_SCHEMA_INCOMPATIBLE : 0, "case %zu: %s", i,
                             ev_error_last()->text);
                if (cases[i].breaks)
                        cr_assert(strstr(ev_error_last()->text, cases[i].breaks), "case %zu: %s", i,
                                  ev_error_last()->text);
        }
}
