#include <inttypes.h>

#include "unit/wire/codec.h"

UNIT_SUITE(schema);

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"a.T\",\"fields\":[" fields "]}"
#define FIELD_OF(type) RECORD("{\"name\":\"x\",\"type\":" type "}")

static int parse(const char *text, struct ev_schema **ret_schema)
{
        return ev_schema_parse(ev_str_of(text), ret_schema);
}

Test(schema, everything_supported_is_read)
{
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
        const struct ev_schema_named *record;

        cr_assert_eq(
                parse("{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"q.o\",\"doc\":\"D\","
                      "\"aliases\":[\"Old\",\"p.Older\"],\"fields\":["
                      "{\"name\":\"price\",\"type\":{\"type\":\"bytes\",\"logicalType\":"
                      "\"decimal\","
                      "\"precision\":14,\"scale\":2},\"default\":\"\\u00ff\\u0001\"},"
                      "{\"name\":\"at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":"
                      "\"timestamp-micros\"}],\"default\":null},"
                      "{\"name\":\"state\",\"type\":{\"type\":\"enum\",\"name\":\"State\","
                      "\"symbols\":[\"A\",\"B\"],\"default\":\"B\"},\"aliases\":[\"status\"]},"
                      "{\"name\":\"again\",\"type\":\"q.o.State\",\"default\":\"B\"},"
                      "{\"name\":\"key\",\"type\":\"string\",\"secret\":true,\"default\":\"\"},"
                      "{\"name\":\"lines\",\"type\":{\"type\":\"array\",\"items\":{\"type\":"
                      "\"record\","
                      "\"name\":\"Line\",\"fields\":[{\"name\":\"n\",\"type\":\"int\"}]}}}]}",
                      &schema),
                0, "%s", ev_error_last()->text);
        record = schema->record;
        cr_assert(ev_str_equal(record->name, EV_STR("q.o.Order")));
        cr_assert(ev_str_equal(record->aliases[0], EV_STR("q.o.Old")));
        cr_assert(ev_str_equal(record->aliases[1], EV_STR("p.Older")));
        cr_assert_eq(record->fields_count, 6);
        cr_assert_eq(record->fields[0].type.type, EV_TYPE_DECIMAL);
        cr_assert_eq(record->fields[0].type.scale, 2);
        cr_assert_eq(record->fields[0].initial.number, -255);
        cr_assert(record->fields[1].type.optional && record->fields[1].initial.given);
        cr_assert_eq(record->fields[1].type.type, EV_TYPE_TIMESTAMP);
        cr_assert_eq(record->fields[2].type.named->default_symbol, 1);
        cr_assert(ev_str_equal(record->fields[2].aliases[0], EV_STR("status")));
        cr_assert_eq(record->fields[3].type.named, record->fields[2].type.named);
        cr_assert_eq(record->fields[3].initial.number, 1);
        cr_assert(record->fields[4].secret);
        cr_assert(ev_str_equal(record->fields[4].initial.text, EV_STR("")));
        cr_assert_eq(record->fields[5].type.item->named->depth, 1);
        cr_assert_eq(record->depth, 3, "a record, its array, and the array's records");
        cr_assert(ev_str_equal(record->fields[5].type.item->named->name, EV_STR("q.o.Line")));
}

