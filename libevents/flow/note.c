/* Signed notes by C2SP's "signed-note".
 *
 * Guarantee: a text that ev_note_verify() returns is, byte for byte, one that the key's owner has
 * signed. Nothing of a note is trusted before; its sizes are bounded. Nothing is stored. */

#include "flow/note.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/error.h"

#define DASH    "\xe2\x80\x94 " /* an em dash and a blank begin the line of a signature */
#define PRIVATE "PRIVATE+KEY+"

enum {
        ED25519 = 0x01, /* the algorithm, before a key and in its hash */
        HASH_BYTES = 4,
        HASH_CHARS = 2 * HASH_BYTES,
        TYPED_KEY_BYTES = 1 + EV_SIGNATURE_KEY_BYTES,
        LINE_BYTES = HASH_BYTES + EV_SIGNATURE_BYTES, /* of the base64 in a signature's line */
};

static void put_hash(uint32_t hash, uint8_t *bytes)
{
        assert(bytes);

        for (size_t i = 0; i < HASH_BYTES; ++i)
                bytes[i] = (uint8_t)(hash >> 8 * (HASH_BYTES - 1 - i));
}

static uint32_t get_hash(const uint8_t *bytes)
{
        uint32_t hash = 0;

        assert(bytes);

        for (size_t i = 0; i < HASH_BYTES; ++i)
                hash = hash << 8 | bytes[i];
        return hash;
}

/* The first bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public key). */
static int make_hash(struct ev_note_key *key)
{
        _cleanup_(ev_digest_free_p) struct ev_digest *digest = NULL;
        static const uint8_t algorithm = ED25519;
        uint8_t hash[EV_DIGEST_BYTES];
        int r = ev_digest_new(&digest);

        assert(key->name[0]);

        if (r < 0)
                return ev_trace(r);
        ev_digest_begin(digest);
        ev_digest_add(digest, key->name, strlen(key->name));
        ev_digest_add(digest, "\n", 1);
        ev_digest_add(digest, &algorithm, sizeof(algorithm));
        ev_digest_add(digest, key->public_key, sizeof(key->public_key));
        r = ev_digest_end(digest, hash);
        if (r < 0)
                return ev_trace(r);
        key->hash = get_hash(hash);
        return 0;
}

static int set_name(struct ev_note_key *key, struct ev_str name)
{
        assert(key);

        for (size_t i = 0; i < name.size; ++i)
                if ((unsigned char)name.data[i] <= ' ' || name.data[i] == '+' ||
                    (unsigned char)name.data[i] >= 0x7f)
                        return ev_fail(
                                EV_VERDICT_STOP,
                                "the name of a key has neither blanks nor '+', and is ASCII");
        if (name.size == 0 || !ev_str_copy(name, key->name, sizeof(key->name)))
                return ev_fail(EV_VERDICT_STOP, "the name of a key has 1 to %d bytes",
                               EV_NOTE_NAME_MAX - 1);
        return 0;
}

int ev_note_key_new(struct ev_note_key *ret_key, struct ev_str name)
{
        struct ev_note_key key = { 0 };
        int r = set_name(&key, name);

        assert(ret_key);

        if (r == 0)
                r = ev_signature_new_key(key.private_key);
        if (r == 0)
                r = ev_signature_public(key.private_key, key.public_key);
        if (r == 0)
                r = make_hash(&key);
        if (r < 0)
                return ev_trace(r);
        *ret_key = key;
        return 0;
}

/* ---- Keys as texts ---- */

static int fail_key(void)
{
        return ev_fail(
                EV_VERDICT_STOP,
                "not a key: a public one is name+hash+base64, a private one begins with " PRIVATE);
}

/* Eight digits of either case. */
static bool parse_hash(struct ev_str text, uint32_t *ret_hash)
{
        char copy[HASH_CHARS + 1];

        assert(ret_hash);

        if (text.size != HASH_CHARS || !ev_str_copy(text, copy, sizeof(copy)) ||
            strspn(copy, "0123456789abcdefABCDEF") != HASH_CHARS)
                return false;
        *ret_hash = (uint32_t)strtoul(copy, NULL, 16);
        return true;
}

/* The algorithm and the key; the key goes to `ret_bytes`. */
static bool parse_bytes(struct ev_str text, uint8_t ret_bytes[EV_SIGNATURE_KEY_BYTES])
{
        uint8_t bytes[EV_BASE64_BYTES(EV_BASE64_CHARS(TYPED_KEY_BYTES))];
        size_t size;

        assert(ret_bytes);

        if (text.size != EV_BASE64_CHARS(TYPED_KEY_BYTES) ||
            !ev_base64_decode(text, bytes, &size) || size != TYPED_KEY_BYTES || bytes[0] != ED25519)
                return false;
        memcpy(ret_bytes, bytes + 1, EV_SIGNATURE_KEY_BYTES);
        return true;
}

int ev_note_key_parse(struct ev_note_key *ret_key, struct ev_str text)
{
        bool is_private = ev_str_starts_with(text, EV_STR(PRIVATE));
        struct ev_note_key key = { 0 };
        struct ev_str name, hash;
        uint32_t said;
        int r;

        assert(ret_key);

        if (text.size > 0 && text.data[text.size - 1] == '\n')
                --text.size;
        if (is_private)
                text = (struct ev_str){ text.data + strlen(PRIVATE), text.size - strlen(PRIVATE) };
        name = ev_str_take(&text, '+');
        hash = ev_str_take(&text, '+');
        if (!parse_hash(hash, &said) ||
            !parse_bytes(text, is_private ? key.private_key : key.public_key))
                return fail_key();
        r = set_name(&key, name);
        if (r == 0 && is_private)
                r = ev_signature_public(key.private_key, key.public_key);
        if (r == 0)
                r = make_hash(&key);
        if (r < 0)
                return ev_trace(r);
        if (key.hash != said)
                return ev_fail(EV_VERDICT_STOP,
                               "the key %s has another hash than it says: it was "
                               "changed, or is of another name",
                               key.name);
        *ret_key = key;
        return 0;
}

