#ifndef EV_FLOW_NOTE_H
#define EV_FLOW_NOTE_H

/* Signed notes: a text that people can read, and under it lines with signatures.
 *
 *      quenty/order_db
 *      4711
 *      TTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=
 *
 *      — quenty/order_db PowkvzDP7kZAS5oVdpA…
 *
 * Source: C2SP, "signed-note" (c2sp.org/signed-note), with Ed25519 (its algorithm 1). Keys are
 * written as Go's golang.org/x/mod/sumdb/note writes them: "name+hash+base64" the public one, and
 * "PRIVATE+KEY+name+hash+base64" the private one. The hash is of name and public key, so that a
 * signature line says which key it is of. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/signature.h"
#include "base/str.h"

enum {
        EV_NOTE_NAME_MAX = 128,                        /* bytes of a key's name with the NUL */
        EV_NOTE_KEY_TEXT_MAX = EV_NOTE_NAME_MAX + 100, /* bytes of a key as text with the NUL */
        EV_NOTE_BYTES_MAX = 64 * 1024,                 /* of a note that is read */
        EV_NOTE_SIGNATURES_MAX = 16,                   /* lines under it */
};

/* Whoever has no private key has zeros there and verifies only. */
struct ev_note_key {
        char name[EV_NOTE_NAME_MAX];
        uint32_t hash;
        uint8_t public_key[EV_SIGNATURE_KEY_BYTES];
        uint8_t private_key[EV_SIGNATURE_KEY_BYTES];
};

/* Makes a new key. Fails (verdict: stop) if the name is empty, too long, or has a blank, '+' or a
 * control character. */
int ev_note_key_new(struct ev_note_key *ret_key, struct ev_str name) _must_check_;

/* Reads either form, with or without a newline behind it. Fails (verdict: stop) on anything else, and
 * where name, hash and key do not belong together; the text of a private key is never shown. */
int ev_note_key_parse(struct ev_note_key *ret_key, struct ev_str text) _must_check_;

/* Writes EV_NOTE_KEY_TEXT_MAX bytes at most, NUL-terminated. */
void ev_note_key_public_text(const struct ev_note_key *key, char *text);
void ev_note_key_private_text(const struct ev_note_key *key, char *text);

/* Appends the blank line and the signature to `note`, which is a text that ends with a newline. Fails
 * as ev_buffer_append(), and (verdict: stop) if libcrypto does. */
int ev_note_sign(struct ev_buffer *note, const struct ev_note_key *key) _must_check_;

/* Whether the note has a signature of that key over its text. *ret_text is the text, its last newline
 * included: a slice of `note`. Signatures of others are passed over. EV_NOTE_UNSIGNED: none is of
 * this key; EV_NOTE_FORGED: one says that it is, and is not, even if another one is. Fails (verdict:
 * record) on what is no signed note: every line of it is looked at. */
enum { EV_NOTE_UNSIGNED = 1, EV_NOTE_FORGED = 2 };
int ev_note_verify(struct ev_str note, const struct ev_note_key *key,
                   struct ev_str *ret_text) _must_check_;

#endif
