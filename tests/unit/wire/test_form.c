#include "unit/wire/codec.h"

#include "wire/form.h"

UNIT_SUITE(form);

#define ALL                                                                                       \
        "{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"i\",\"type\":\"int\"},"                \
        "{\"name\":\"l\",\"type\":\"long\",\"default\":7},"                                       \
        "{\"name\":\"t\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"     \
        "{\"name\":\"d\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" \
        "5,"                                                                                      \
        "\"scale\":2}},{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"y\",\"type\":\"bytes\"}," \
        "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}," \
        "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":"   \
        "\"R\",\"fields\":[{\"name\":\"n\",\"type\":\"int\"}]}}},"                                \
        "{\"name\":\"k\",\"type\":[\"null\",\"string\"],\"secret\":true,\"default\":null},"       \
        "{\"name\":\"o\",\"type\":[\"null\",\"R\"],\"default\":null}"
#define VALUE                                                                                    \
        "\"i\":-1,\"l\":9,\"t\":\"2025-01-22T12:00:00.000000Z\",\"d\":\"19.90\",\"s\":\"\\\"\"," \
        "\"y\":\"AP8=\",\"e\":\"B\",\"a\":[{\"n\":1},{\"n\":2}],\"k\":null,\"o\":{\"n\":3}}"

static void print(const struct codec *codec, const void *value, struct ev_buffer *buffer)
{
        ev_buffer_clear(buffer);
        cr_assert_eq(ev_form_print(codec->record, value, buffer), 0);
}

Test(form, reading_and_writing_are_inverse)
{
        static const char *const text = "{\"b\":true," VALUE;
        _cleanup_codec_ struct codec codec = codec_of(ALL);
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(65536);
        void *value;

        cr_assert_eq(ev_form_parse(codec.record, ev_str_of(text), codec.arena, &value), 0, "%s",
                     ev_error_last()->text);
        print(&codec, value, &buffer);
        cr_assert(ev_str_equal(ev_buffer_str(&buffer), ev_str_of(text)), "%.*s",
                  EV_STR_ARG(ev_buffer_str(&buffer)));
}

Test(form, defaults_are_filled_in_and_absent_is_null)
{
        _cleanup_codec_ struct codec codec = codec_of(ALL);
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(65536);
        void *value;

        cr_assert_eq(
                ev_form_parse(codec.record,
                              EV_STR("{\"b\":false,\"i\":0,\"t\":\"1970-01-01T00:00:00Z\","
                                     "\"d\":\"-1\",\"s\":\"\",\"y\":\"\",\"e\":\"A\",\"a\":[]}"),
                              codec.arena, &value),
                0, "%s", ev_error_last()->text);
        print(&codec, value, &buffer);
        cr_assert(ev_str_equal(ev_buffer_str(&buffer),
                               EV_STR("{\"b\":false,\"i\":0,\"l\":7,\"t\":"
                                      "\"1970-01-01T00:00:00.000000Z\",\"d\":\"-1.00\",\"s\":\"\","
                                      "\"y\":\"\",\"e\":\"A\",\"a\":[],\"k\":null,\"o\":null}")),
                  "%.*s", EV_STR_ARG(ev_buffer_str(&buffer)));
}

Test(form, secrets_are_not_printed_nor_read_back)
{
        _cleanup_codec_ struct codec codec =
                codec_of("{\"name\":\"k\",\"type\":\"string\",\"secret\":true}");
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(65536);
        void *value;

        cr_assert_eq(ev_form_parse(codec.record, EV_STR("{\"k\":\"hush\"}"), codec.arena, &value),
                     0);
        print(&codec, value, &buffer);
        cr_assert(ev_str_equal(ev_buffer_str(&buffer), EV_STR("{\"k\":\"***\"}")));
        cr_assert_eq(ev_form_parse(codec.record, ev_buffer_str(&buffer), codec.arena, &value),
                     EV_FAILED);
        cr_assert(codec.record->has_secret);
}

