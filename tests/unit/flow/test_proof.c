/* Texts of proofs: what is written is read, and nothing else. */

#include "flow/proof.h"

#include <string.h>

#include "support/unit.h"

UNIT_SUITE(proof);

enum { TEXT_MAX = 1024 * 1024 };

static const char old_note[] = "quenty/order_db\n3\nroot\n\n\xe2\x80\x94 a QUFB\n";
static const char new_note[] = "quenty/order_db\n7\nroot\n\n\xe2\x80\x94 a QUJB\n";

static struct ev_proof some_proof(enum ev_proof_kind kind)
{
        struct ev_proof proof = { .kind = kind, .note = ev_str_of(new_note) };

        if (kind == EV_PROOF_INCLUSION) {
                proof.leaf = (struct ev_bytes){ (const uint8_t *)"a leaf", 6 };
                proof.index = 5;
        } else {
                proof.old_note = ev_str_of(old_note);
        }
        proof.hashes.count = 3;
        for (size_t i = 0; i < proof.hashes.count; ++i)
                memset(proof.hashes.hashes[i].bytes, (int)i, EV_DIGEST_BYTES);
        return proof;
}

#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define ONES  "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
#define TWOS  "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"

static const char *const texts[] = {
        "c2sp.org/tlog-proof@v1\nextra YSBsZWFm\nindex 5\n" ZEROS ONES TWOS
        "\nquenty/order_db\n7\nroot\n\n\xe2\x80\x94 a QUJB\n",
        "quenty/tlog-consistency@v1\n" ZEROS ONES TWOS
        "\nquenty/order_db\n3\nroot\n\n\xe2\x80\x94 a QUFB\n"
        "\nquenty/order_db\n7\nroot\n\n\xe2\x80\x94 a QUJB\n",
};

Test(proof, what_is_written_is_read)
{
        for (enum ev_proof_kind kind = EV_PROOF_INCLUSION; kind <= EV_PROOF_CONSISTENCY; ++kind) {
                _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(TEXT_MAX), leaf = text;
                struct ev_proof proof = some_proof(kind), found;

                cr_assert_eq(ev_proof_write(&proof, &text), 0);
                cr_assert(ev_str_equal(ev_buffer_str(&text), ev_str_of(texts[kind])));
                cr_assert_eq(ev_proof_parse(&found, ev_buffer_str(&text), &leaf), 0);
                cr_assert_eq(found.kind, kind);
                cr_assert_eq(found.index, proof.index);
                cr_assert_eq(found.hashes.count, 3);
                cr_assert(ev_merkle_equal(&found.hashes.hashes[2], &proof.hashes.hashes[2]));
                cr_assert(ev_str_equal(found.note, proof.note));
                cr_assert(ev_str_equal(found.old_note, proof.old_note));
                cr_assert_eq(found.leaf.size, proof.leaf.size);
        }
}

Test(proof, one_without_hashes_is_of_a_single_leaf)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(TEXT_MAX), leaf = text;
        struct ev_proof proof = some_proof(EV_PROOF_INCLUSION), found;

        proof.hashes.count = 0;
        cr_assert_eq(ev_proof_write(&proof, &text), 0);
        cr_assert_eq(ev_proof_parse(&found, ev_buffer_str(&text), &leaf), 0);
        cr_assert_eq(found.hashes.count, 0);
}

Test(proof, what_is_no_proof_is_refused)
{
        static const char *const others[] = {
                "",
                "\n",
                "c2sp.org/tlog-proof@v2\nextra YQ==\nindex 0\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ\nindex 0\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex -1\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 00\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 9223372036854775808\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\nAAAA\n\nnote\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n" ZEROS,
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n" ZEROS "\n",
                "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n" ZEROS "\nnote",
                "quenty/tlog-consistency@v1\n" ZEROS "\na\n\nb\n\nc\n\nd",
                "quenty/tlog-consistency@v1\n" ZEROS "\na\n\nb\n",
                "quenty/tlog-consistency@v1\n" ZEROS "\na\n\nb\n\n",
                "quenty/tlog-consistency@v1\n" ZEROS,
        };
        _cleanup_buffer_ struct ev_buffer leaf = EV_BUFFER_INIT(TEXT_MAX);
        struct ev_proof found;

        for (size_t i = 0; i < EV_ARRAY_SIZE(others); ++i)
                cr_assert_lt(ev_proof_parse(&found, ev_str_of(others[i]), &leaf), 0, "%s",
                             others[i]);
}

Test(proof, hashes_without_end_are_refused)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(TEXT_MAX), leaf = text;
        struct ev_proof found;

        cr_assert_eq(ev_buffer_append_str(&text, EV_STR("quenty/tlog-consistency@v1\n")), 0);
        for (size_t i = 0; i <= EV_MERKLE_PROOF_MAX; ++i)
                cr_assert_eq(ev_buffer_append_str(&text, EV_STR(ZEROS)), 0);
        cr_assert_eq(ev_buffer_append_str(&text, EV_STR("\na\n\nb\n\nc\n")), 0);
        cr_assert_lt(ev_proof_parse(&found, ev_buffer_str(&text), &leaf), 0);
}
