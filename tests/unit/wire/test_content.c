/* Content, natural keys, subjects and keys. The bytes of the content are hashed and stored, so they
 * are fixed here; they were computed by another program, which is all there is to the form:
 *
 *      n = lambda i: struct.pack(">q", i)                          # a number
 *      t = lambda s: n(len(s.encode())) + s.encode()               # a text, and a symbol's name
 *      r = lambda d: b"".join(t(k) + d[k] for k in sorted(d)) + n(-len(d))   # a record
 *
 * and an array is n(count) and its items; r takes what differs from its default. For example
 * r({"x": n(2) + t("ab") + t("c")}). */

#include "unit/wire/codec.h"

#include "wire/content.h"
#include "wire/form.h"

UNIT_SUITE(content);

#define F(name, type)         "{\"name\":\"" name "\",\"type\":" type "}"
#define FD(name, type, value) "{\"name\":\"" name "\",\"type\":" type ",\"default\":" value "}"
#define INT(name)             F(name, "\"int\"")
#define X(type)               F("x", type)
#define OPTIONAL(type)        "[\"null\"," type "]"
#define ARRAY(items)          "{\"type\":\"array\",\"items\":" items "}"
#define RECORD(fields)        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define ENUM(symbols)         "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]}"
#define DECIMAL               "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":6,\"scale\":2}"
#define INSTANT               "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"

/* How the one field x of a record begins, and how a record of one field ends. */
#define AN_X  "0000000000000001 78 "
#define ONE   " ffffffffffffffff"
#define EMPTY "0000000000000000"

static void *value_of(const struct codec *codec, const char *json)
{
        void *value = NULL;

        cr_assert_eq(ev_form_parse(codec->record, ev_str_of(json), codec->arena, &value), 0, "%s",
                     ev_error_last()->text);
        return value;
}

/* The content of a value given in JSON, as hexadecimal digits. */
static void content_of(const char *fields, const char *json, char *hex, size_t capacity)
{
        _cleanup_codec_ struct codec codec = codec_of(fields);
        _cleanup_buffer_ struct ev_buffer content = EV_BUFFER_INIT(4096);

        cr_assert_eq(ev_content_write(codec.record, value_of(&codec, json), &content), 0);
        cr_assert_lt(2 * content.size, capacity);
        for (size_t i = 0; i < content.size; ++i)
                snprintf(hex + 2 * i, 3, "%02x", content.data[i]);
}

static void check_content(const char *fields, const char *json, const char *expected)
{
        char hex[1024] = "", digits[1024];
        size_t size = 0;

        for (; *expected; ++expected)
                if (*expected != ' ')
                        digits[size++] = *expected;
        digits[size] = '\0';
        content_of(fields, json, hex, sizeof(hex));
        cr_assert_str_eq(hex, digits, "%s of %s", json, fields);
}

/* Whether two values, of two versions of a schema perhaps, ask for the same. */
static bool is_same(const char *fields, const char *json, const char *other_fields,
                    const char *other_json)
{
        char hex[1024] = "", other_hex[1024] = "";

        content_of(fields, json, hex, sizeof(hex));
        content_of(other_fields, other_json, other_hex, sizeof(other_hex));
        return strcmp(hex, other_hex) == 0;
}

Test(content, the_form_of_every_type_is_fixed)
{
        static const struct {
                const char *type, *json, *content;
        } cases[] = {
                { "\"int\"", "7", AN_X "0000000000000007" ONE },
                { "\"int\"", "-2", AN_X "fffffffffffffffe" ONE },
                { "\"long\"", "-9223372036854775808", AN_X "8000000000000000" ONE },
                { "\"long\"", "9223372036854775807", AN_X "7fffffffffffffff" ONE },
                { "\"boolean\"", "true", AN_X "0000000000000001" ONE },
                { "\"boolean\"", "false", AN_X "0000000000000000" ONE },
                { INSTANT, "\"1970-01-01T00:00:00.000001Z\"", AN_X "0000000000000001" ONE },
                { DECIMAL, "\"19.9\"", AN_X "00000000000007c6" ONE },
                { ENUM("\"A\",\"BB\""), "\"BB\"", AN_X "0000000000000002 4242" ONE },
                { "\"string\"", "\"a\xc3\xa4\"", AN_X "0000000000000003 61c3a4" ONE },
                { "\"string\"", "\"\"", AN_X "0000000000000000" ONE },
                { "\"bytes\"", "\"AP8=\"", AN_X "0000000000000002 00ff" ONE },
                { OPTIONAL("\"int\""), "0", AN_X "0000000000000000" ONE },
                { OPTIONAL("\"int\""), "null", EMPTY },
                { ARRAY("\"int\""), "[]", AN_X "0000000000000000" ONE },
                { ARRAY("\"int\""), "[1,2]",
                  AN_X "0000000000000002 0000000000000001 0000000000000002" ONE },
                { ARRAY("\"string\""), "[\"ab\",\"c\"]",
                  AN_X "0000000000000002 0000000000000002 6162 0000000000000001 63" ONE },
                { RECORD(INT("n")), "{\"n\":5}",
                  AN_X "0000000000000001 6e 0000000000000005" ONE ONE },
                { OPTIONAL(RECORD(INT("n"))), "{\"n\":5}",
                  AN_X "0000000000000001 6e 0000000000000005" ONE ONE },
        };
        char json[256], fields[512];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                snprintf(json, sizeof(json), "{\"x\":%s}", cases[i].json);
                snprintf(fields, sizeof(fields), "{\"name\":\"x\",\"type\":%s}", cases[i].type);
                check_content(fields, json, cases[i].content);
        }
}

