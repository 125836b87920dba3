#include "support/unit.h"

#include <string.h>

#include "base/digest.h"

UNIT_SUITE(digest);

/* NIST's examples for SHA-256 (csrc.nist.gov, Cryptographic Standards and Guidelines), and of
 * nothing. */
static const struct {
        const char *message;
        const char *hash;
} cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

Test(digest, hashes_are_those_of_the_standard)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                uint8_t hash[EV_DIGEST_BYTES];
                char text[EV_DIGEST_TEXT_MAX];

                cr_assert_eq(ev_digest_once(cases[i].message, strlen(cases[i].message), hash), 0);
                cr_assert_eq(ev_digest_format(hash, text), 64);
                cr_assert_str_eq(text, cases[i].hash);
        }
}

Test(digest, pieces_and_one_object_give_the_same_hashes)
{
        _cleanup_(ev_digest_free_p) struct ev_digest *digest = NULL;

        cr_assert_eq(ev_digest_new(&digest), 0);
        for (int round = 0; round < 100; ++round) {
                const char *message = cases[(size_t)round % EV_ARRAY_SIZE(cases)].message;
                uint8_t hash[EV_DIGEST_BYTES];
                char text[EV_DIGEST_TEXT_MAX];

                ev_digest_begin(digest);
                for (const char *c = message; *c; ++c)
                        ev_digest_add(digest, c, 1);
                ev_digest_add(digest, NULL, 0);
                cr_assert_eq(ev_digest_end(digest, hash), 0);
                ev_digest_format(hash, text);
                cr_assert_str_eq(text, cases[(size_t)round % EV_ARRAY_SIZE(cases)].hash);
        }
}

Test(digest, a_hash_begun_anew_forgets_what_was_added)
{
        _cleanup_(ev_digest_free_p) struct ev_digest *digest = NULL;
        uint8_t hash[EV_DIGEST_BYTES];
        char text[EV_DIGEST_TEXT_MAX];

        cr_assert_eq(ev_digest_new(&digest), 0);
        ev_digest_begin(digest);
        ev_digest_add(digest, "other", 5);
        ev_digest_begin(digest);
        ev_digest_add(digest, "abc", 3);
        cr_assert_eq(ev_digest_end(digest, hash), 0);
        ev_digest_format(hash, text);
        cr_assert_str_eq(text, cases[1].hash);
}