/* Schemas outside of what is read, and what the error says of each. */
static const struct {
        const char *text, *says;
} refused[] = {
        { "7", "must be a record" },
        { "\"string\"", "must be a record" },
        { "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", "must be a record" },
        { "{\"type\":\"record\",\"fields\":[]}", "without a name" },
        { "{\"type\":\"record\",\"name\":\"1x\",\"fields\":[]}", "no valid name" },
        { "{\"type\":\"record\",\"name\":\"a..b\",\"fields\":[]}", "no valid name" },
        { RECORD(""), "1 to 256 fields" },
        { RECORD("{\"type\":\"int\"}"), "without a valid name" },
        { RECORD("{\"name\":\"x-y\",\"type\":\"int\"}"), "without a valid name" },
        { RECORD("{\"name\":\"x\"}"), "field x: a type must be" },
        { RECORD("{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"x\",\"type\":\"int\"}"),
          "stands twice" },
        { RECORD("{\"name\":\"x\",\"type\":\"int\",\"secret\":1}"), "true or false" },
        { RECORD("{\"name\":\"x\",\"type\":\"int\",\"aliases\":\"y\"}"), "list of strings" },
        { RECORD("{\"name\":\"x\",\"type\":\"int\",\"aliases\":[1]}"), "list of strings" },
        { FIELD_OF("\"float\""), "field x: the type float" },
        { FIELD_OF("\"double\""), "double" },
        { FIELD_OF("\"null\""), "null" },
        { FIELD_OF("\"nowhere\""), "nowhere" },
        { FIELD_OF("{\"type\":\"map\",\"values\":\"int\"}"), "map" },
        { FIELD_OF("{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}"), "fixed" },
        { FIELD_OF("{\"name\":\"F\"}"), "without \"type\"" },
        { FIELD_OF("\"a.T\""), "recursion" },
        { FIELD_OF("{\"type\":\"array\",\"items\":\"a.T\"}"), "field x[]: a.T contains" },
        { FIELD_OF("[\"null\"]"), "only union" },
        { FIELD_OF("[\"int\",\"null\"]"), "only union" },
        { FIELD_OF("[\"null\",\"int\",\"long\"]"), "only union" },
        { FIELD_OF("[\"null\",[\"null\",\"int\"]]"), "only union" },
        { FIELD_OF("{\"type\":\"array\"}"), "field x[]" },
        { FIELD_OF("{\"type\":\"array\",\"items\":[\"null\",\"int\"]}"), "wrap the item" },
        { FIELD_OF("{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}"),
          "wrap the item" },
        { FIELD_OF("{\"type\":\"bytes\",\"logicalType\":\"decimal\"}"), "precision" },
        { FIELD_OF("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":19}"),
          "precision" },
        { FIELD_OF("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,"
                   "\"scale\":5}"),
          "scale" },
        { FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}"), "without symbols" },
        { FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"A\"]}"),
          "stands twice" },
        { FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A b\"]}"), "symbol" },
        { FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":"
                   "\"B\"}"),
          "none of its symbols" },
        { FIELD_OF("{\"type\":\"enum\",\"name\":\"a.T\",\"symbols\":[\"A\"]}"), "defined twice" },
        { RECORD("{\"name\":\"x\",\"type\":\"int\",\"default\":\"1\"}"), "its default" },
        { RECORD("{\"name\":\"x\",\"type\":\"int\",\"default\":2147483648}"), "its default" },
        { RECORD("{\"name\":\"x\",\"type\":\"boolean\",\"default\":1}"), "its default" },
        { RECORD("{\"name\":\"x\",\"type\":\"string\",\"default\":null}"), "its default" },
        { RECORD("{\"name\":\"x\",\"type\":\"bytes\",\"default\":\"\\u0100\"}"), "U+00FF" },
        { RECORD("{\"name\":\"x\",\"type\":[\"null\",\"int\"],\"default\":1}"), "null" },
        { RECORD("{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":"
                 "[\"A\"]},\"default\":\"B\"}"),
          "no symbol" },
        { RECORD("{\"name\":\"x\",\"type\":{\"type\":\"array\",\"items\":\"int\"},"
                 "\"default\":[1]}"),
          "only default" },
        { RECORD("{\"name\":\"x\",\"type\":{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                 "{\"name\":\"y\",\"type\":\"int\"}]},\"default\":{\"y\":1}}"),
          "cannot have a default" },
        { RECORD("{\"name\":\"x\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                 "\"precision\":2},\"default\":\"d\\u0000\"}"),
          "not JSON" },
        { RECORD("{\"name\":\"x\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                 "\"precision\":2},\"default\":\"d\"}"),
          "no decimal" },
        { RECORD("{\"name\":\"x\",\"type\":{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                 "{\"name\":\"y\",\"type\":\"float\"}]}}"),
          "field x.y: " },
};

Test(schema, what_is_not_supported_is_refused_by_its_path)
{
        struct ev_schema *schema = NULL;

        for (size_t i = 0; i < EV_ARRAY_SIZE(refused); ++i) {
                cr_assert_eq(parse(refused[i].text, &schema), EV_FAILED, "case %zu: %s", i,
                             refused[i].text);
                cr_assert(strstr(ev_error_last()->text, refused[i].says), "case %zu: %s", i,
                          ev_error_last()->text);
        }
        cr_assert_null(schema);
}

/* Levels are counted through names too: a chain of references is as deep as it looks written out.
 */
Test(schema, depth_is_bounded)
{
        char text[4096] = "";
        struct ev_schema *schema = NULL;
        size_t size = 0;

        for (int deepest = EV_DEPTH_MAX; deepest <= EV_DEPTH_MAX + 1; ++deepest) {
                size = 0;
                for (int i = 0; i < deepest; ++i)
                        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                                 "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":"
                                                 "[{\"name\":\"x\",\"type\":",
                                                 i);
                size += (size_t)snprintf(text + size, sizeof(text) - size, "\"int\"");
                for (int i = 0; i < deepest; ++i)
                        size += (size_t)snprintf(text + size, sizeof(text) - size, "}]}");
                cr_assert_eq(parse(text, &schema), deepest > EV_DEPTH_MAX ? EV_FAILED : 0);
                schema = ev_schema_free(schema);
        }
        cr_assert(strstr(ev_error_last()->text, "levels"));
        cr_assert_eq(
                parse("{\"type\":\"record\",\"name\":\"A\",\"fields\":["
                      "{\"name\":\"b\",\"type\":{\"type\":\"record\",\"name\":\"B\",\"fields\":["
                      "{\"name\":\"x\",\"type\":\"int\"}]}},{\"name\":\"b2\",\"type\":\"B\"}]}",
                      &schema),
                0);
        cr_assert_eq(schema->record->depth, 2);
        schema = ev_schema_free(schema);
}

