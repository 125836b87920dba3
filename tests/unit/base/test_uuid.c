#include "support/unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/uuid.h"

UNIT_SUITE(uuid);

static int64_t milliseconds_of(const struct ev_uuid *uuid)
{
        int64_t ms = 0;

        for (int i = 0; i < 6; ++i)
                ms = ms << 8 | uuid->bytes[i];
        return ms;
}

Test(uuid, an_id_has_time_version_and_variant)
{
        struct ev_uuid_generator generator = { 0 };
        struct ev_uuid uuid;

        /* The time of RFC 9562's example, appendix A.6. */
        cr_assert_eq(ev_uuid_generate(&generator, INT64_C(0x017F22E279B0) * 1000, &uuid), 0);
        cr_assert_eq(milliseconds_of(&uuid), INT64_C(0x017F22E279B0));
        cr_assert_eq(uuid.bytes[6] >> 4, 7);
        cr_assert_eq(uuid.bytes[8] >> 6, 2);
}

Test(uuid, ids_grow_while_the_clock_stands_still)
{
        struct ev_uuid_generator generator = { 0 };
        struct ev_uuid before, uuid;
        const int64_t now = INT64_C(1700000000000000);

        cr_assert_eq(ev_uuid_generate(&generator, now, &before), 0);
        for (int i = 0; i < 100000; ++i) {
                cr_assert_eq(ev_uuid_generate(&generator, now, &uuid), 0);
                cr_assert_lt(ev_uuid_compare(&before, &uuid), 0, "id %d", i);
                cr_assert_eq(uuid.bytes[6] >> 4, 7);
                cr_assert_eq(uuid.bytes[8] >> 6, 2);
                before = uuid;
        }
        /* A full counter lets the time run ahead, by a millisecond for 2048 ids at least. */
        cr_assert_leq(milliseconds_of(&uuid), now / 1000 + 100000 / 2048 + 1);
        cr_assert_gt(milliseconds_of(&uuid), now / 1000);
}

Test(uuid, ids_grow_when_the_clock_goes_back)
{
        struct ev_uuid_generator generator = { 0 };
        struct ev_uuid before, uuid;
        const int64_t now = INT64_C(1700000000000000);

        cr_assert_eq(ev_uuid_generate(&generator, now, &before), 0);
        cr_assert_eq(ev_uuid_generate(&generator, now - EV_MICROS_PER_HOUR, &uuid), 0);
        cr_assert_lt(ev_uuid_compare(&before, &uuid), 0);
        cr_assert_eq(ev_uuid_generate(&generator, now + EV_MICROS_PER_MS, &before), 0);
        cr_assert_lt(ev_uuid_compare(&uuid, &before), 0);
        cr_assert_eq(milliseconds_of(&before), now / 1000 + 1);
}

Test(uuid, random_bits_are_never_used_twice)
{
        enum { COUNT = 2000 }; /* several pools */
        static struct ev_uuid uuids[COUNT];
        struct ev_uuid_generator generator = { 0 };

        for (int i = 0; i < COUNT; ++i)
                cr_assert_eq(ev_uuid_generate(&generator, 1000 * i, &uuids[i]), 0);
        for (int i = 0; i < COUNT; ++i)
                for (int k = 0; k < i; ++k)
                        cr_assert_neq(memcmp(uuids[i].bytes + 9, uuids[k].bytes + 9, 7), 0);
}

Test(uuid, the_present_time_is_in_the_next_id)
{
        int64_t now = ev_clock_real_micros();
        struct ev_uuid a, b;

        cr_assert_eq(ev_uuid_next(&a), 0);
        cr_assert_eq(ev_uuid_next(&b), 0);
        cr_assert_lt(ev_uuid_compare(&a, &b), 0);
        cr_assert_geq(milliseconds_of(&a), now / 1000);
        cr_assert_leq(milliseconds_of(&a), now / 1000 + 60000);
}

Test(uuid, a_forked_child_has_its_own_random_bits)
{
        struct ev_uuid mine, its;
        int pipe_ends[2], status;
        pid_t child;

        cr_assert_eq(ev_uuid_next(&mine), 0);
        cr_assert_eq(pipe(pipe_ends), 0);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
                bool done = ev_uuid_next(&its) == 0 &&
                            write(pipe_ends[1], &its, sizeof(its)) == (ssize_t)sizeof(its);
                _exit(done ? 0 : 1);
        }
        cr_assert_eq(read(pipe_ends[0], &its, sizeof(its)), sizeof(its));
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
        cr_assert_eq(ev_uuid_next(&mine), 0);
        cr_assert_neq(memcmp(mine.bytes + 9, its.bytes + 9, 7), 0);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
}

Test(uuid, texts_are_read_and_written)
{
        char text[EV_UUID_TEXT_MAX];
        struct ev_uuid uuid;

        /* RFC 9562, appendix A.6. */
        cr_assert(ev_uuid_parse(EV_STR("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &uuid));
        cr_assert_eq(milliseconds_of(&uuid), INT64_C(0x017F22E279B0));
        cr_assert_eq(uuid.bytes[15], 0x8f);
        cr_assert_eq(ev_uuid_format(&uuid, text), EV_UUID_TEXT_SIZE);
        cr_assert_str_eq(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

Test(uuid, what_is_no_uuid_is_refused)
{
        static const char *const texts[] = {
                "",
                "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
                "017f22e279b07cc398c4dc0c0c07398f",
                "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                "017f22e2-79b0-7cc3-98c4+dc0c0c07398f",
                "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
                "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
                "017f22e2-79b0-7cc3-98c4-dc0c0c0739 f",
        };
        struct ev_uuid uuid;

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                cr_assert_not(ev_uuid_parse(ev_str_of(texts[i]), &uuid), "%s", texts[i]);
        cr_assert_not(ev_uuid_parse(EV_STR_NULL, &uuid));
}
