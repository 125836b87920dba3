#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

UNIT_SUITE(json);

static int parse(const char *text, struct ev_json **ret_root)
{
        return ev_json_parse(ev_str_of(text), EV_JSON_BYTES_MAX, ret_root);
}

Test(json, values_are_found_by_name_and_place)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        const struct ev_json *lines;
        int64_t number = 0;
        bool flag = false;

        cr_assert_eq(parse("{\"n\": -7, \"b\": true, \"s\": \"\\u00e4\", \"r\": 1.5, \"z\": null,"
                           " \"lines\": [1, 9223372036854775807]}",
                           &root),
                     0);
        cr_assert(ev_json_int(ev_json_get(root, EV_STR("n")), &number));
        cr_assert_eq(number, -7);
        cr_assert(ev_json_bool(ev_json_get(root, EV_STR("b")), &flag));
        cr_assert(flag);
        cr_assert(ev_str_equal(ev_json_string(ev_json_get(root, EV_STR("s"))), EV_STR("\xc3\xa4")));
        cr_assert_eq(ev_json_type(ev_json_get(root, EV_STR("r"))), EV_JSON_REAL);
        cr_assert_eq(ev_json_type(ev_json_get(root, EV_STR("z"))), EV_JSON_NULL);
        lines = ev_json_get(root, EV_STR("lines"));
        cr_assert_eq(ev_json_count(lines), 2);
        cr_assert(ev_json_int(ev_json_item(lines, 1), &number));
        cr_assert_eq(number, INT64_MAX);
}

Test(json, other_types_give_nothing)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        int64_t number = 5;
        bool flag = true;

        cr_assert_eq(parse("[1.0, \"x\"]", &root), 0);
        cr_assert_not(ev_json_int(ev_json_item(root, 0), &number), "1.0 is no int");
        cr_assert_not(ev_json_bool(ev_json_item(root, 1), &flag));
        cr_assert(ev_str_is_null(ev_json_string(ev_json_item(root, 0))));
        cr_assert_null(ev_json_get(root, EV_STR("x")));
        cr_assert_eq(ev_json_count(ev_json_item(root, 1)), 0);
        cr_assert_eq(ev_json_type(NULL), EV_JSON_NULL);
        cr_assert(number == 5 && flag);
}

Test(json, members_come_in_the_order_of_the_document)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        struct ev_json_member member = { 0 };
        char names[8] = "";

        cr_assert_eq(parse("{\"z\":1,\"a\":2,\"m\":3}", &root), 0);
        while (ev_json_next(root, &member))
                strncat(names, member.name.data, member.name.size);
        cr_assert_str_eq(names, "zam");
}

Test(json, what_is_no_json_is_refused_with_its_place)
{
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "", "not JSON" },
                { "{\"a\":1} x", "not JSON at line 1" },
                { "{\n\"a\": tru}", "line 2" },
                { "{\"a\":1,\"a\":2}", "duplicate" },
                { "\"\\u0000\"", "not JSON" },
                { "\"\xff\"", "not JSON" },
                { "9223372036854775808", "too big" },
                { "[1,]", "not JSON" },
        };
        struct ev_json *root = NULL;

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                cr_assert_eq(parse(cases[i].text, &root), EV_FAILED, "case %zu", i);
                cr_assert(strstr(ev_error_last()->text, cases[i].says), "case %zu: %s", i,
                          ev_error_last()->text);
        }
        cr_assert_null(root);
}

Test(json, levels_and_bytes_are_bounded)
{
        char text[2 * (EV_JSON_DEPTH_MAX + 1) + 1];
        struct ev_json *root = NULL;

        memset(text, '[', EV_JSON_DEPTH_MAX);
        memset(text + EV_JSON_DEPTH_MAX, ']', EV_JSON_DEPTH_MAX);
        text[2 * EV_JSON_DEPTH_MAX] = '\0';
        cr_assert_eq(parse(text, &root), 0);
        root = ev_json_free(root);

        memset(text, '[', EV_JSON_DEPTH_MAX + 1);
        memset(text + EV_JSON_DEPTH_MAX + 1, ']', EV_JSON_DEPTH_MAX + 1);
        text[2 * (EV_JSON_DEPTH_MAX + 1)] = '\0';
        cr_assert_eq(parse(text, &root), EV_FAILED);
        cr_assert(strstr(ev_error_last()->text, "levels"));

        cr_assert_eq(parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                           "\\\"[\"",
                           &root),
                     0, "brackets in a string are no levels");
        root = ev_json_free(root);
        cr_assert_eq(ev_json_parse(EV_STR("12345"), 4, &root), EV_FAILED);
        cr_assert_eq(ev_json_parse(EV_STR("1234"), 4, &root), 0);
        root = ev_json_free(root);
}

Test(json, what_is_written_is_escaped_and_parted)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(4096);
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(&buffer);

        ev_json_object_begin(&writer);
        ev_json_write_name(&writer, EV_STR("a\"b"));
        ev_json_write_string(&writer, EV_STR("\\ \n \x01 \x7f \xc3\xa4 \0"));
        ev_json_write_name(&writer, EV_STR("list"));
        ev_json_array_begin(&writer);
        ev_json_write_int(&writer, INT64_MIN);
        ev_json_write_bool(&writer, true);
        ev_json_write_bool(&writer, false);
        ev_json_write_null(&writer);
        ev_json_write_string(&writer, EV_STR_NULL);
        ev_json_array_begin(&writer);
        ev_json_array_end(&writer);
        ev_json_array_end(&writer);
        ev_json_write_name(&writer, EV_STR("bad"));
        ev_json_write_string(&writer, EV_STR("\xff\xc3\xa4"));
        ev_json_object_end(&writer);
        cr_assert_eq(ev_json_writer_end(&writer), 0);
        /* U+0000 is not text, so the whole first string counts as bytes. */
        cr_assert(ev_str_equal(ev_buffer_str(&buffer),
                               EV_STR("{\"a\\\"b\":\"\\\\ \\n \\u0001 \\u007f \\ufffd\\ufffd "
                                      "\\u0000\",\"list\":[-9223372036854775808,true,false,null,"
                                      "null,[]],\"bad\":\"\\ufffd\\ufffd\\ufffd\"}")),
                  "%.*s", EV_STR_ARG(ev_buffer_str(&buffer)));
}

Test(json, a_full_buffer_is_told_at_the_end)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(4);
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(&buffer);

        ev_json_array_begin(&writer);
        ev_json_write_string(&writer, EV_STR("too long"));
        ev_json_array_end(&writer);
        cr_assert_eq(ev_json_writer_end(&writer), EV_FAILED);
}
