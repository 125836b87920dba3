/* A record that was read beside the one that it should be. */

#include "flow/difference.h"

#include <string.h>

#include "base/error.h"
#include "support/unit.h"

UNIT_SUITE(difference);

enum { BYTES_MAX = 1024 * 1024 };

static struct ev_header headers[] = {
        { EV_STR_INIT("ce_id"), { (const uint8_t *)"1", 1 } },
        { EV_STR_INIT("ce_subject"), { (const uint8_t *)"order", 5 } },
};
static struct ev_header others[3];

/* A third header lies behind the two, for those who count it in. */
static struct ev_message found_record(void)
{
        memcpy(others, headers, sizeof(headers));
        others[2] = (struct ev_header){ EV_STR("more"), { (const uint8_t *)"x", 1 } };
        return (struct ev_message){
                .timestamp_ms = 17,
                .key = { (const uint8_t *)"key", 3 },
                .value = { (const uint8_t *)"value", 5 },
                .headers = others,
                .headers_count = EV_ARRAY_SIZE(headers),
                .headers_total = EV_ARRAY_SIZE(headers),
        };
}

/* As the relay hands it over: without topic and partition, which are compared by where a
 * record stands. */
static struct ev_outgoing expected_record(void)
{
        return (struct ev_outgoing){
                .timestamp_ms = 17,
                .key = EV_STR("key"),
                .value = { (const uint8_t *)"value", 5 },
                .headers = headers,
                .headers_count = EV_ARRAY_SIZE(headers),
        };
}

/* What is told; "" when they are the same. Compared as a whole: a word too much would send a person to a
 * part of the record that is as it should be. */
static void check(const struct ev_message *found, const struct ev_outgoing *expected,
                  const char *told)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(BYTES_MAX);
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        int r;

        cr_assert_eq(ev_arena_new(&arena, BYTES_MAX), 0);
        r = ev_difference_find(found, expected, arena, &text);
        cr_assert_eq(r, *told ? EV_DIFFERENCE_FOUND : 0);
        cr_assert(ev_str_equal(ev_buffer_str(&text), ev_str_of(told)), "told: %.*s",
                  EV_STR_ARG(ev_buffer_str(&text)));
}

/* Not a word of what is alike. */
Test(difference, the_same_is_none)
{
        struct ev_message found = found_record();
        struct ev_outgoing expected = expected_record();

        check(&found, &expected, "");
}

/* All that differs, in one order, so that two reports of one fault are the same. */
Test(difference, names_every_part)
{
        struct ev_message found = found_record();
        struct ev_outgoing expected = expected_record();

        found.key.size = 2;
        found.value.size = 4;
        found.timestamp_ms = 18;
        others[1].value.size = 4;
        check(&found, &expected, "key, header ce_subject, value, timestamp");
}

/* A topic that keeps the broker's time has none of ours. */
Test(difference, a_time_of_the_broker_is_none)
{
        struct ev_message found = found_record();
        struct ev_outgoing expected = expected_record();

        found.timestamp_ms = 18;
        found.is_appended_at = true;
        check(&found, &expected, "");
}

/* A tombstone where a fact with an empty value should be would delete it from a compacted
 * copy. */
Test(difference, null_is_not_empty)
{
        struct ev_message found = found_record();
        struct ev_outgoing expected = expected_record();

        found.value = (struct ev_bytes){ NULL, 0 };
        expected.value.size = 0;
        check(&found, &expected, "value");
}

/* By name where a name is missing, is too much or has another value; else it is said that they
 * are not in order, or more than a message holds. */
Test(difference, headers_may_be_more_fewer_or_in_another_order)
{
        struct ev_message found = found_record();
        struct ev_outgoing expected = expected_record();

        found.headers_count = found.headers_total = 3;
        check(&found, &expected, "header more");
        found.headers_count = found.headers_total = 1;
        check(&found, &expected, "header ce_subject");
        found.headers_count = found.headers_total = 2;
        others[0] = headers[1];
        others[1] = headers[0];
        check(&found, &expected, "headers, by their order or number");
        memcpy(others, headers, sizeof(headers));
        found.headers_total = 1000;
        check(&found, &expected, "headers, by their order or number");
}