Test(schema, the_attribute_quenty_is_checked)
{
#define QUENTY(members)                                                               \
        "{\"type\":\"record\",\"name\":\"a.T\",\"quenty\":{" members "},\"fields\":[" \
        "{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"co\",\"type\":\"string\"}]}"
#define INGRESS                                                                 \
        "\"kind\":\"ingress\",\"topic\":\"t\",\"key\":null,\"subject\":\"id\"," \
        "\"natural_key\":[\"id\",\"co\"],\"repeats\":\"by_state\",\"outcomes\":[\"a.Done\"]"
        static const char *const wrong[] = {
                QUENTY(""),
                QUENTY("\"kind\":\"other\""),
                QUENTY("\"kind\":\"fact\",\"key\":null,\"subject\":\"id\",\"outcome\":"
                       "\"accepted\""),
                QUENTY("\"kind\":\"fact\",\"topic\":\"t\",\"subject\":\"no\","
                       "\"outcome\":\"accepted\""),
                QUENTY("\"kind\":\"fact\",\"topic\":\"t\",\"subject\":[],\"outcome\":\"accepted\""),
                QUENTY("\"kind\":\"fact\",\"topic\":\"t\",\"subject\":\"id\",\"outcome\":\"good\""),
                QUENTY("\"kind\":\"fact\",\"topic\":\"t\",\"subject\":\"id\",\"key\":\"no\","
                       "\"outcome\":\"refused\""),
                QUENTY("\"kind\":\"fact\",\"topic\":\"t\",\"subject\":\"id\",\"outcome\":"
                       "\"refused\","
                       "\"repeats\":\"at_once\""),
                QUENTY(INGRESS ",\"outcome\":\"accepted\""),
                QUENTY(INGRESS ",\"typo\":1"),
                QUENTY("\"kind\":\"ingress\",\"topic\":\"t\",\"subject\":\"id\",\"natural_key\":"
                       "[\"id\"],\"repeats\":\"at_once\",\"outcomes\":[]"),
                QUENTY("\"kind\":\"ingress\",\"topic\":\"t\",\"subject\":\"id\",\"natural_key\":"
                       "[\"id\"],\"repeats\":\"at_once\",\"outcomes\":[\"a b\"]"),
        };
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;

        for (size_t i = 0; i < EV_ARRAY_SIZE(wrong); ++i) {
                cr_assert_eq(parse(wrong[i], &schema), EV_FAILED, "case %zu", i);
                cr_assert(strstr(ev_error_last()->text, "quenty"), "%s", ev_error_last()->text);
        }
        cr_assert_eq(parse(QUENTY(INGRESS), &schema), 0, "%s", ev_error_last()->text);
        cr_assert(schema->contract.given);
        cr_assert_eq(schema->contract.key, -1);
        cr_assert_eq(schema->contract.natural_key_count, 2);
        cr_assert_eq(schema->contract.natural_key[1], 1);
        cr_assert_eq(schema->contract.repeats, EV_REPEATS_BY_STATE);
        cr_assert(ev_str_equal(schema->contract.outcomes[0], EV_STR("a.Done")));
}

/* From the tests of Avro's Java implementation (SchemaNormalization). */
Test(schema, the_crc_is_avros)
{
        cr_assert_eq(ev_crc64_avro((struct ev_bytes){ (const uint8_t *)"\"int\"", 5 }),
                     UINT64_C(0x7275d51a3f395c8f));
        cr_assert_eq(ev_crc64_avro((struct ev_bytes){ (const uint8_t *)"\"string\"", 8 }),
                     UINT64_C(0x8f014872634503c7));
}

