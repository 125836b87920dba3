#include "support/unit.h"

#include <string.h>

#include "base/clock.h"
#include "eventctl/replay.h"
#include "eventctl/types.h"
#include "wire/avro.h"
#include "wire/ends.h"

UNIT_SUITE(eventctl_replay);

/* ---- Places ---- */

static struct place place;

Test(eventctl_replay, reads_places_as_a_person_types_them)
{
        int64_t time_ms = 0;

        cr_assert(place_read("beginning", &place) && place_time(&place, &time_ms));
        cr_assert_eq(time_ms, EV_ENDS_EARLIEST);
        cr_assert(place_read("end", &place) && place_time(&place, &time_ms));
        cr_assert_eq(time_ms, EV_ENDS_LATEST);
        cr_assert(place_read("1970-01-01T00:00:01.5Z", &place) && place_time(&place, &time_ms));
        cr_assert_eq(time_ms, 1500);
        cr_assert(place_read("0", &place));
        cr_assert(place.kind == PLACE_OFFSET && place.offset == 0 && !place_time(&place, &time_ms));
        cr_assert(place_read("3=120,0=0", &place));
        cr_assert(place.kind == PLACE_LIST && place.count == 2 && !place_time(&place, &time_ms));
        cr_assert(place.items[0].partition == 3 && place.items[0].offset == 120);
        cr_assert(place.items[1].partition == 0 && place.items[1].offset == 0);
}