/* By bytes, capitals first; a name that begins another one stands before it. */
Test(content, fields_stand_in_the_order_of_their_names)
{
        check_content(INT("b") "," INT("a") "," INT("Z") "," INT("aa"),
                      "{\"b\":1,\"a\":2,\"Z\":3,\"aa\":4}",
                      "0000000000000001 5a 0000000000000003 0000000000000001 61 0000000000000002"
                      "0000000000000002 6161 0000000000000004"
                      "0000000000000001 62 0000000000000001 fffffffffffffffc");
}

/* Two items, each with an array of records in it. */
Test(content, arrays_and_records_nest)
{
#define PART "{\"type\":\"record\",\"name\":\"P\",\"fields\":[" F("s", "\"string\"") "]}"
        check_content(X(ARRAY(RECORD(INT("n") "," F("m", ARRAY(PART))))),
                      "{\"x\":[{\"n\":1,\"m\":[{\"s\":\"q\"}]},{\"n\":2,\"m\":[]}]}",
                      AN_X "0000000000000002"
                           "0000000000000001 6d 0000000000000001 0000000000000001 73"
                           "0000000000000001 71 ffffffffffffffff"
                           "0000000000000001 6e 0000000000000001 fffffffffffffffe"
                           "0000000000000001 6d 0000000000000000"
                           "0000000000000001 6e 0000000000000002 fffffffffffffffe" ONE);
#undef PART
}

/* What a later version adds with a default, and what differs in no value, asks for nothing new. */
Test(content, another_version_of_the_schema_changes_nothing)
{
        static const char *const fields = INT("n") "," F("s", "\"string\"");
        static const char *const json = "{\"n\":7,\"s\":\"t\"}";
        static const char *const later[] = {
                F("s", "\"string\"") "," INT("n"),
                INT("n") "," F("s", "\"string\"") "," FD("i", "\"int\"", "5"),
                INT("n") "," F("s", "\"string\"") "," FD("b", "\"boolean\"", "true"),
                INT("n") "," F("s", "\"string\"") "," FD("t", "\"string\"", "\"of\""),
                INT("n") "," F("s", "\"string\"") "," FD("y", "\"bytes\"", "\"\\u00ff\""),
                INT("n") "," F("s", "\"string\"") "," FD("d", DECIMAL, "\"\\u0001\""),
                INT("n") "," F("s", "\"string\"") "," FD("e", ENUM("\"A\",\"B\""), "\"B\""),
                INT("n") "," F("s", "\"string\"") "," FD("a", ARRAY("\"int\""), "[]"),
                INT("n") "," F("s", "\"string\"") "," FD("o", OPTIONAL("\"int\""), "null"),
                INT("n") "," F("s", "\"string\"") "," FD("r", OPTIONAL(RECORD(INT("i"))), "null"),
                F("n", "\"long\"") "," F("s", "\"string\""),
                FD("n", "\"int\"", "8") "," F("s", "\"string\""),
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(later); ++i)
                cr_assert(is_same(fields, json, later[i], json), "case %zu: %s", i, later[i]);
        cr_assert(is_same(X(ENUM("\"A\",\"B\"")), "{\"x\":\"B\"}", X(ENUM("\"C\",\"A\",\"B\"")),
                          "{\"x\":\"B\"}"),
                  "a symbol is its name");
        cr_assert(is_same(FD("n", "\"int\"", "5"), "{\"n\":5}", FD("n", "\"int\"", "5"), "{}"));
}

