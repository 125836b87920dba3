/* Texts of proofs. Written and read only: whether one is right is the caller's question, who has the key.
 * A text comes from a stranger, so every part of it is bounded.
 *
 * Guarantee: what ev_proof_write() writes ev_proof_parse() reads as it was, and a text has one reading: none
 * of its lines is passed over, and none may be spelled in another way. Nothing is stored here. */

#include "flow/proof.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"

/* The first lines; a later form of either would have another one. */
#define INCLUSION   "c2sp.org/tlog-proof@v1"
#define CONSISTENCY "quenty/tlog-consistency@v1"

/* ---- Writing ---- */

/* One a line, from the leaf up: RFC 6962 gives the order, C2SP the spelling. */
static int write_hashes(const struct ev_merkle_proof *proof, struct ev_buffer *text)
{
        char chars[EV_BASE64_CHARS(EV_DIGEST_BYTES) + 1];
        int r = 0;

        assert(proof->count <= EV_MERKLE_PROOF_MAX);

        for (size_t i = 0; r == 0 && i < proof->count; ++i) {
                ev_base64_encode(proof->hashes[i].bytes, EV_DIGEST_BYTES, chars);
                r = ev_buffer_printf(text, "%s\n", chars);
        }
        return ev_trace(r);
}

/* Encoded in place: a leaf may have a megabyte, and a second buffer for its base64 would say
 * nothing that this one does not. */
static int write_leaf(struct ev_bytes leaf, struct ev_buffer *text)
{
        size_t chars = EV_BASE64_CHARS(leaf.size);
        int r = ev_buffer_append_str(text, EV_STR("extra "));

        assert(leaf.size <= EV_LEAF_BYTES_MAX);

        if (r == 0)
                r = ev_buffer_reserve(text, chars + 1); /* and the NUL */
        if (r < 0)
                return ev_trace(r);
        text->size += ev_base64_encode(leaf.data, leaf.size, (char *)text->data + text->size);
        return ev_trace(ev_buffer_append_str(text, EV_STR("\n")));
}

/* As it was signed, byte for byte; the blank line is what a reader finds it by. */
static int write_note(struct ev_str note, struct ev_buffer *text)
{
        int r = ev_buffer_append_str(text, EV_STR("\n"));

        assert(note.size > 0 && note.data[note.size - 1] == '\n');

        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append_str(text, note));
}

/* The first line names kind and version of the whole text. C2SP allows `extra` to be left out and
 * tells nobody to trust it: here it is the leaf, whose hash the proof is about, so what was
 * changed in it is found with everything else. */
static int write_head(const struct ev_proof *proof, struct ev_buffer *text)
{
        int r;

        assert(text);

        if (proof->kind == EV_PROOF_CONSISTENCY)
                return ev_trace(ev_buffer_append_str(text, EV_STR(CONSISTENCY "\n")));
        r = ev_buffer_append_str(text, EV_STR(INCLUSION "\n"));
        if (r == 0)
                r = write_leaf(proof->leaf, text);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(text, "index %" PRIu64 "\n", proof->index));
}

/* Head, hashes, notes, in both kinds. What was appended before a failure stays in the buffer, as with every
 * writer here: the caller shows nothing then. */
int ev_proof_write(const struct ev_proof *proof, struct ev_buffer *text)
{
        int r = write_head(proof, text);

        assert(proof->index <= INT64_MAX);

        if (r == 0)
                r = write_hashes(&proof->hashes, text);
        if (r == 0 && proof->kind == EV_PROOF_CONSISTENCY)
                r = write_note(proof->old_note, text);
        return r < 0 ? ev_trace(r) : ev_trace(write_note(proof->note, text));
}

/* ---- Reading ---- */

/* The record's fault: that a text is no proof is an answer to who has asked, and no trouble of
 * ours. */
static int fail(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_RECORD, "not a proof: %s", what);
}

/* Takes a line that begins with these words, and gives the rest of it. One that begins otherwise is
 * taken as well; the caller gives up then. */
static bool take_line(struct ev_str *text, struct ev_str words, struct ev_str *ret_rest)
{
        struct ev_str line = ev_str_take(text, '\n');

        assert(ret_rest);

        if (ev_str_is_null(line) || !ev_str_starts_with(line, words))
                return false;
        *ret_rest = (struct ev_str){ line.data + words.size, line.size - words.size };
        return true;
}

/* Into memory of the caller's, who keeps it for as long as the slices that ev_leaf_parse() makes
 * of it. C2SP leaves the line out where nothing stands in it. One byte more is asked for: characters that are
 * too few for a byte would find no memory at all. */
