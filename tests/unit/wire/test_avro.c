#include "unit/wire/codec.h"

#include "wire/form.h"

UNIT_SUITE(avro);

#define X(type)        "{\"name\":\"x\",\"type\":" type "}"
#define DECIMAL        "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":14,\"scale\":2}"
#define INSTANT        "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"
#define ENUM           "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}"
#define ARRAY(items)   "{\"type\":\"array\",\"items\":" items "}"
#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define OPTIONAL(type) "[\"null\"," type "]"

/* Encoded bytes and JSON of one field x of a type. */
static const struct {
        const char *type, *hex, *json;
} good[] = {
        { "\"boolean\"", "00", "false" },
        { "\"boolean\"", "01", "true" },
        { "\"int\"", "00", "0" },
        { "\"int\"", "01", "-1" },
        { "\"int\"", "feffffff0f", "2147483647" },
        { "\"int\"", "ffffffff0f", "-2147483648" },
        { "\"long\"", "8001", "64" },
        { "\"long\"", "feffffffffffffffff01", "9223372036854775807" },
        { "\"long\"", "ffffffffffffffffff01", "-9223372036854775808" },
        { INSTANT, "00", "\"1970-01-01T00:00:00.000000Z\"" },
        { INSTANT, "ffffddf2dfffdfdc01", "\"0001-01-01T00:00:00.000000Z\"" },
        { INSTANT, "feff9ac79983a28407", "\"9999-12-31T23:59:59.999999Z\"" },
        { DECIMAL, "0200", "\"0.00\"" },
        { DECIMAL, "0407ca", "\"19.94\"" },
        { DECIMAL, "0280", "\"-1.28\"" },
        { "\"string\"", "00", "\"\"" },
        { "\"string\"", "06 61c3a4", "\"a\xc3\xa4\"" },
        { "\"bytes\"", "0400ff", "\"AP8=\"" },
        { ENUM, "02", "\"B\"" },
        { OPTIONAL("\"int\""), "00", "null" },
        { OPTIONAL("\"int\""), "0201", "-1" },
        { OPTIONAL("\"string\""), "0200", "\"\"" },
        { OPTIONAL(ENUM), "0200", "\"A\"" },
        { OPTIONAL(ARRAY("\"int\"")), "0200", "[]" },
        { OPTIONAL(ARRAY("\"int\"")), "00", "null" },
        { OPTIONAL(RECORD("{\"name\":\"n\",\"type\":\"int\"}")), "0203", "{\"n\":-2}" },
        { OPTIONAL(RECORD("{\"name\":\"n\",\"type\":\"int\"}")), "00", "null" },
        { ARRAY("\"int\""), "00", "[]" },
        { ARRAY("\"int\""), "04020400", "[1,2]" },
        { ARRAY("\"string\""), "0202 6100", "[\"a\"]" },
        { RECORD("{\"name\":\"n\",\"type\":\"boolean\"}"), "01", "{\"n\":true}" },
};

static struct codec codec_of_type(const char *type)
{
        char field[1024];

        snprintf(field, sizeof(field), "{\"name\":\"x\",\"type\":%s}", type);
        return codec_of(field);
}

Test(avro, bytes_and_values_are_each_others)
{
        uint8_t buffer[64];
        char json[128];

        for (size_t i = 0; i < EV_ARRAY_SIZE(good); ++i) {
                _cleanup_codec_ struct codec codec = codec_of_type(good[i].type);
                _cleanup_buffer_ struct ev_buffer form = EV_BUFFER_INIT(4096);
                _cleanup_buffer_ struct ev_buffer again = EV_BUFFER_INIT(4096);
                struct ev_bytes bytes = unhex(good[i].hex, buffer, sizeof(buffer));
                void *value;

                snprintf(json, sizeof(json), "{\"x\":%s}", good[i].json);
                cr_assert_eq(ev_avro_decode(codec.record, bytes, codec.arena, &value), 0,
                             "case %zu: %s", i, ev_error_last()->text);
                cr_assert_eq(ev_form_print(codec.record, value, &form), 0);
                cr_assert(ev_str_equal(ev_buffer_str(&form), ev_str_of(json)), "case %zu: %.*s", i,
                          EV_STR_ARG(ev_buffer_str(&form)));
                cr_assert_eq(ev_avro_encode(codec.record, value, &again), 0, "case %zu: %s", i,
                             ev_error_last()->text);
                cr_assert(again.size == bytes.size && !memcmp(again.data, bytes.data, bytes.size),
                          "case %zu", i);
        }
}

