#ifndef EV_FLOW_CHECKPOINT_H
#define EV_FLOW_CHECKPOINT_H

/* Checkpoints: how many entries a log has, and what its Merkle root is, as the text of a signed note.
 *
 *      quenty/order_db                                 the log's name, its "origin"
 *      4711                                            entries
 *      TTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=    the root, base64
 *      last-seq 4720                                   the number of the last entry; may be left out
 *
 * Source: C2SP, "tlog-checkpoint" (c2sp.org/tlog-checkpoint). Lines behind the third are extensions,
 * signed like the rest; the last one here is ours, and others are passed over. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/merkle.h"
#include "base/str.h"

enum { EV_CHECKPOINT_ORIGIN_MAX = 128 }; /* bytes with the NUL */

struct ev_checkpoint {
        char origin[EV_CHECKPOINT_ORIGIN_MAX];
        uint64_t size; /* below 2⁶³ */
        struct ev_merkle_hash root;
        int64_t last_seq; /* 0: not said */
};

/* Appends the text. Fails as ev_buffer_append(). */
int ev_checkpoint_write(const struct ev_checkpoint *checkpoint,
                        struct ev_buffer *text) _must_check_;

/* Reads the text of a note whose signature was verified. Fails (verdict: record) on what is no
 * checkpoint. */
int ev_checkpoint_parse(struct ev_checkpoint *ret_checkpoint, struct ev_str text) _must_check_;

#endif