static int parse_leaf(struct ev_str chars, struct ev_buffer *leaf, struct ev_bytes *ret_leaf)
{
        size_t size;
        int r;

        assert(ret_leaf);

        if (chars.size == 0 || chars.size > EV_PROOF_LEAF_CHARS_MAX)
                return fail("its leaf is empty, or too long");
        ev_buffer_clear(leaf);
        r = ev_buffer_reserve(leaf, EV_BASE64_BYTES(chars.size) + 1);
        if (r < 0)
                return ev_trace(r);
        if (!ev_base64_decode(chars, leaf->data, &size))
                return fail("its leaf is no base64");
        leaf->size = size;
        *ret_leaf = (struct ev_bytes){ leaf->data, size };
        return 0;
}

/* A number has one spelling, and so a proof has one text: what is compared byte by byte somewhere is
 * not told twice. */
static bool parse_index(struct ev_str line, uint64_t *ret_index)
{
        int64_t index;

        assert(ret_index);

        if (!ev_str_to_int64(line, &index) || (line.data[0] == '0' && line.size > 1))
                return false;
        *ret_index = (uint64_t)index;
        return true;
}

/* Of one length and one spelling: ev_base64_decode() takes no second one. */
static bool parse_hash(struct ev_str line, struct ev_merkle_hash *ret_hash)
{
        uint8_t bytes[EV_BASE64_BYTES(EV_BASE64_CHARS(EV_DIGEST_BYTES))];
        size_t size;

        assert(ret_hash);

        if (line.size != EV_BASE64_CHARS(EV_DIGEST_BYTES) ||
            !ev_base64_decode(line, bytes, &size) || size != EV_DIGEST_BYTES)
                return false;
        memcpy(ret_hash->bytes, bytes, EV_DIGEST_BYTES);
        return true;
}

/* Up to the blank line, which is taken too. How many there have to be follows from index and size; here
 * only as many as the largest tree could need are taken in. */
static int parse_hashes(struct ev_str *text, struct ev_merkle_proof *proof)
{
        struct ev_str line;

        assert(proof->count == 0);

        for (;;) {
                line = ev_str_take(text, '\n');
                if (ev_str_is_null(line))
                        return fail("no checkpoint stands in it");
                if (line.size == 0)
                        return 0;
                if (proof->count == EV_MERKLE_PROOF_MAX)
                        return fail("it has too many hashes");
                if (!parse_hash(line, &proof->hashes[proof->count]))
                        return fail("a line above its checkpoint is no hash");
                ++proof->count;
        }
}

/* The first of two notes ends at the second blank line: lines of a checkpoint are not empty, so its
 * only one stands above its signatures. */
static bool part_notes(struct ev_str text, struct ev_str *ret_first, struct ev_str *ret_second)
{
        size_t blank_lines = 0;

        assert(ret_first && ret_second);

        for (size_t i = 1; i < text.size; ++i) {
                if (text.data[i] != '\n' || text.data[i - 1] != '\n' || ++blank_lines < 2)
                        continue;
                *ret_first = (struct ev_str){ text.data, i };
                *ret_second = (struct ev_str){ text.data + i + 1, text.size - i - 1 };
                return ret_second->size > 0;
        }
        return false;
}

/* A note's lines all end, also the last one. Of an older note the blank line behind it makes sure. */
static bool is_whole(struct ev_str note)
{
        assert(note.data || note.size == 0);

        return note.size > 0 && note.data[note.size - 1] == '\n';
}

/* Everything between the first line and the notes has a bound of its own, and the text has one
 * before. */
int ev_proof_parse(struct ev_proof *ret_proof, struct ev_str text, struct ev_buffer *leaf)
{
        struct ev_proof proof = { 0 };
        struct ev_str head, line;
        int r;

        assert(ret_proof);

        if (text.size > EV_PROOF_BYTES_MAX || !ev_str_is_text(text))
                return fail("it is too long, or no text");
        head = ev_str_take(&text, '\n');
        if (ev_str_equal(head, EV_STR(CONSISTENCY)))
                proof.kind = EV_PROOF_CONSISTENCY;
        else if (!ev_str_equal(head, EV_STR(INCLUSION)))
                return fail("its first line is neither " INCLUSION " nor " CONSISTENCY);
        if (proof.kind == EV_PROOF_INCLUSION) {
                if (!take_line(&text, EV_STR("extra "), &line))
                        return fail("its second line is no leaf");
                r = parse_leaf(line, leaf, &proof.leaf);
                if (r < 0)
                        return ev_trace(r);
                if (!take_line(&text, EV_STR("index "), &line) || !parse_index(line, &proof.index))
                        return fail("its third line is no index");
        }
        r = parse_hashes(&text, &proof.hashes);
        if (r < 0)
                return ev_trace(r);
        proof.note = text;
        if (proof.kind == EV_PROOF_CONSISTENCY && !part_notes(text, &proof.old_note, &proof.note))
                return fail("two checkpoints do not stand in it");
        if (!is_whole(proof.note))
                return fail("its checkpoint is cut off");
        *ret_proof = proof;
        return 0;
}