static void key_text(const struct ev_note_key *key, const char *prefix, const uint8_t *bytes,
                     char *text)
{
        char chars[EV_BASE64_CHARS(TYPED_KEY_BYTES) + 1];
        uint8_t typed[TYPED_KEY_BYTES] = { ED25519 };

        assert(key->name[0]);

        memcpy(typed + 1, bytes, EV_SIGNATURE_KEY_BYTES);
        ev_base64_encode(typed, sizeof(typed), chars);
        snprintf(text, EV_NOTE_KEY_TEXT_MAX, "%s%s+%08x+%s", prefix, key->name, key->hash, chars);
}

void ev_note_key_public_text(const struct ev_note_key *key, char *text)
{
        assert(text);

        key_text(key, "", key->public_key, text);
}

void ev_note_key_private_text(const struct ev_note_key *key, char *text)
{
        assert(text);

        key_text(key, PRIVATE, key->private_key, text);
}

/* ---- Signing ---- */

int ev_note_sign(struct ev_buffer *note, const struct ev_note_key *key)
{
        char chars[EV_BASE64_CHARS(LINE_BYTES) + 1];
        uint8_t bytes[LINE_BYTES];
        int r;

        assert(note->size > 0 && note->data[note->size - 1] == '\n');

        put_hash(key->hash, bytes);
        r = ev_signature_make(key->private_key, note->data, note->size, bytes + HASH_BYTES);
        if (r < 0)
                return ev_trace(r);
        ev_base64_encode(bytes, sizeof(bytes), chars);
        return ev_trace(ev_buffer_printf(note, "\n" DASH "%s %s\n", key->name, chars));
}

/* ---- Verifying ---- */

static int fail_note(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_RECORD, "not a signed note: %s", what);
}

/* Control characters are none of a note's: what is shown of it on a terminal says nothing to that. */
static bool is_plain(struct ev_str note)
{
        assert(note.data || note.size == 0);

        for (size_t i = 0; i < note.size; ++i)
                if ((unsigned char)note.data[i] < ' ' && note.data[i] != '\n')
                        return false;
        return ev_str_is_text(note);
}

/* Parts a note at its last blank line. */
static int part(struct ev_str note, struct ev_str *ret_text, struct ev_str *ret_signatures)
{
        size_t at = note.size;

        assert(ret_text && ret_signatures);

        if (note.size > EV_NOTE_BYTES_MAX)
                return fail_note("it is too long");
        if (note.size == 0 || note.data[note.size - 1] != '\n')
                return fail_note("its last line does not end");
        if (!is_plain(note))
                return fail_note("it is no UTF-8, or has control characters");
        while (at >= 2 && !(note.data[at - 1] == '\n' && note.data[at - 2] == '\n'))
                --at;
        if (at < 2 || at == note.size)
                return fail_note("no signatures stand behind a blank line");
        *ret_text = (struct ev_str){ note.data, at - 1 };
        *ret_signatures = (struct ev_str){ note.data + at, note.size - at };
        return 0;
}

/* 0; EV_NOTE_UNSIGNED, and the line is another key's; EV_NOTE_FORGED. */
static int verify_line(struct ev_str line, struct ev_str text, const struct ev_note_key *key)
{
        uint8_t bytes[EV_BASE64_BYTES(EV_BASE64_CHARS(LINE_BYTES))];
        struct ev_str name;
        size_t size;
        int r;

        assert(key->name[0]);

        if (!ev_str_starts_with(line, EV_STR(DASH)))
                return fail_note("a line under it is no signature");
        line = (struct ev_str){ line.data + strlen(DASH), line.size - strlen(DASH) };
        name = ev_str_take(&line, ' ');
        if (name.size == 0 || line.size == 0)
                return fail_note("a line under it is no signature");
        if (!ev_str_equal(name, ev_str_of(key->name)) || line.size != EV_BASE64_CHARS(LINE_BYTES) ||
            !ev_base64_decode(line, bytes, &size) || size != LINE_BYTES ||
            get_hash(bytes) != key->hash)
                return EV_NOTE_UNSIGNED;
        r = ev_signature_verify(key->public_key, text.data, text.size, bytes + HASH_BYTES);
        return r == EV_SIGNATURE_WRONG ? EV_NOTE_FORGED : ev_trace(r);
}

/* Every line is looked at, also behind one of the key: whether a text is a note does not depend on who
 * asks, and a key that has signed it both rightly and wrongly is nobody's to rely on. */
int ev_note_verify(struct ev_str note, const struct ev_note_key *key, struct ev_str *ret_text)
{
        int r, found = EV_NOTE_UNSIGNED;
        struct ev_str text, signatures;

        assert(ret_text);

        r = part(note, &text, &signatures);
        if (r < 0)
                return ev_trace(r);
        for (size_t count = 0; signatures.size > 0; ++count) {
                if (count == EV_NOTE_SIGNATURES_MAX)
                        return fail_note("it has too many signatures");
                r = verify_line(ev_str_take(&signatures, '\n'), text, key);
                if (r < 0)
                        return ev_trace(r);
                if (found != EV_NOTE_FORGED && r != EV_NOTE_UNSIGNED)
                        found = r;
        }
        if (found == 0)
                *ret_text = text;
        return found;
}
