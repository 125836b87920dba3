#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/signature.h"

UNIT_SUITE(signature);

/* RFC 8032, section 7.1, tests 1 to 3. */
static const struct {
        const char *private_key, *public_key, *message, *signature;
} cases[] = {
        { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
          "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
        { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
        { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
          "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
          "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
          "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static size_t from_hex(const char *text, uint8_t *bytes)
{
        size_t size = strlen(text) / 2;

        for (size_t i = 0; i < size; ++i) {
                const char digits[] = { text[2 * i], text[2 * i + 1], '\0' };

                bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        return size;
}

struct bytes {
        uint8_t private_key[EV_SIGNATURE_KEY_BYTES], public_key[EV_SIGNATURE_KEY_BYTES];
        uint8_t message[2], signature[EV_SIGNATURE_BYTES];
        size_t size;
};

static struct bytes bytes_of(size_t i)
{
        struct bytes bytes;

        from_hex(cases[i].private_key, bytes.private_key);
        from_hex(cases[i].public_key, bytes.public_key);
        from_hex(cases[i].signature, bytes.signature);
        bytes.size = from_hex(cases[i].message, bytes.message);
        return bytes;
}

Test(signature, keys_and_signatures_are_those_of_the_standard)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                uint8_t key[EV_SIGNATURE_KEY_BYTES], signature[EV_SIGNATURE_BYTES];
                struct bytes bytes = bytes_of(i);

                cr_assert_eq(ev_signature_public(bytes.private_key, key), 0);
                cr_assert_eq(memcmp(key, bytes.public_key, sizeof(key)), 0);
                cr_assert_eq(ev_signature_make(bytes.private_key, bytes.message, bytes.size,
                                               signature),
                             0);
                cr_assert_eq(memcmp(signature, bytes.signature, sizeof(signature)), 0);
                cr_assert_eq(ev_signature_verify(key, bytes.message, bytes.size, signature), 0);
        }
}

/* One bit of the message, the signature or the key. */
Test(signature, what_was_changed_does_not_verify)
{
        struct bytes bytes = bytes_of(2);

        for (size_t i = 0; i < 8 * EV_SIGNATURE_BYTES; ++i) {
                uint8_t bit = (uint8_t)(1 << i % 8);

                bytes.signature[i / 8] ^= bit;
                cr_assert_eq(ev_signature_verify(bytes.public_key, bytes.message, bytes.size,
                                                 bytes.signature),
                             EV_SIGNATURE_WRONG);
                bytes.signature[i / 8] ^= bit;
        }
        bytes.message[1] ^= 1;
        cr_assert_eq(ev_signature_verify(bytes.public_key, bytes.message, bytes.size,
                                         bytes.signature),
                     EV_SIGNATURE_WRONG);
        bytes.message[1] ^= 1;
        bytes.public_key[3] ^= 1;
        cr_assert_eq(ev_signature_verify(bytes.public_key, bytes.message, bytes.size,
                                         bytes.signature),
                     EV_SIGNATURE_WRONG);
}

Test(signature, new_keys_differ_and_sign)
{
        uint8_t keys[2][EV_SIGNATURE_KEY_BYTES], public_key[EV_SIGNATURE_KEY_BYTES];
        uint8_t signature[EV_SIGNATURE_BYTES];

        for (size_t i = 0; i < 2; ++i) {
                cr_assert_eq(ev_signature_new_key(keys[i]), 0);
                cr_assert_eq(ev_signature_public(keys[i], public_key), 0);
                cr_assert_eq(ev_signature_make(keys[i], "x", 1, signature), 0);
                cr_assert_eq(ev_signature_verify(public_key, "x", 1, signature), 0);
        }
        cr_assert_neq(memcmp(keys[0], keys[1], sizeof(keys[0])), 0);
}