Test(eventctl_replay, takes_nothing_else_for_a_place)
{
        static const char *const texts[] = {
                "",
                "-1",
                "+1",
                "1 ",
                "begin",
                "yesterday",
                "1969-12-31T23:59:59Z",
                "3=",
                "=3",
                "3=1,,4=2",
                "3=1,3=2",
                "3=-1",
                "3=1;4=2",
                "1000=1",
                "a=1",
                "3=1x",
                "99999999999999999999",
                "1=99999999999999999999",
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                cr_assert_not(place_read(texts[i], &place), "\"%s\"", texts[i]);
}

Test(eventctl_replay, writes_what_it_reads)
{
        static const int64_t offsets[] = { PLACE_NOWHERE, 7, PLACE_NOWHERE, 0 };
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(100);

        cr_assert_eq(place_write(offsets, 4, &out), 0);
        cr_assert(ev_str_equal(ev_buffer_str(&out), EV_STR("1=7,3=0")));
}

/* ---- The pace ---- */

/* Takes `count` one after the other, waiting as it is told; the time at which the last one came. */
static int64_t take_all(struct pace *pace, int64_t count, int64_t now)
{
        for (int64_t i = 0; i < count; ++i) {
                int64_t wait;

                while ((wait = pace_take(pace, now)) > 0)
                        now += wait;
        }
        return now;
}

Test(eventctl_replay, keeps_its_rate_to_the_microsecond)
{
        static const int64_t rates[] = { 1, 3, 50, 999, 1000, PACE_RATE_MAX };

        for (size_t i = 0; i < EV_ARRAY_SIZE(rates); ++i) {
                struct pace pace;
                int64_t took, least = pace_duration(rates[i], 100);

                pace_begin(&pace, rates[i], 1000);
                took = take_all(&pace, 100, 1000) - 1000;
                cr_assert_geq(took, least, "rate %ld: %ld", (long)rates[i], (long)took);
                cr_assert_leq(took, least + 100, "rate %ld: %ld", (long)rates[i], (long)took);
        }
        cr_assert_eq(pace_duration(50, 100), 1980000);
        cr_assert_eq(pace_duration(50, 1), 0);
        cr_assert_eq(pace_duration(50, 0), 0);
}

Test(eventctl_replay, makes_up_for_at_most_one_second)
{
        struct pace pace;
        int64_t later = 3600 * EV_MICROS_PER_SECOND;

        pace_begin(&pace, 10, 0);
        cr_assert_eq(take_all(&pace, 10, later), later, "the tokens of a second are there at once");
        cr_assert_eq(pace_take(&pace, later), EV_MICROS_PER_SECOND / 10, "and no more");
}

Test(eventctl_replay, loses_nothing_by_looking_often)
{
        struct pace pace;
        int64_t taken = 0;

        pace_begin(&pace, 3, 0);
        for (int64_t now = 0; now <= 2 * EV_MICROS_PER_SECOND; now += 7)
                taken += pace_take(&pace, now) == 0;
        cr_assert_eq(taken, 1 + 5, "one at the start, and five in a little less than two seconds");
}

/* ---- Choosing ---- */

static struct topic_list list;

struct made {
        struct ev_message message;
        struct ev_header headers[8];
        uint8_t value[EV_FRAME_ID_BYTES + 1];
};

static struct ev_header header(const char *name, const char *value)
{
        struct ev_str text = ev_str_of(value);

        return (struct ev_header){ ev_str_of(name), { (const uint8_t *)text.data, text.size } };
}

/* A record of a type (NULL: it says none) whose value is framed as this schema (0: by none). */
static struct made *make(struct made *made, const char *topic, const char *type, uint32_t schema)
{
        *made = (struct made){ .message = { .topic = topic, .headers = made->headers } };
        made->headers[0] = header("ce_id", "1");
        made->message.headers_count = 1;
        if (type)
                made->headers[made->message.headers_count++] = header("ce_type", type);
        made->message.headers_total = made->message.headers_count;
        if (schema)
                ev_frame_write_id(schema, made->value);
        else
                memset(made->value, '{', sizeof(made->value));
        made->message.value = (struct ev_bytes){ made->value, sizeof(made->value) };
        return made;
}

static enum replay_fate fate_of(const struct replay_choice *choice, const struct made *made)
{
        struct ev_str type;

        return replay_choose(choice, &made->message, &type);
}

#define CUSTOMER_INGRESS "quenty.customer.ingress.v1"
#define SECRET_TYPE      "quenty.customer.UserRegistrationRequested"
#define PLAIN_TYPE       "quenty.customer.CompanyRegistrationRequested"

/* The newest schema of a type. */
static uint32_t schema_of(const char *type)
{
        const struct ev_record *record = types_newest(ev_str_of(type));

        cr_assert_not_null(record, "%s", type);
        return record->schema_id;
}

static struct replay_choice *choice_of(struct replay_choice *choice)
{
        topic_list_make(&list);
        *choice = (struct replay_choice){ .list = &list };
        return choice;
}

Test(eventctl_replay, copies_no_secret_whatever_it_is_called)
{
        struct replay_choice choice;
        struct made made;

        choice_of(&choice);
        cr_assert_eq(fate_of(&choice,
                             make(&made, CUSTOMER_INGRESS, SECRET_TYPE, schema_of(SECRET_TYPE))),
                     REPLAY_SECRET);
        cr_assert_eq(fate_of(&choice,
                             make(&made, CUSTOMER_INGRESS, PLAIN_TYPE, schema_of(SECRET_TYPE))),
                     REPLAY_SECRET, "its frame tells");
        cr_assert_eq(fate_of(&choice, make(&made, "quenty.order.ingress.v1", PLAIN_TYPE,
                                           schema_of(SECRET_TYPE))),
                     REPLAY_SECRET, "on any topic");
        cr_assert_eq(fate_of(&choice, make(&made, "elsewhere", SECRET_TYPE, 0)), REPLAY_SECRET);
        cr_assert_eq(fate_of(&choice, make(&made, CUSTOMER_INGRESS, NULL, 0)), REPLAY_SECRET,
                     "it cannot be told");
        cr_assert_eq(fate_of(&choice, make(&made, CUSTOMER_INGRESS, PLAIN_TYPE, 0)), REPLAY_SECRET);
        cr_assert_eq(fate_of(&choice, make(&made, "elsewhere", "made.up", 0)), REPLAY_SECRET);
        cr_assert_eq(fate_of(&choice, make(&made, CUSTOMER_INGRESS, PLAIN_TYPE, 1)), REPLAY_SECRET,
                     "a schema that nobody knows");
}

Test(eventctl_replay, copies_what_has_none)
{
        struct replay_choice choice;
        struct made made;

        choice_of(&choice);
        cr_assert_eq(fate_of(&choice,
                             make(&made, CUSTOMER_INGRESS, PLAIN_TYPE, schema_of(PLAIN_TYPE))),
                     REPLAY_TO_SEND);
        cr_assert_eq(fate_of(&choice, make(&made, "quenty.order.ingress.v1", "made.up", 0)),
                     REPLAY_TO_SEND, "no type of this topic has a secret");
        cr_assert_eq(fate_of(&choice, make(&made, "quenty.order.events.v1", NULL, 0)),
                     REPLAY_TO_SEND, "facts have none");
        make(&made, CUSTOMER_INGRESS, NULL, 0)->message.value = (struct ev_bytes){ 0 };
        cr_assert_eq(fate_of(&choice, &made), REPLAY_TO_SEND, "nothing is in a null");
}

Test(eventctl_replay, chooses_by_type_and_key)
{
        struct replay_choice choice;
        struct made made;

        choice_of(&choice);
        cr_assert_eq(replay_read_types("OrderAccepted,quenty.stock.StockReserved", &choice),
                     COMMAND_DONE);
        cr_assert_eq(choice.types_count, 2);
        make(&made, "quenty.order.events.v1", "quenty.order.OrderAccepted", 0);
        cr_assert_eq(fate_of(&choice, &made), REPLAY_TO_SEND);
        choice.key = EV_STR("C-1");
        cr_assert_eq(fate_of(&choice, &made), REPLAY_OTHER, "it has no key");
        made.message.key = (struct ev_bytes){ (const uint8_t *)"C-1", 3 };
        cr_assert_eq(fate_of(&choice, &made), REPLAY_TO_SEND);
        made.message.key.size = 2;
        cr_assert_eq(fate_of(&choice, &made), REPLAY_OTHER);
        choice.key = EV_STR_NULL;
        make(&made, "quenty.order.events.v1", "quenty.order.OrderConfirmed", 0);
        cr_assert_eq(fate_of(&choice, &made), REPLAY_OTHER);
        make(&made, "quenty.order.events.v1", NULL, 0);
        cr_assert_eq(fate_of(&choice, &made), REPLAY_UNREADABLE);
}

Test(eventctl_replay, refuses_types_that_have_a_secret)
{
        struct replay_choice choice;

        cr_assert_eq(replay_read_types("UserRegistrationRequested", choice_of(&choice)),
                     COMMAND_REFUSED);
        cr_assert_eq(replay_read_types("Nothing", choice_of(&choice)), COMMAND_USAGE);
        cr_assert_eq(replay_read_types("", choice_of(&choice)), COMMAND_USAGE);
}

Test(eventctl_replay, keeps_partitions_or_the_order_by_key)
{
        struct made made;

        make(&made, "elsewhere", NULL, 0)->message.partition = 5;
        made.message.key = (struct ev_bytes){ (const uint8_t *)"company-1", 9 };
        cr_assert_eq(replay_partition(&made.message, 12, 12), 5);
        /* By another implementation of murmur2 (tests/support/python/topics.py). */
        cr_assert_eq(replay_partition(&made.message, 12, 7), 6);
        made.message.key = (struct ev_bytes){ 0 };
        cr_assert_eq(replay_partition(&made.message, 12, 3), 2, "without a key all go together");
}

/* ---- What is counted, and what is there ---- */

Test(eventctl_replay, counts_by_partition_type_and_fate)
{
        struct replay_tally tally;
        size_t type, none;

        cr_assert_eq(replay_tally_init(&tally, 3), 0);
        type = replay_tally_type(&tally, EV_STR("a.B"));
        none = replay_tally_type(&tally, EV_STR_NULL);
        cr_assert_eq(replay_tally_type(&tally, EV_STR("a.B")), type);
        cr_assert_neq(none, type);
        replay_tally_add(&tally, 2, type, REPLAY_SENT, 7);
        replay_tally_add(&tally, 2, type, REPLAY_SENT, 9);
        replay_tally_add(&tally, 1, type, REPLAY_THERE, 1);
        cr_assert_eq(replay_tally_at(&tally, 2, type, REPLAY_SENT)->records, 2);
        cr_assert_eq(replay_tally_at(&tally, 2, type, REPLAY_SENT)->first, 7);
        cr_assert_eq(replay_tally_at(&tally, 2, type, REPLAY_SENT)->last, 9);
        cr_assert_eq(replay_tally_at(&tally, 2, none, REPLAY_SENT)->records, 0);
        cr_assert_eq(tally.sums[REPLAY_SENT], 2);
        cr_assert_eq(tally.sums[REPLAY_THERE], 1);
        for (int i = 0; i < 2 * REPLAY_TYPES_MAX; ++i) {
                char name[] = "type-000";

                name[5] = (char)('0' + i / 100);
                name[6] = (char)('0' + i / 10 % 10);
                name[7] = (char)('0' + i % 10);
                type = replay_tally_type(&tally, ev_str_of(name));
        }
        cr_assert_eq(type, REPLAY_TYPES_MAX - 1);
        cr_assert_str_eq(tally.types[type], "(others)");
        replay_tally_done(&tally);
}

/* A copy on the target, as this run or another one would have made it. */
static void note(struct replay_there *there, int32_t partition, const char *run, const char *of)
{
        struct made made;

        make(&made, "target", NULL, 0)->message.partition = partition;
        made.headers[made.message.headers_count++] = header(REPLAY_RUN_HEADER, "older");
        made.headers[made.message.headers_count++] = header(REPLAY_OF_HEADER, "older[0]@999");
        made.headers[made.message.headers_count++] = header(REPLAY_RUN_HEADER, run);
        made.headers[made.message.headers_count++] = header(REPLAY_OF_HEADER, of);
        made.message.headers_total = made.message.headers_count;
        replay_there_note(there, "source", "mine", &made.message);
}

Test(eventctl_replay, finds_its_own_copies_only)
{
        struct replay_there there;

        cr_assert_eq(replay_there_init(&there, 3, 2), 0);
        cr_assert_not(replay_there_has(&there, 0, 0, 0), "nothing is there");
        note(&there, 1, "mine", "source[2]@7");
        note(&there, 1, "mine", "source[2]@5");
        cr_assert(replay_there_has(&there, 2, 1, 7));
        cr_assert(replay_there_has(&there, 2, 1, 0), "what was sent before it is there too");
        cr_assert_not(replay_there_has(&there, 2, 1, 8));
        cr_assert_not(replay_there_has(&there, 2, 0, 7), "what goes elsewhere is not");
        cr_assert_not(replay_there_has(&there, 1, 1, 0));
        note(&there, 0, "another", "source[0]@9");
        note(&there, 0, "mine", "other[0]@9");
        note(&there, 0, "mine", "source[3]@9");
        note(&there, 0, "mine", "source[0]9");
        note(&there, 0, "mine", "source[0]@");
        note(&there, 0, "mine", "source[0]@9x");
        note(&there, 0, "mine", "");
        cr_assert_not(replay_there_has(&there, 0, 0, 0));
        replay_there_done(&there);
}