/* Valid but unusual: other writers may encode so. */
Test(avro, unusual_encodings_are_read)
{
        static const struct {
                const char *type, *hex, *json;
        } cases[] = {
                { "\"int\"", "8000", "0" }, /* a number of two bytes where one would do */
                { "\"long\"", "80808080808080808000", "0" },
                { DECIMAL, "06000001", "\"0.01\"" },                  /* sign bytes */
                { ARRAY("\"int\""), "03 04 0204 00", "[1,2]" },       /* a block with its size */
                { ARRAY("\"int\""), "0202 0204 0206 00", "[1,2,3]" }, /* several blocks */
                { ARRAY("\"int\""), "0202 03 04 0406 0208 00", "[1,2,3,4]" },
                { ARRAY("\"int\""), "01 02 02 0204 00", "[1,2]" },
                { ARRAY("\"int\""), "00", "[]" },
                { "\"string\"", "12 1b5b316d e280aec2a0", NULL }, /* ESC, bidi: text all the same */
        };
        uint8_t buffer[64];
        char json[128];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                _cleanup_codec_ struct codec codec = codec_of_type(cases[i].type);
                _cleanup_buffer_ struct ev_buffer form = EV_BUFFER_INIT(4096);
                struct ev_bytes bytes = unhex(cases[i].hex, buffer, sizeof(buffer));
                void *value;

                cr_assert_eq(ev_avro_decode(codec.record, bytes, codec.arena, &value), 0,
                             "case %zu: %s", i, ev_error_last()->text);
                cr_assert_eq(ev_form_print(codec.record, value, &form), 0);
                snprintf(json, sizeof(json), "{\"x\":%s}", cases[i].json ? cases[i].json : "");
                if (cases[i].json)
                        cr_assert(ev_str_equal(ev_buffer_str(&form), ev_str_of(json)),
                                  "case %zu: %.*s", i, EV_STR_ARG(ev_buffer_str(&form)));
        }
}