Test(schema, the_canonical_form_names_in_full_and_defines_once)
{
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(4096);

        cr_assert_eq(
                parse("{\"fields\":[{\"doc\":\"x\",\"type\":{\"type\":\"string\"},\"name\":\"s\"},"
                      "{\"name\":\"e\",\"type\":[\"null\",{\"name\":\"E\",\"symbols\":[\"A\"],"
                      "\"type\":\"enum\",\"default\":\"A\"}],\"default\":null},"
                      "{\"name\":\"f\",\"type\":{\"type\":\"array\",\"items\":\"E\"}},"
                      "{\"name\":\"d\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                      "\"precision\":4}}],\"name\":\"T\",\"namespace\":\"n\",\"type\":\"record\"}",
                      &schema),
                0, "%s", ev_error_last()->text);
        cr_assert_eq(ev_schema_write_canonical(schema, &buffer), 0);
        cr_assert(ev_str_equal(
                          ev_buffer_str(&buffer),
                          EV_STR("{\"name\":\"n.T\",\"type\":\"record\",\"fields\":["
                                 "{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"e\",\"type\":["
                                 "\"null\",{\"name\":\"n.E\",\"type\":\"enum\",\"symbols\":[\"A\"]}"
                                 "]},"
                                 "{\"name\":\"f\",\"type\":{\"type\":\"array\",\"items\":\"n.E\"}},"
                                 "{\"name\":\"d\",\"type\":\"bytes\"}]}")),
                  "%.*s", EV_STR_ARG(ev_buffer_str(&buffer)));
}

/* A type that two of them share is written once, logical types stay, defaults and texts for people go. */
Test(schema, a_union_defines_each_name_once)
{
        _cleanup_(ev_schema_free_p) struct ev_schema *first = NULL, *second = NULL;
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(4096);
        const struct ev_schema *schemas[2];
        bool clash = true;

        cr_assert_eq(
                parse("{\"name\":\"n.A\",\"type\":\"record\",\"doc\":\"x\",\"fields\":[{\"name\":"
                      "\"l\","
                      "\"type\":{\"type\":\"array\",\"items\":{\"name\":\"L\",\"type\":\"record\","
                      "\"fields\":[{\"name\":\"e\",\"type\":{\"name\":\"E\",\"type\":\"enum\","
                      "\"symbols\":[\"X\"],\"default\":\"X\"}}]}}}]}",
                      &first),
                0, "%s", ev_error_last()->text);
        cr_assert_eq(
                parse("{\"name\":\"n.B\",\"type\":\"record\",\"fields\":[{\"name\":\"l\",\"type\":{"
                      "\"name\":\"L\",\"type\":\"record\",\"fields\":[{\"name\":\"e\",\"type\":{"
                      "\"name\":\"E\",\"type\":\"enum\",\"symbols\":[\"X\"]}}]}},"
                      "{\"name\":\"f\",\"type\":[\"null\",{\"name\":\"F\",\"type\":\"enum\","
                      "\"symbols\":[\"Y\"]}],\"default\":null},"
                      "{\"name\":\"d\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                      "\"precision\":4,\"scale\":1}}]}",
                      &second),
                0, "%s", ev_error_last()->text);
        schemas[0] = first;
        schemas[1] = second;
        cr_assert_eq(ev_schema_find_clash(first, second, &clash), 0);
        cr_assert_not(clash);
        cr_assert_eq(ev_schema_write_union(schemas, 2, &buffer), 0);
        cr_assert(
                ev_str_equal(
                        ev_buffer_str(&buffer),
                        EV_STR("[{\"name\":\"n.A\",\"type\":\"record\",\"fields\":[{\"name\":\"l\","
                               "\"type\":{\"type\":\"array\",\"items\":{\"name\":\"n.L\",\"type\":"
                               "\"record\",\"fields\":[{\"name\":\"e\",\"type\":{\"name\":\"n.E\","
                               "\"type\":\"enum\",\"symbols\":[\"X\"]}}]}}}]},"
                               "{\"name\":\"n.B\",\"type\":\"record\",\"fields\":[{\"name\":\"l\","
                               "\"type\":\"n.L\"},{\"name\":\"f\",\"type\":[\"null\",{\"name\":\"n."
                               "F\","
                               "\"type\":\"enum\",\"symbols\":[\"Y\"]}]},{\"name\":\"d\",\"type\":{"
                               "\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,"
                               "\"scale\":1}}"
                               "]}]")),
                "%.*s", EV_STR_ARG(ev_buffer_str(&buffer)));
}

