/* Fuzzes flow/proof.c, note.c, checkpoint.c and leaf.c: what an auditor is handed by strangers. An input is
 * a byte that says what it is about, and more:
 *
 *      text     three bytes, and a text that is signed: it verifies if it is one that may be signed,
 *               and no more once a bit of it is turned, which the three bytes say
 *      note     that somebody has signed
 *      key      as a text, of either kind
 *      proof    of either kind
 *      tree     three bytes as above, and two: a proof of that leaf or size in our own tree
 *      leaf     as it stands in a proof, but not in base64
 *
 * Whatever it is, there is an answer, and it is never that we are in trouble. What is accepted is written
 * again as the same bytes, but for lines of a checkpoint that are others'. A proof that holds does not hold
 * once any bit of its text is turned. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fuzz/tree.h"

enum { ABOUT_TEXT, ABOUT_NOTE, ABOUT_KEY, ABOUT_PROOF, ABOUT_TREE, ABOUT_LEAF, ABOUT };

enum { TURN_BYTES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ev_digest *digest;
static struct ev_buffer text = EV_BUFFER_INIT(EV_PROOF_BYTES_MAX);
static struct ev_buffer again = EV_BUFFER_INIT(EV_PROOF_BYTES_MAX);
static struct ev_buffer leaf = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX + 4);

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s (%s)\n", what, ev_error_last()->text);
        abort();
}

/* What a stranger hands in is his fault alone, if it is one. */
static bool is_done(int r, enum ev_verdict fault)
{
        must(r >= 0 || ev_error_last()->verdict == fault, "a fault of the input");
        return r == 0;
}

/* Those that begin with these words. */
static size_t lines_of(struct ev_str str, struct ev_str words)
{
        size_t lines = 0;

        while (str.size > 0)
                lines += ev_str_starts_with(ev_str_take(&str, '\n'), words);
        return lines;
}

/* Lines of others are not kept: what is written then is less, and means the same. */
static bool try_checkpoint(struct ev_str signed_text, struct ev_checkpoint *checkpoint)
{
        struct ev_checkpoint same;
        struct ev_str written;

        if (!is_done(ev_checkpoint_parse(checkpoint, signed_text), EV_VERDICT_RECORD))
                return false;
        must(checkpoint->origin[0] && checkpoint->size <= INT64_MAX && checkpoint->last_seq >= 0,
             "numbers");
        ev_buffer_clear(&again);
        must(!ev_checkpoint_write(checkpoint, &again), "a checkpoint that was read is written");
        written = ev_buffer_str(&again);
        must(lines_of(written, EV_STR("last-seq ")) == lines_of(signed_text, EV_STR("last-seq ")),
             "one number");
        if (lines_of(written, EV_STR("")) == lines_of(signed_text, EV_STR("")))
                must(ev_str_equal(written, signed_text), "the same checkpoint");
        else
                must(written.size < signed_text.size && !ev_checkpoint_parse(&same, written) &&
                             memcmp(&same, checkpoint, sizeof(same)) == 0,
                     "a checkpoint that means the same");
        return true;
}

/* The rules of C2SP's "signed-note", said once more: no control characters, and lines of em dash, name and
 * something behind it. */
static void check_form(struct ev_str note, struct ev_str lines)
{
        for (size_t i = 0; i < note.size; ++i)
                must((unsigned char)note.data[i] >= ' ' || note.data[i] == '\n',
                     "no control character");
        must(lines_of(lines, EV_STR("")) <= EV_NOTE_SIGNATURES_MAX, "a few signatures");
        while (lines.size > 0) {
                struct ev_str line = ev_str_take(&lines, '\n');

                must(ev_str_starts_with(line, EV_STR("\xe2\x80\x94 ")), "a dash");
                line = (struct ev_str){ line.data + 4, line.size - 4 };
                must(ev_str_take(&line, ' ').size > 0 && line.size > 0, "name and signature");
        }
}

/* Ed25519 makes one signature of a text, so the line that signing makes must be there. */
static bool try_note(struct ev_str note, struct ev_str *ret_text)
{
        struct ev_str signed_text, lines;
        int r = ev_note_verify(note, fuzz_key(), &signed_text);

        must(r <= 0 || r == EV_NOTE_UNSIGNED || r == EV_NOTE_FORGED, "a condition");
        if (!is_done(r, EV_VERDICT_RECORD))
                return false;
        must(signed_text.data == note.data && signed_text.size < note.size &&
                     note.data[signed_text.size] == '\n',
             "a text above a blank line");
        lines = (struct ev_str){ note.data + signed_text.size + 1,
                                 note.size - signed_text.size - 1 };
        check_form(note, lines);
        ev_buffer_clear(&again);
        must(!ev_buffer_append_str(&again, signed_text) && !ev_note_sign(&again, fuzz_key()),
             "a text that is signed again");
        must(memmem(lines.data, lines.size, again.data + signed_text.size + 1,
                    again.size - signed_text.size - 1),
             "the same signature");
        *ret_text = signed_text;
        return true;
}

static bool try_signed(struct ev_str note, struct ev_checkpoint *checkpoint)
{
        struct ev_str signed_text;

        return try_note(note, &signed_text) && try_checkpoint(signed_text, checkpoint);
}