/* Bytes of one field x that are no value, and what the refusal says. */
static const struct {
        const char *type, *hex;
        int r;
        const char *says;
} hostile[] = {
        { "\"int\"", "", EV_UNDECODABLE, "field x, byte 0 of 0: the value ends" },
        { "\"int\"", "0000", EV_UNDECODABLE, "byte 1 of 2: bytes behind the end" },
        { "\"int\"", "80", EV_UNDECODABLE, "ends within a number" },
        { "\"int\"", "8080808010", EV_UNDECODABLE, "more than 32 bits" }, /* 2^31 */
        { "\"int\"", "8180808010", EV_UNDECODABLE, "more than 32 bits" }, /* −2^31 − 1 */
        { "\"long\"", "ffffffffffffffffff02", EV_UNDECODABLE, "64 bits" },
        { "\"long\"", "ffffffffffffffffffff01", EV_UNDECODABLE, "64 bits" }, /* 11 bytes */
        { "\"boolean\"", "02", EV_UNDECODABLE, "neither 0 nor 1" },
        { "\"boolean\"", "ff", EV_UNDECODABLE, "neither 0 nor 1" },
        { "\"boolean\"", "", EV_UNDECODABLE, "ends before a boolean" },
        { "\"string\"", "01", EV_UNDECODABLE, "negative length" },
        { "\"string\"", "ffffffffffffffffff01", EV_UNDECODABLE, "negative length" },
        { "\"string\"", "8080808010", EV_UNDECODABLE, "beyond the end" },            /* 2^31 */
        { "\"string\"", "808080808080808080 01", EV_UNDECODABLE, "beyond the end" }, /* 2^62 */
        { "\"string\"", "feffffffffffffffff01", EV_UNDECODABLE, "beyond the end" },
        { "\"string\"", "04 61", EV_UNDECODABLE, "beyond the end" },
        { "\"string\"", "04 6100", EV_UNDECODABLE, "U+0000" },
        { "\"string\"", "04 c0af", EV_UNDECODABLE, "UTF-8" },
        { "\"string\"", "06 eda080", EV_UNDECODABLE, "UTF-8" },
        { "\"string\"", "20 61616161616161616161616161616100", EV_UNDECODABLE, "U+0000" },
        { "\"string\"", "20 616161616161616161616161616161ff", EV_UNDECODABLE, "UTF-8" },
        { "\"string\"", "10 6161616100616161", EV_UNDECODABLE, "U+0000" },
        { "\"bytes\"", "01", EV_UNDECODABLE, "negative length" },
        { ENUM, "04", EV_UNDECODABLE, "enum index" },
        { ENUM, "01", EV_UNDECODABLE, "enum index" },
        { ENUM, "9a01", EV_UNDECODABLE, "enum index" },       /* 77 of 2 */
        { ENUM, "8080808020", EV_UNDECODABLE, "enum index" }, /* 2^32 */
        { OPTIONAL("\"int\""), "01", EV_UNDECODABLE, "union index" },
        { OPTIONAL("\"int\""), "0400", EV_UNDECODABLE, "union index" },
        { OPTIONAL("\"int\""), "808080802000", EV_UNDECODABLE, "union index" },
        { DECIMAL, "00", EV_UNDECODABLE, "a decimal" },
        { DECIMAL, "22 0000000000000000000000000000000001", EV_UNDECODABLE, "a decimal" },
        { DECIMAL, "0e 5af3107a4000", EV_UNDECODABLE, "beyond the end" },
        { DECIMAL, "0c 5af3107a4000", EV_UNDECODABLE, "a decimal" }, /* 10^14 */
        { DECIMAL, "0c a50cef85c000", EV_UNDECODABLE, "a decimal" },
        { DECIMAL, "0c 5af3107a3fff", 0, "" },
        { INSTANT, "80809bc79983a28407", EV_UNDECODABLE, "years 1 to 9999" },
        { INSTANT, "8180def2dfffdfdc01", EV_UNDECODABLE, "years 1 to 9999" },
        { ARRAY("\"int\""), "ffffffffffffffffff01", EV_UNDECODABLE, "ends within" },
        { ARRAY("\"int\""), "ffffffffffffffffff01 00", EV_UNDECODABLE, "impossible" },
        { ARRAY("\"int\""), "80c0a8ca9a3a 00", EV_UNDECODABLE, "more items" }, /* 10^12 */
        { ARRAY("\"int\""), "04 02", EV_UNDECODABLE, "more items" },
        { ARRAY("\"int\""), "04 02 80", EV_UNDECODABLE, "field x[1]" },
        { ARRAY("\"int\""), "02 02", EV_UNDECODABLE, "ends within" },
        { ARRAY("\"int\""), "01 01 02 00", EV_UNDECODABLE, "beyond the end" }, /* size −1 */
        { ARRAY("\"int\""), "01 04 02 00", EV_UNDECODABLE, "not that of its items" },
        { ARRAY("\"int\""), "03 02 02 02 00", EV_UNDECODABLE, "more items" },
        { ARRAY("\"int\""), "03 0a 02 02 00", EV_UNDECODABLE, "beyond the end" },
        { ARRAY(RECORD(X("\"int\"") ",{\"name\":\"y\",\"type\":" DECIMAL "}")), "02 02 02",
          EV_UNDECODABLE, "more items" },
        { ARRAY(RECORD(X("\"int\"") ",{\"name\":\"y\",\"type\":\"boolean\"}")), "02 02 05 00",
          EV_UNDECODABLE, "field x[0].y, byte 2 of 4" },
};

Test(avro, hostile_bytes_are_refused_by_field_and_byte)
{
        uint8_t buffer[64];

        for (size_t i = 0; i < EV_ARRAY_SIZE(hostile); ++i) {
                _cleanup_codec_ struct codec codec = codec_of_type(hostile[i].type);
                struct ev_bytes bytes = unhex(hostile[i].hex, buffer, sizeof(buffer));
                void *value = NULL;
                int r = ev_avro_decode(codec.record, bytes, codec.arena, &value);

                cr_assert_eq(r, hostile[i].r, "case %zu: %d %s", i, r, ev_error_last()->text);
                if (r) {
                        cr_assert(strstr(ev_error_last()->text, hostile[i].says), "case %zu: %s", i,
                                  ev_error_last()->text);
                        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
                        cr_assert_null(value);
                }
                cr_assert_lt(ev_arena_used_bytes(codec.arena), 16384, "case %zu", i);
        }
}

