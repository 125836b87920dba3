#ifndef EV_BASE_MERKLE_H
#define EV_BASE_MERKLE_H

/* Merkle trees over a growing list of leaves: their roots, and proofs that a leaf is in a tree and
 * that one tree is the beginning of another.
 *
 * Source: RFC 6962 (Certificate Transparency), section 2.1; the ways to verify are those of RFC 9162,
 * 2.1.3.2 and 2.1.4.2. A leaf is hashed as SHA-256(0x00 ‖ data), a node as SHA-256(0x01 ‖ left ‖
 * right), so that nobody can show one for the other. The tree of n leaves has on its left the largest
 * power of two below n.
 *
 * No tree is kept. Root and proofs are made of one pass over the leaves in their order, in memory that
 * does not depend on how many there are. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

enum {
        EV_MERKLE_LEVELS = 64, /* a tree of 2⁶³ leaves has so many */
        /* Hashes of a proof: one a level on each side of where two trees part. */
        EV_MERKLE_PROOF_MAX = 2 * EV_MERKLE_LEVELS,
};

struct ev_merkle_hash {
        uint8_t bytes[EV_DIGEST_BYTES];
};

bool ev_merkle_equal(const struct ev_merkle_hash *a, const struct ev_merkle_hash *b);

/* A tree that grows: the roots of the full trees that it is made of, the largest first. It may be
 * copied. */
struct ev_merkle {
        struct ev_digest *digest;                     /* borrowed */
        uint64_t size;                                /* leaves */
        struct ev_merkle_hash full[EV_MERKLE_LEVELS]; /* as many as `size` has bits that are 1 */
};

/* An empty tree. */
#define EV_MERKLE_INIT(borrowed_digest) ((struct ev_merkle){ .digest = (borrowed_digest) })

/* All of these fail (verdict: stop) only if libcrypto does. */

/* The hash of a leaf that consists of `size` bytes at `data`. */
int ev_merkle_leaf(struct ev_digest *digest, const void *data, size_t size,
                   struct ev_merkle_hash *ret_hash) _must_check_;

/* Adds a leaf by its hash. */
int ev_merkle_add(struct ev_merkle *merkle, const struct ev_merkle_hash *leaf) _must_check_;

/* The root; of no leaves it is the hash of nothing. */
int ev_merkle_root(const struct ev_merkle *merkle, struct ev_merkle_hash *ret_root) _must_check_;

struct ev_merkle_proof {
        size_t count;
        struct ev_merkle_hash hashes[EV_MERKLE_PROOF_MAX];
};

/* Makes a proof of the leaves as they pass: each of its hashes is the root of a range of them. */
struct ev_merkle_prover {
        struct range {
                uint64_t from, to;     /* leaves from ≤ i < to */
                size_t place;          /* of its hash in the proof */
        } ranges[EV_MERKLE_PROOF_MAX]; /* by `from` */
        size_t count;
        size_t present;        /* the range that gets leaves now, or the next one */
        uint64_t leaves;       /* that have passed */
        uint64_t size;         /* of the whole tree */
        struct ev_merkle tree; /* of the present range */
        struct ev_merkle_proof proof;
};

/* That leaf `index` < `size`, counted from 0, is in the tree of `size` leaves. `digest` is
 * borrowed. */
void ev_merkle_prove_leaf(struct ev_merkle_prover *prover, struct ev_digest *digest, uint64_t index,
                          uint64_t size);

/* That the tree of `size` leaves begins with that of `old_size`, 0 < old_size ≤ size. */
void ev_merkle_prove_growth(struct ev_merkle_prover *prover, struct ev_digest *digest,
                            uint64_t old_size, uint64_t size);

/* Before the first leaf: those of `beginning` will not pass, and its full trees stand for them. 0, and the
 * next leaf is the one behind them; or EV_MERKLE_UNKNOWN: a hash of the proof does not follow from these
 * and the leaves to come. Each leaf behind the beginning can be proven, and growth from each size that is
 * not below it; from one below only if it is the beginning without its last full trees. */
enum { EV_MERKLE_UNKNOWN = 2 };
int ev_merkle_prover_skip(struct ev_merkle_prover *prover,
                          const struct ev_merkle *beginning) _must_check_;

/* Every leaf of the tree passes here, from the first to the last, but for those that were skipped. */
int ev_merkle_prover_add(struct ev_merkle_prover *prover,
                         const struct ev_merkle_hash *leaf) _must_check_;

/* The proof, complete once all leaves have passed. */
const struct ev_merkle_proof *ev_merkle_prover_end(const struct ev_merkle_prover *prover);

/* What a proof comes to. `root` and the proof may be anything; 0 or the condition. */
enum { EV_MERKLE_WRONG = 1 };

/* Whether `leaf` is leaf `index` of the tree of `size` leaves with that root. */
int ev_merkle_verify_leaf(struct ev_digest *digest, const struct ev_merkle_hash *leaf,
                          uint64_t index, uint64_t size, const struct ev_merkle_proof *proof,
                          const struct ev_merkle_hash *root) _must_check_;

/* Whether the tree of `size` leaves with `root` begins with that of `old_size` with `old_root`. Every
 * tree begins with the empty one, and each with itself: then the proof has to be empty. */
int ev_merkle_verify_growth(struct ev_digest *digest, uint64_t old_size,
                            const struct ev_merkle_hash *old_root, uint64_t size,
                            const struct ev_merkle_hash *root,
                            const struct ev_merkle_proof *proof) _must_check_;

#endif