Test(schema, a_name_with_two_meanings_clashes)
{
        static const char *const texts[] = {
                "{\"name\":\"n.A\",\"type\":\"record\",\"fields\":[{\"name\":\"e\",\"type\":"
                "{\"name\":\"E\",\"type\":\"enum\",\"symbols\":[\"X\"]}}]}",
                "{\"name\":\"n.B\",\"type\":\"record\",\"fields\":[{\"name\":\"e\",\"type\":"
                "{\"name\":\"E\",\"type\":\"enum\",\"symbols\":[\"X\",\"Y\"]}}]}",
                "{\"name\":\"n.A\",\"type\":\"record\",\"fields\":[{\"name\":\"e\",\"type\":"
                "{\"name\":\"E\",\"type\":\"enum\",\"symbols\":[\"X\"]}}]}",
        };

        for (size_t i = 1; i < EV_ARRAY_SIZE(texts); ++i) {
                _cleanup_(ev_schema_free_p) struct ev_schema *first = NULL, *second = NULL;
                bool clash = false;

                cr_assert_eq(parse(texts[0], &first), 0);
                cr_assert_eq(parse(texts[i], &second), 0);
                cr_assert_eq(ev_schema_find_clash(first, second, &clash), 0);
                cr_assert(clash, "%zu", i);
        }
}

/* Each pair differs in one thing that the fingerprint does not see. */
Test(schema, the_lock_sees_what_the_fingerprint_leaves_out)
{
        static const char *const base = RECORD("{\"name\":\"x\",\"type\":\"int\"}");
        static const struct {
                const char *text;
                bool differs;
        } cases[] = {
                { RECORD("{\"name\":\"x\",\"type\":\"int\",\"doc\":\"better\"}"), false },
                { RECORD("{\"name\":\"x\",\"type\":\"int\",\"default\":1}"), true },
                { RECORD("{\"name\":\"x\",\"type\":\"int\",\"default\":0}"), true },
                { RECORD("{\"name\":\"x\",\"type\":\"int\",\"aliases\":[\"y\"]}"), true },
                { RECORD("{\"name\":\"x\",\"type\":\"int\",\"secret\":true}"), true },
                { "{\"type\":\"record\",\"name\":\"a.T\",\"aliases\":[\"b\"],\"fields\":["
                  "{\"name\":\"x\",\"type\":\"int\"}]}",
                  true },
                { "{\"type\":\"record\",\"name\":\"a.T\",\"quenty\":{\"kind\":\"fact\",\"topic\":"
                  "\"t\",\"subject\":\"x\",\"outcome\":\"accepted\"},\"fields\":["
                  "{\"name\":\"x\",\"type\":\"int\"}]}",
                  true },
        };
        uint64_t fingerprint, lock, fingerprint_here, lock_here;
        struct ev_schema *schema = NULL;

        cr_assert_eq(parse(base, &schema), 0);
        cr_assert_eq(ev_schema_fingerprint(schema, &fingerprint), 0);
        cr_assert_eq(ev_schema_lock(schema, &lock), 0);
        schema = ev_schema_free(schema);
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                cr_assert_eq(parse(cases[i].text, &schema), 0, "%s", ev_error_last()->text);
                cr_assert_eq(ev_schema_fingerprint(schema, &fingerprint_here), 0);
                cr_assert_eq(ev_schema_lock(schema, &lock_here), 0);
                cr_assert_eq(fingerprint_here, fingerprint, "case %zu", i);
                cr_assert_eq(lock_here != lock, cases[i].differs, "case %zu", i);
                schema = ev_schema_free(schema);
        }
}

static uint64_t lock_of(const char *text)
{
        struct ev_schema *schema = NULL;
        uint64_t lock;

        cr_assert_eq(parse(text, &schema), 0, "%s", ev_error_last()->text);
        cr_assert_eq(ev_schema_lock(schema, &lock), 0);
        ev_schema_free(schema);
        return lock;
}

Test(schema, the_lock_sees_logical_types)
{
        static const char *const texts[] = {
                FIELD_OF("\"bytes\""),
                FIELD_OF("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4}"),
                FIELD_OF("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5}"),
                FIELD_OF("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5,"
                         "\"scale\":1}"),
                FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}"),
                FIELD_OF(
                        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":\"A\"}"),
                FIELD_OF("\"long\""),
                FIELD_OF("{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"),
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                for (size_t k = 0; k < i; ++k)
                        cr_assert_neq(lock_of(texts[i]), lock_of(texts[k]), "%zu and %zu", i, k);
}

Test(schema, avro_c_judges_too)
{
        cr_assert_eq(ev_schema_validate(ev_str_of(FIELD_OF("\"int\""))), 0);
        cr_assert_eq(ev_schema_validate(ev_str_of(FIELD_OF("\"nowhere\""))), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "avro-c"));
}