Test(avro, limits_are_exact)
{
        static uint8_t bytes[EV_FACT_BYTES_MAX + 1];
        _cleanup_codec_ struct codec string = codec_of_type("\"string\"");
        _cleanup_codec_ struct codec ints = codec_of_type(ARRAY("\"boolean\""));
        void *value;

        memset(bytes, 'a', sizeof(bytes));
        (void)unhex("8040", bytes, 2); /* 4,096 */
        cr_assert_eq(ev_avro_decode(string.record, (struct ev_bytes){ bytes, 2 + 4096 },
                                    string.arena, &value),
                     0, "%s", ev_error_last()->text);
        (void)unhex("8240", bytes, 2); /* 4,097 */
        cr_assert_eq(ev_avro_decode(string.record, (struct ev_bytes){ bytes, 2 + 4097 },
                                    string.arena, &value),
                     EV_OVER_LIMIT);

        memset(bytes, 0, sizeof(bytes));
        (void)unhex("a09c01", bytes, 3); /* 10,000 */
        cr_assert_eq(ev_avro_decode(ints.record, (struct ev_bytes){ bytes, 3 + 10000 + 1 },
                                    ints.arena, &value),
                     0, "%s", ev_error_last()->text);
        cr_assert_eq(FIELD(bool *, &ints, value, "x")[9999], false);
        (void)unhex("a29c01", bytes, 3); /* 10,001 */
        cr_assert_eq(ev_avro_decode(ints.record, (struct ev_bytes){ bytes, 3 + 10001 + 1 },
                                    ints.arena, &value),
                     EV_OVER_LIMIT);
        cr_assert_eq(ev_avro_decode(string.record, (struct ev_bytes){ bytes, sizeof(bytes) },
                                    string.arena, &value),
                     EV_OVER_LIMIT);
}

/* Ten thousand blocks of one item cost no more than twice one block of ten thousand, and the items
 * of all arrays count together. */
Test(avro, many_small_blocks_stay_bounded)
{
        static uint8_t bytes[4 * EV_ITEMS_MAX];
        _cleanup_codec_ struct codec codec =
                codec_of(X(ARRAY("\"int\"")) ",{\"name\":\"y\",\"type\":" ARRAY("\"boolean\"") "}");
        size_t size = 0, used = ev_arena_used_bytes(codec.arena);
        void *value;

        for (int i = 0; i < EV_ITEMS_MAX - 1; ++i) {
                bytes[size++] = 0x02;
                bytes[size++] = (uint8_t)(2 * (i % 64));
        }
        (void)unhex("00 02 01 00", bytes + size, 4);
        cr_assert_eq(ev_avro_decode(codec.record, (struct ev_bytes){ bytes, size + 4 }, codec.arena,
                                    &value),
                     0, "%s", ev_error_last()->text);
        cr_assert_eq(FIELD(int32_t *, &codec, value, "x")[9998], 9998 % 64);
        cr_assert_lt(ev_arena_used_bytes(codec.arena) - used, 4 * 10000 * sizeof(int32_t));
        (void)unhex("00 04 01 01 00", bytes + size, 5);
        cr_assert_eq(ev_avro_decode(codec.record, (struct ev_bytes){ bytes, size + 5 }, codec.arena,
                                    &value),
                     EV_OVER_LIMIT);
        cr_assert(strstr(ev_error_last()->text, "field y"));
}

Test(avro, an_exhausted_arena_is_a_failure_not_a_refusal)
{
        static const uint8_t bytes[] = { 0x02, 0x02, 0x00 };
        _cleanup_codec_ struct codec codec = codec_of_type(ARRAY(DECIMAL));
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        void *value = NULL;

        cr_assert_eq(ev_arena_new(&arena, 16), 0);
        cr_assert_eq(ev_avro_decode(codec.record, (struct ev_bytes){ bytes, sizeof(bytes) }, arena,
                                    &value),
                     EV_FAILED);
        cr_assert_null(value);
}