static void turn(const uint8_t *where, struct ev_buffer *buffer)
{
        size_t bit = ((size_t)where[0] | (size_t)where[1] << 8 | (size_t)where[2] << 16) %
                     (8 * buffer->size);

        buffer->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

static void try_text(const uint8_t *data, size_t size)
{
        struct ev_checkpoint checkpoint;
        struct ev_str signed_text;

        if (size <= TURN_BYTES || data[size - 1] != '\n')
                return;
        ev_buffer_clear(&text);
        must(!ev_buffer_append(&text, data + TURN_BYTES, size - TURN_BYTES) &&
                     !ev_note_sign(&text, fuzz_key()),
             "a text that is signed");
        if (!try_note(ev_buffer_str(&text), &signed_text))
                return;
        must(signed_text.size == size - TURN_BYTES, "the whole text");
        try_checkpoint(signed_text, &checkpoint);
        turn(data, &text);
        must(!try_note(ev_buffer_str(&text), &signed_text), "no signature of another text");
}

static void try_key(struct ev_str str)
{
        char chars[EV_NOTE_KEY_TEXT_MAX];
        struct ev_note_key key, same;

        if (!is_done(ev_note_key_parse(&key, str), EV_VERDICT_STOP))
                return;
        if (ev_str_starts_with(str, EV_STR("PRIVATE")))
                ev_note_key_private_text(&key, chars);
        else
                ev_note_key_public_text(&key, chars);
        /* Only the digits of its hash may be of either case, and a newline may follow. */
        must(strlen(chars) <= str.size && str.size <= strlen(chars) + 1 &&
                     strncasecmp(chars, str.data, strlen(chars)) == 0,
             "the same key");
        must(!ev_note_key_parse(&same, ev_str_of(chars)) && memcmp(&key, &same, sizeof(key)) == 0,
             "a key that is read again");
        must(!ev_note_key_new(&same, ev_str_of(key.name)), "another key of that name");
}

static void try_leaf(struct ev_bytes bytes)
{
        struct ev_merkle_hash hash, same;
        struct ev_leaf row;

        if (!is_done(ev_leaf_parse(&row, bytes), EV_VERDICT_RECORD))
                return;
        ev_buffer_clear(&again);
        must(!ev_leaf_write(&row, &again), "a leaf that was read is written");
        must(again.size == bytes.size && memcmp(again.data, bytes.data, bytes.size) == 0,
             "the same leaf");
        must(!ev_leaf_hash(&row, digest, &again, &hash) &&
                     !ev_merkle_leaf(digest, bytes.data, bytes.size, &same) &&
                     ev_merkle_equal(&hash, &same),
             "the hash of its bytes");
}

static bool try_hashes(const struct ev_proof *proof, const struct ev_checkpoint *old,
                       const struct ev_checkpoint *new)
{
        struct ev_merkle_hash hash;

        if (proof->kind == EV_PROOF_CONSISTENCY)
                return old->size > 0 &&
                       ev_merkle_verify_growth(digest, old->size, &old->root, new->size, &new->root,
                                               &proof->hashes) == 0;
        must(!ev_merkle_leaf(digest, proof->leaf.data, proof->leaf.size, &hash), "a hash");
        return ev_merkle_verify_leaf(digest, &hash, proof->index, new->size, &proof->hashes,
                                     &new->root) == 0;
}

/* Whether it holds; the order is that of eventctl. */
static bool try_proof(struct ev_str str)
{
        struct ev_checkpoint old = { 0 }, new;
        struct ev_proof proof;

        if (!is_done(ev_proof_parse(&proof, str, &leaf), EV_VERDICT_RECORD))
                return false;
        must(proof.index <= INT64_MAX && proof.leaf.size <= str.size, "bounded parts");
        must(proof.leaf.size > 0 || proof.kind == EV_PROOF_CONSISTENCY, "a leaf");
        ev_buffer_clear(&again);
        must(!ev_proof_write(&proof, &again), "a proof that was read is written");
        must(ev_str_equal(ev_buffer_str(&again), str), "the same proof");
        if (proof.kind == EV_PROOF_INCLUSION)
                try_leaf(proof.leaf);
        if (!try_signed(proof.note, &new))
                return false;
        if (proof.kind == EV_PROOF_CONSISTENCY && !try_signed(proof.old_note, &old))
                return false;
        return try_hashes(&proof, &old, &new);
}

static void try_tree(const uint8_t *data, size_t size)
{
        uint64_t leaves, other;

        if (size < TURN_BYTES + 2)
                return;
        leaves = 1 + data[TURN_BYTES] % FUZZ_TREE_MAX;
        other = data[TURN_BYTES + 1] / 2 % leaves;
        ev_buffer_clear(&text);
        if (data[TURN_BYTES + 1] & 1)
                fuzz_write_inclusion(other, leaves, &text);
        else
                fuzz_write_consistency(other + 1, leaves, &text);
        must(try_proof(ev_buffer_str(&text)), "a proof that holds");
        turn(data, &text);
        must(!try_proof(ev_buffer_str(&text)), "a proof that does not hold");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct ev_checkpoint checkpoint;
        struct ev_str rest;

        if (size == 0)
                return 0;
        rest = (struct ev_str){ (const char *)data + 1, size - 1 };
        if (!digest)
                must(!ev_digest_new(&digest), "a digest");
        switch (data[0] % ABOUT) {
        case ABOUT_TEXT: try_text(data + 1, size - 1); break;
        case ABOUT_NOTE: try_signed(rest, &checkpoint); break;
        case ABOUT_KEY: try_key(rest); break;
        case ABOUT_PROOF: try_proof(rest); break;
        case ABOUT_TREE: try_tree(data + 1, size - 1); break;
        case ABOUT_LEAF: try_leaf((struct ev_bytes){ data + 1, size - 1 }); break;
        }
        return 0;
}