/* What must not be taken for the same request. */
Test(content, different_values_have_different_forms)
{
        static const struct {
                const char *fields, *json, *other;
        } cases[] = {
                { FD("n", "\"int\"", "5"), "{}", "{\"n\":0}" },
                { X(OPTIONAL("\"string\"")), "{\"x\":null}", "{\"x\":\"\"}" },
                { X(OPTIONAL("\"int\"")), "{\"x\":null}", "{\"x\":0}" },
                { X(OPTIONAL(ARRAY("\"int\""))), "{\"x\":null}", "{\"x\":[]}" },
                { F("a", OPTIONAL("\"int\"")) "," F("b", OPTIONAL("\"int\"")),
                  "{\"a\":1,\"b\":null}", "{\"a\":null,\"b\":1}" },
                { F("a", "\"string\"") "," F("b", "\"string\""), "{\"a\":\"xy\",\"b\":\"\"}",
                  "{\"a\":\"x\",\"b\":\"y\"}" },
                { X(ARRAY("\"string\"")), "{\"x\":[\"ab\",\"c\"]}", "{\"x\":[\"a\",\"bc\"]}" },
                { X(ARRAY("\"int\"")), "{\"x\":[1,2]}", "{\"x\":[2,1]}" },
                /* an optional field of one item must not move into the next item */
                { X(ARRAY(RECORD(FD("a", OPTIONAL("\"int\""),
                                    "null") "," FD("b", OPTIONAL("\"int\""), "null")))),
                  "{\"x\":[{\"a\":1},{\"b\":2}]}", "{\"x\":[{\"a\":1,\"b\":2},{}]}" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i)
                cr_assert(!is_same(cases[i].fields, cases[i].json, cases[i].fields, cases[i].other),
                          "case %zu", i);
}

Test(content, a_full_buffer_is_the_records_fault)
{
        _cleanup_codec_ struct codec codec = codec_of(X("\"string\""));
        void *value = value_of(&codec, "{\"x\":\"0123456789\"}");

        /* Every bound below the 8 + 1 + 8 + 10 + 8 bytes that it takes. */
        for (size_t max = 0; max < 35; ++max) {
                _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(max);

                cr_assert_eq(ev_content_write(codec.record, value, &buffer), EV_FAILED, "%zu", max);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        }
}

/* A record with a contract over its fields, as a generated descriptor has one. */
struct contracted {
        struct ev_record record;
        struct ev_contract contract;
        const struct ev_field *fields[4];
};

/* Names are separated by blanks. The struct points into itself. */
static uint32_t name_fields(const struct codec *codec, const char *names, struct contracted *to)
{
        uint32_t count = 0;

        for (size_t size; *names; names += size + (names[size] == ' ')) {
                size = strcspn(names, " ");
                to->fields[count] = ev_record_field(codec->record, (struct ev_str){ names, size });
                cr_assert(to->fields[count++]);
        }
        to->record = *codec->record;
        to->record.contract = &to->contract;
        return count;
}

Test(content, natural_keys_are_readable_and_unambiguous)
{
#define FIELDS               \
        F("s", "\"string\"") \
        "," F("o", OPTIONAL("\"string\"")) "," F("n", "\"long\"") "," F("p", OPTIONAL("\"int\""))
        static const struct {
                const char *names, *json, *key;
        } cases[] = {
                { "s", "{\"s\":\"ORD-1\",\"n\":0}", "ORD-1" },
                { "s", "{\"s\":\"\",\"n\":0}", "" },
                { "s o", "{\"s\":\"a\",\"o\":\"b\",\"n\":0}", "a|b" },
                { "o s", "{\"s\":\"a\",\"o\":\"b\",\"n\":0}", "b|a" },
                { "s o", "{\"s\":\"a|b\",\"o\":\"c\",\"n\":0}", "a\\|b|c" },
                { "s o", "{\"s\":\"a\",\"o\":\"b|c\",\"n\":0}", "a|b\\|c" },
                { "s o", "{\"s\":\"a\\\\\",\"o\":\"b\",\"n\":0}", "a\\\\|b" },
                { "s o", "{\"s\":\"a\",\"o\":null,\"n\":0}", "a|\\N" },
                { "s o", "{\"s\":\"a\",\"o\":\"\",\"n\":0}", "a|" },
                { "s o", "{\"s\":\"a\",\"o\":\"N\",\"n\":0}", "a|N" },
                { "s o", "{\"s\":\"a\",\"o\":\"\\\\N\",\"n\":0}", "a|\\\\N" },
                { "n", "{\"s\":\"\",\"n\":-9223372036854775808}", "-9223372036854775808" },
                { "n s p", "{\"s\":\"\xc3\xa4\",\"n\":7,\"p\":-5}", "7|\xc3\xa4|-5" },
                { "p n", "{\"s\":\"\",\"n\":7}", "\\N|7" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                _cleanup_codec_ struct codec codec = codec_of(FIELDS);
                _cleanup_buffer_ struct ev_buffer key = EV_BUFFER_INIT(4096);
                struct contracted made = { 0 };

                made.contract.natural_key_count = name_fields(&codec, cases[i].names, &made);
                made.contract.natural_key = made.fields;
                cr_assert_eq(ev_natural_key_write(&made.record, value_of(&codec, cases[i].json),
                                                  &key),
                             0);
                cr_assert(ev_str_equal(ev_buffer_str(&key), ev_str_of(cases[i].key)),
                          "case %zu: %.*s", i, EV_STR_ARG(ev_buffer_str(&key)));
        }
#undef FIELDS
}

Test(content, a_natural_key_is_appended_or_fails)
{
        _cleanup_codec_ struct codec codec = codec_of(F("s", "\"string\""));
        _cleanup_buffer_ struct ev_buffer key = EV_BUFFER_INIT(6);
        struct contracted made = { 0 };
        void *value = value_of(&codec, "{\"s\":\"a|b\"}");

        made.contract.natural_key_count = name_fields(&codec, "s", &made);
        made.contract.natural_key = made.fields;
        cr_assert_eq(ev_buffer_append(&key, "k:", 2), 0);
        cr_assert_eq(ev_natural_key_write(&made.record, value, &key), 0);
        cr_assert(ev_str_equal(ev_buffer_str(&key), EV_STR("k:a\\|b")));
        cr_assert_eq(ev_natural_key_write(&made.record, value, &key), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
}

/* A declined request is about the first of these that it names, as in StockRequestDeclined. */
Test(content, the_subject_is_the_first_field_that_is_present)
{
        static const struct {
                const char *json, *subject; /* NULL: null */
        } cases[] = {
                { "{\"sku\":\"S\",\"return_number\":\"R\",\"lot\":3}", "S" },
                { "{\"return_number\":\"R\",\"lot\":3}", "R" },
                { "{\"sku\":\"\",\"return_number\":\"R\"}", "" },
                { "{\"lot\":-2147483648}", "-2147483648" },
                { "{}", NULL },
        };
        _cleanup_codec_ struct codec codec = codec_of(F("lot", OPTIONAL("\"int\"")) "," F(
                "return_number", OPTIONAL("\"string\"")) "," F("sku", OPTIONAL("\"string\"")));
        struct contracted made = { 0 };
        struct ev_str subject;

        made.contract.subject_count = name_fields(&codec, "sku return_number lot", &made);
        made.contract.subject = made.fields;
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                subject = EV_STR("untouched");
                cr_assert_eq(ev_subject_of(&made.record, value_of(&codec, cases[i].json),
                                           codec.arena, &subject),
                             0);
                cr_assert(ev_str_equal(subject, ev_str_of(cases[i].subject)), "case %zu: %.*s", i,
                          EV_STR_ARG(subject));
        }
}

Test(content, a_key_is_the_fields_own_text_or_null)
{
        _cleanup_codec_ struct codec codec =
                codec_of(F("s", "\"string\"") "," F("o", OPTIONAL("\"string\"")));
        struct contracted made = { 0 };
        void *value = value_of(&codec, "{\"s\":\"a|b\",\"o\":null}");
        struct ev_str key;

        (void)name_fields(&codec, "s o", &made);
        cr_assert(ev_str_is_null(ev_key_of(&made.record, value)), "the contract names none");
        made.contract.key = made.fields[0];
        key = ev_key_of(&made.record, value);
        cr_assert(ev_str_equal(key, EV_STR("a|b")));
        cr_assert_eq(key.data, FIELD(struct ev_str, &codec, value, "s").data, "borrowed");
        made.contract.key = made.fields[1];
        cr_assert(ev_str_is_null(ev_key_of(&made.record, value)));
}