Test(avro, every_truncation_is_refused)
{
        _cleanup_codec_ struct codec codec = codec_of(X(ARRAY(
                RECORD("{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"d\",\"type\":" DECIMAL
                       "},{\"name\":\"o\",\"type\":" OPTIONAL(
                               INSTANT) "}"))) ",{\"name\":\"e\",\"type\":" ENUM
                                               "},{\"name\":\"b\",\"type\":\"boolean\"}");
        uint8_t buffer[64];
        struct ev_bytes bytes = unhex("04 06616263 0407ca 02c801 00 0201 00 00 02 01", buffer, 64);
        void *value;

        cr_assert_eq(ev_avro_decode(codec.record, bytes, codec.arena, &value), 0, "%s",
                     ev_error_last()->text);
        for (size_t size = 0; size < bytes.size; ++size)
                cr_assert_eq(ev_avro_decode(codec.record, (struct ev_bytes){ buffer, size },
                                            codec.arena, &value),
                             EV_UNDECODABLE, "%zu bytes", size);
}

/* Random bytes, and valid bytes with one changed: an answer, whatever it is, within the bounds. */
Test(avro, random_bytes_get_an_answer)
{
        _cleanup_codec_ struct codec codec = codec_of(X(ARRAY(
                RECORD("{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"d\",\"type\":" DECIMAL
                       "}"))) ",{\"name\":\"e\",\"type\":" OPTIONAL(ENUM) "}");
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        static uint8_t bytes[65536];
        uint64_t state = 20250122; /* the seed; xorshift64 */
        void *value;

        cr_log_info("seed 20250122");
        cr_assert_eq(ev_arena_new(&arena, 64 * sizeof(bytes)), 0);
        for (int round = 0; round < 2000; ++round) {
                size_t size = round < 20 ? sizeof(bytes) : (size_t)(round % 64);

                for (size_t i = 0; i < size; ++i) {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        bytes[i] = (uint8_t)(round % 2 ? state : state % 8);
                }
                cr_assert_geq(ev_avro_decode(codec.record, (struct ev_bytes){ bytes, size }, arena,
                                             &value),
                              0, "64 bytes of memory for a byte of input must be enough");
                ev_arena_reset(arena);
        }
}

Test(avro, what_no_reader_would_accept_is_not_written)
{
        static char long_text[EV_STRING_BYTES_MAX + 1];
        _cleanup_codec_ struct codec codec = codec_of(
                "{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"e\",\"type\":" ENUM "},"
                "{\"name\":\"d\",\"type\":" DECIMAL "},{\"name\":\"t\",\"type\":" INSTANT "},"
                "{\"name\":\"a\",\"type\":" ARRAY(
                        "\"boolean\"") "},"
                                       "{\"name\":\"y\",\"type\":\"bytes\"}");
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(EV_FACT_BYTES_MAX);
        void *value = ev_arena_take(codec.arena, codec.record->size);
        bool items[3] = { false, true, false };
        uint8_t *a = (uint8_t *)value + ev_record_field(codec.record, EV_STR("a"))->beside;

#define S FIELD(struct ev_str, &codec, value, "s")
#define REFUSED(says)                                                                        \
        do {                                                                                 \
                cr_assert_eq(ev_avro_encode(codec.record, value, &buffer), EV_FAILED);       \
                cr_assert(strstr(ev_error_last()->text, says), "%s", ev_error_last()->text); \
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);                   \
                cr_assert_eq(buffer.size, 2, "the buffer is as it was");                     \
        } while (0)

        memset(long_text, 'x', sizeof(long_text));
        cr_assert_eq(ev_buffer_append(&buffer, "ab", 2), 0);
        REFUSED("field s: null");
        S = EV_STR("\xff");
        REFUSED("field s: text");
        S = EV_STR("a\0b");
        REFUSED("field s: text");
        S = (struct ev_str){ long_text, sizeof(long_text) };
        REFUSED("field s: more than 4096");
        S = (struct ev_str){ long_text, sizeof(long_text) - 1 };
        FIELD(int32_t, &codec, value, "e") = 2;
        REFUSED("field e: an enum");
        FIELD(int32_t, &codec, value, "e") = -1;
        REFUSED("field e: an enum");
        FIELD(int32_t, &codec, value, "e") = 1;
        FIELD(int64_t, &codec, value, "d") = INT64_C(100000000000000);
        REFUSED("field d: a decimal");
        FIELD(int64_t, &codec, value, "d") = INT64_C(-100000000000000);
        REFUSED("field d: a decimal");
        FIELD(int64_t, &codec, value, "d") = INT64_C(-99999999999999);
        FIELD(int64_t, &codec, value, "t") = INT64_C(253402300800000000);
        REFUSED("field t: an instant");
        FIELD(int64_t, &codec, value, "t") = INT64_MIN;
        REFUSED("field t: an instant");
        FIELD(int64_t, &codec, value, "t") = 0;
        *(size_t *)(void *)a = 1;
        REFUSED("field a: items are missing");
        FIELD(bool *, &codec, value, "a") = items;
        *(size_t *)(void *)a = EV_ITEMS_MAX + 1;
        REFUSED("field a: more than 10000");
        *(size_t *)(void *)a = 3;
        REFUSED("field y: null");
        FIELD(struct ev_bytes, &codec, value, "y") = (struct ev_bytes){ (const uint8_t *)"", 0 };
        cr_assert_eq(ev_avro_encode(codec.record, value, &buffer), 0, "%s", ev_error_last()->text);
}