Test(form, bytes_are_base64_of_rfc_4648)
{
        static const struct {
                const char *json, *hex; /* NULL: refused */
        } cases[] = {
                { "\"\"", "" },
                { "\"Zg==\"", "66" },
                { "\"Zm8=\"", "666f" },
                { "\"Zm9v\"", "666f6f" },
                { "\"Zm9vYg==\"", "666f6f62" },
                { "\"Zh==\"", NULL },
                { "\"Zm9=\"", NULL },
                { "\"Zg=\"", NULL },
                { "\"Zg\"", NULL },
                { "\"====\"", NULL },
                { "\"Z===\"", NULL },
                { "\"Zm 9v\"", NULL },
                { "\"Zm9_\"", NULL },
                { "\"=m9v\"", NULL },
                { "7", NULL },
        };
        _cleanup_codec_ struct codec codec = codec_of("{\"name\":\"y\",\"type\":\"bytes\"}");
        uint8_t expected[16];
        char text[64];
        void *value;

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct ev_bytes bytes = unhex(cases[i].hex ? cases[i].hex : "", expected, 16);

                snprintf(text, sizeof(text), "{\"y\":%s}", cases[i].json);
                cr_assert_eq(ev_form_parse(codec.record, ev_str_of(text), codec.arena, &value),
                             cases[i].hex ? 0 : EV_FAILED, "case %zu", i);
                if (!cases[i].hex)
                        continue;
                cr_assert_eq(FIELD(struct ev_bytes, &codec, value, "y").size, bytes.size);
                cr_assert_eq(memcmp(FIELD(struct ev_bytes, &codec, value, "y").data, bytes.data,
                                    bytes.size),
                             0);
        }
}

Test(form, errors_name_the_field)
{
        static const struct {
                const char *json, *says;
        } cases[] = {
                { "[]", "not an object" },
                { "{" VALUE, "field b: missing" },
                { "{\"b\":null," VALUE, "field b: null" },
                { "{\"b\":1," VALUE, "field b: not a boolean" },
                { "{\"x\":1,\"b\":true," VALUE, "no such field: x" },
                { "{\"i\":2147483648,\"b\":true}", "field i: a number out" },
                { "{\"i\":1.0,\"b\":true}", "field i: not a whole" },
                { "{\"i\":1,\"b\":true,\"l\":\"1\"}", "field l" },
                { "{\"i\":1,\"b\":true,\"t\":5}", "field t: not an instant" },
                { "{\"i\":1,\"b\":true,\"t\":\"0000-12-31T23:59:59Z\"}", "field t" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":19.9}",
                  "field d: a decimal must be a string" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1.999\"}",
                  "field d: no decimal" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1000\"}",
                  "field d: a decimal beyond" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1\",\"s\":1}",
                  "field s: not a string" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1\",\"s\":\"\",\"y\":"
                  "\"\",\"e\":\"C\"}",
                  "field e: not a symbol" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1\",\"s\":\"\",\"y\":"
                  "\"\",\"e\":\"A\",\"a\":{}}",
                  "field a: not a list" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1\",\"s\":\"\",\"y\":"
                  "\"\",\"e\":\"A\",\"a\":[{\"n\":1},{\"n\":true}]}",
                  "field a[1].n: not a whole" },
                { "{\"i\":1,\"b\":true,\"t\":\"2025-01-01T00:00:00Z\",\"d\":\"1\",\"s\":\"\",\"y\":"
                  "\"\",\"e\":\"A\",\"a\":[],\"o\":{\"m\":1}}",
                  "field o: there is no such field: m" },
                { "{\"b\":", "not JSON" },
        };
        _cleanup_codec_ struct codec codec = codec_of(ALL);
        void *value = NULL;

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                cr_assert_eq(ev_form_parse(codec.record, ev_str_of(cases[i].json), codec.arena,
                                           &value),
                             EV_FAILED, "case %zu", i);
                cr_assert(strstr(ev_error_last()->text, cases[i].says), "case %zu: %s", i,
                          ev_error_last()->text);
        }
        cr_assert_null(value);
}
