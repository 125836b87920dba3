#ifndef EV_FLOW_PROOF_H
#define EV_FLOW_PROOF_H

/* Proofs as texts that need nothing beside them but a public key. Two kinds:
 *
 *      c2sp.org/tlog-proof@v1             quenty/tlog-consistency@v1
 *      extra AQAAAAgAAAAA…                gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
 *      index 17
 *      gSKyXoYZUgZ6jduWYrkDOAR…=          quenty/order_db
 *      B95lDa8R83lS8n0eG+o0buT…=          4711
 *                                         TTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=
 *      quenty/order_db
 *      4711                               — quenty/order_db PowkvzDP7kZAS5oVdpA…
 *      TTDhjiUGBDGaxa4H0TuLzLr…=
 *                                         quenty/order_db
 *      — quenty/order_db Powkvz…          4830
 *                                         …
 *
 * On the left, that a fact stands in a tree: `extra` is its leaf (flow/leaf.h), then come its index, the
 * hashes from the leaf's sibling up, and the signed checkpoint. Source: C2SP, "tlog-proof"
 * (c2sp.org/tlog-proof). On the right, that the tree of the second checkpoint begins with that of the
 * first; C2SP has no form for that alone, so this one is ours, made as the other is: the hashes of RFC
 * 6962, 2.1.2, then both signed checkpoints, a blank line before each. */

#include "base/buffer.h"
#include "base/merkle.h"
#include "base/str.h"
#include "flow/leaf.h"
#include "flow/note.h"

enum {
        EV_PROOF_LEAF_CHARS_MAX = (EV_LEAF_BYTES_MAX + 2) / 3 * 4,
        /* A leaf, two notes, and hashes of 45 characters. */
        EV_PROOF_BYTES_MAX =
                EV_PROOF_LEAF_CHARS_MAX + 2 * EV_NOTE_BYTES_MAX + EV_MERKLE_PROOF_MAX * 45 + 1024,
};

enum ev_proof_kind { EV_PROOF_INCLUSION, EV_PROOF_CONSISTENCY };

/* What a text says; nothing of it is verified. Slices are of the text and of the buffer that it was read
 * with, or the caller's own where one is written. */
struct ev_proof {
        enum ev_proof_kind kind;
        struct ev_bytes leaf; /* of an inclusion */
        uint64_t index;       /* likewise; counted from 0 */
        struct ev_merkle_proof hashes;
        struct ev_str old_note; /* of a consistency */
        struct ev_str note;
};

/* Appends the text. Notes end with a newline, and the leaf has at most EV_LEAF_BYTES_MAX bytes. Fails as
 * ev_buffer_append(). */
int ev_proof_write(const struct ev_proof *proof, struct ev_buffer *text) _must_check_;

/* Reads a text of either kind; slices are of `text`, and the leaf is of `leaf`, which is emptied
 * before. Fails (verdict: record) on what is none, and as ev_buffer_append(). */
int ev_proof_parse(struct ev_proof *ret_proof, struct ev_str text,
                   struct ev_buffer *leaf) _must_check_;

#endif