Test(avro, a_value_larger_than_its_topic_takes_is_not_written)
{
        static char text[EV_STRING_BYTES_MAX];
        static struct ev_str items[230];
        _cleanup_codec_ struct codec codec = codec_of_type(ARRAY("\"string\""));
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(4 * EV_FACT_BYTES_MAX);
        _cleanup_buffer_ struct ev_buffer small = EV_BUFFER_INIT(1000);
        void *value = ev_arena_take(codec.arena, codec.record->size);
        uint8_t *count = (uint8_t *)value + ev_record_field(codec.record, EV_STR("x"))->beside;
        static const struct ev_contract ingress = { .kind = EV_KIND_INGRESS };
        struct ev_record as_ingress = *codec.record;

        as_ingress.contract = &ingress;
        memset(text, 'x', sizeof(text));
        for (size_t i = 0; i < EV_ARRAY_SIZE(items); ++i)
                items[i] = (struct ev_str){ text, sizeof(text) };
        FIELD(struct ev_str *, &codec, value, "x") = items;
        *(size_t *)(void *)count = 230;
        cr_assert_eq(ev_avro_encode(codec.record, value, &buffer), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "more bytes than its topic takes"));
        *(size_t *)(void *)count = 220;
        cr_assert_eq(ev_avro_encode(codec.record, value, &buffer), 0);
        cr_assert_eq(ev_avro_encode(&as_ingress, value, &buffer), EV_FAILED, "256 KiB for ingress");
        cr_assert_eq(ev_avro_encode(codec.record, value, &small), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "field x[0]: more bytes than there is room for"));
}

Test(avro, frames)
{
        static const struct {
                const char *hex;
                int r;
                bool has_fingerprint;
                uint64_t number;
                size_t payload;
        } cases[] = {
                { "", EV_UNDECODABLE, false, 0, 0 },
                { "00", EV_UNDECODABLE, false, 0, 0 },
                { "00000aae", EV_UNDECODABLE, false, 0, 0 },
                { "00000aae61", 0, false, 700001, 0 },
                { "0000000000ff", 0, false, 0, 1 },
                { "00ffffffff", 0, false, 4294967295, 0 },
                { "01000aae61", EV_UNDECODABLE, false, 0, 0 },
                { "c301 8f5c393f1ad57572 00", 0, true, UINT64_C(0x7275d51a3f395c8f), 1 },
                { "c301 8f5c393f1ad575", EV_UNDECODABLE, false, 0, 0 },
                { "c302 8f5c393f1ad57572", EV_UNDECODABLE, false, 0, 0 },
        };
        uint8_t buffer[32], written[EV_FRAME_FINGERPRINT_BYTES];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct ev_bytes bytes = unhex(cases[i].hex, buffer, sizeof(buffer));
                struct ev_frame frame = { 0 };

                cr_assert_eq(ev_frame_parse(bytes, &frame), cases[i].r, "case %zu", i);
                if (cases[i].r)
                        continue;
                cr_assert_eq(frame.has_fingerprint, cases[i].has_fingerprint);
                cr_assert_eq(frame.has_fingerprint ? frame.fingerprint : frame.id, cases[i].number);
                cr_assert_eq(frame.payload.size, cases[i].payload);
                if (frame.has_fingerprint)
                        ev_frame_write_fingerprint(frame.fingerprint, written);
                else
                        ev_frame_write_id(frame.id, written);
                cr_assert_eq(memcmp(written, buffer, bytes.size - frame.payload.size), 0);
        }
}
