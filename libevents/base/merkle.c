/* Merkle trees by RFC 6962, without keeping one.
 *
 * Guarantee: roots and proofs are functions of the leaves' hashes and their order alone, so whoever has
 * the same leaves makes the same bytes. A proof that verifies fixes every leaf it is about: to pass with
 * another one, SHA-256 would have to be broken. Nothing is stored here.
 *
 * The roots of the full trees that a tree is made of follow from its size in binary: 11 leaves (1011)
 * are trees of 8, 2 and 1. Adding a leaf is counting by one: where a bit carries, two trees of one size
 * become one of twice the size. */

#include "base/merkle.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

enum { LEAF = 0x00, NODE = 0x01 }; /* what is hashed before; RFC 6962, 2.1 */

bool ev_merkle_equal(const struct ev_merkle_hash *a, const struct ev_merkle_hash *b)
{
        assert(a && b);

        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int ev_merkle_leaf(struct ev_digest *digest, const void *data, size_t size,
                   struct ev_merkle_hash *ret_hash)
{
        static const uint8_t prefix = LEAF;

        assert(digest && ret_hash);

        ev_digest_begin(digest);
        ev_digest_add(digest, &prefix, sizeof(prefix));
        ev_digest_add(digest, data, size);
        return ev_trace(ev_digest_end(digest, ret_hash->bytes));
}

/* *ret_hash may be one of both. */
static int join(struct ev_digest *digest, const struct ev_merkle_hash *left,
                const struct ev_merkle_hash *right, struct ev_merkle_hash *ret_hash)
{
        static const uint8_t prefix = NODE;

        assert(left && right);

        ev_digest_begin(digest);
        ev_digest_add(digest, &prefix, sizeof(prefix));
        ev_digest_add(digest, left->bytes, sizeof(left->bytes));
        ev_digest_add(digest, right->bytes, sizeof(right->bytes));
        return ev_trace(ev_digest_end(digest, ret_hash->bytes));
}

static size_t full_trees(uint64_t size)
{
        return (size_t)__builtin_popcountll(size);
}

int ev_merkle_add(struct ev_merkle *merkle, const struct ev_merkle_hash *leaf)
{
        struct ev_merkle_hash hash = *leaf;
        size_t count = full_trees(merkle->size);

        assert(merkle->size < UINT64_MAX >> 1);

        for (uint64_t size = merkle->size; size & 1; size >>= 1) {
                int r = join(merkle->digest, &merkle->full[--count], &hash, &hash);

                if (r < 0)
                        return ev_trace(r);
        }
        merkle->full[count] = hash;
        ++merkle->size;
        assert(full_trees(merkle->size) == count + 1);
        return 0;
}

int ev_merkle_root(const struct ev_merkle *merkle, struct ev_merkle_hash *ret_root)
{
        size_t count = full_trees(merkle->size);
        struct ev_merkle_hash hash;

        assert(ret_root);

        if (count == 0)
                return ev_trace(ev_digest_once(NULL, 0, ret_root->bytes));
        hash = merkle->full[--count];
        while (count > 0) {
                int r = join(merkle->digest, &merkle->full[--count], &hash, &hash);

                if (r < 0)
                        return ev_trace(r);
        }
        *ret_root = hash;
        return 0;
}

/* ---- Proofs are made ---- */

/* The largest power of two below `size`, which is how a tree of more than one leaf is parted. */
static uint64_t left_size(uint64_t size)
{
        assert(size > 1);

        return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

static void begin(struct ev_merkle_prover *prover, struct ev_digest *digest, uint64_t size)
{
        assert(digest && size > 0);

        *prover = (struct ev_merkle_prover){ .size = size, .tree = EV_MERKLE_INIT(digest) };
}

static void want(struct ev_merkle_prover *prover, uint64_t from, uint64_t to)
{
        assert(from < to && prover->count < EV_MERKLE_PROOF_MAX);

        prover->ranges[prover->count++] = (struct range){ from, to, 0 };
}

/* Ranges were wanted from the top of the tree down, and a proof names them from below. They do not
 * overlap, so sorted by where they begin they get their leaves one after the other. Few: an insertion
 * sort. */
static void put_in_order(struct ev_merkle_prover *prover)
{
        assert(prover->count <= EV_MERKLE_PROOF_MAX);

        prover->proof.count = prover->count;
        for (size_t i = 0; i < prover->count; ++i)
                prover->ranges[i].place = prover->count - 1 - i;
        for (size_t i = 1; i < prover->count; ++i) {
                struct range range = prover->ranges[i];
                size_t j = i;

                for (; j > 0 && prover->ranges[j - 1].from > range.from; --j)
                        prover->ranges[j] = prover->ranges[j - 1];
                prover->ranges[j] = range;
        }
}

/* RFC 6962, 2.1.1, PATH(m, D[n]): at each node the side on which the leaf is not. */
void ev_merkle_prove_leaf(struct ev_merkle_prover *prover, struct ev_digest *digest, uint64_t index,
                          uint64_t size)
{
        uint64_t from = 0, to = size;

        assert(index < size);

        begin(prover, digest, size);
        while (to - from > 1) {
                uint64_t middle = from + left_size(to - from);

                if (index < middle) {
                        want(prover, middle, to);
                        to = middle;
                } else {
                        want(prover, from, middle);
                        from = middle;
                }
        }
        put_in_order(prover);
}

/* RFC 6962, 2.1.2, SUBPROOF(m, D[n], b). Where the old tree's last full tree is the whole of it, its
 * root is known already. */
void ev_merkle_prove_growth(struct ev_merkle_prover *prover, struct ev_digest *digest,
                            uint64_t old_size, uint64_t size)
{
        uint64_t from = 0, to = size;

        assert(old_size > 0 && old_size <= size);

        begin(prover, digest, size);
        while (old_size < to) {
                uint64_t middle = from + left_size(to - from);

                if (old_size <= middle) {
                        want(prover, middle, to);
                        to = middle;
                } else {
                        want(prover, from, middle);
                        from = middle;
                }
        }
        if (from > 0)
                want(prover, from, to);
        put_in_order(prover);
}

/* All leaves of the present range have passed: its hash, and the next one. */
static int end_range(struct ev_merkle_prover *prover)
{
        const struct range *range = &prover->ranges[prover->present++];
        int r = ev_merkle_root(&prover->tree, &prover->proof.hashes[range->place]);

        assert(prover->tree.size == range->to - range->from);

        prover->tree = EV_MERKLE_INIT(prover->tree.digest);
        return ev_trace(r);
}

/* Whether a tree of `size` leaves has one of its full trees ending and the next beginning at `at`, that is,
 * whether `at` is `size` without some of its last bits that are 1. */
static bool is_seam(uint64_t size, uint64_t at)
{
        assert(at <= size);

        return at == 0 || size - at < (at & -at);
}

/* The full trees from `from` to `to`, both of them seams of `whole`: a tree of its own, since what begins
 * at a multiple of a power of two that it stays below is parted as if it began at 0. */
static struct ev_merkle part_of(const struct ev_merkle *whole, uint64_t from, uint64_t to)
{
        struct ev_merkle part = { .digest = whole->digest, .size = to - from };

        assert(full_trees(from) + full_trees(part.size) == full_trees(to));

        memcpy(part.full, whole->full + full_trees(from),
               full_trees(part.size) * sizeof(part.full[0]));
        return part;
}

/* A range that a proof wants may be one of the full trees; or begin with the last few of them and go on
 * behind them, and is then gone on with. Anything else parts a full tree, of which only the root is
 * known. */
int ev_merkle_prover_skip(struct ev_merkle_prover *prover, const struct ev_merkle *beginning)
{
        uint64_t size = beginning->size;
        int r = 0;

        assert(prover->leaves == 0);

        if (size > prover->size)
                return EV_MERKLE_UNKNOWN;
        while (r == 0 && prover->present < prover->count) {
                const struct range *range = &prover->ranges[prover->present];
                uint64_t to = range->to < size ? range->to : size;

                if (range->from >= size)
                        break;
                if (!is_seam(size, range->from) || !is_seam(size, to))
                        return EV_MERKLE_UNKNOWN;
                prover->tree = part_of(beginning, range->from, to);
                if (range->to > size)
                        break;
                r = end_range(prover);
        }
        prover->leaves = size;
        return ev_trace(r);
}

int ev_merkle_prover_add(struct ev_merkle_prover *prover, const struct ev_merkle_hash *leaf)
{
        const struct range *range = &prover->ranges[prover->present];
        uint64_t index = prover->leaves++;
        int r;

        assert(index < prover->size);

        if (prover->present == prover->count || index < range->from)
                return 0;
        r = ev_merkle_add(&prover->tree, leaf);
        return r < 0 || index + 1 < range->to ? ev_trace(r) : ev_trace(end_range(prover));
}

const struct ev_merkle_proof *ev_merkle_prover_end(const struct ev_merkle_prover *prover)
{
        assert(prover->leaves == prover->size);
        assert(prover->present == prover->count);

        return &prover->proof;
}

/* ---- Proofs are verified ---- */

static int compare(const struct ev_merkle_hash *found, const struct ev_merkle_hash *wanted)
{
        return ev_merkle_equal(found, wanted) ? 0 : EV_MERKLE_WRONG;
}

/* One level up from where a hash of the proof was joined; from the right side of it, past levels on
 * which ours is alone. */
static void rise(bool is_right, uint64_t *node, uint64_t *last)
{
        assert(node && last);

        while (is_right && !(*node & 1) && *node) {
                *node >>= 1;
                *last >>= 1;
        }
        *node >>= 1;
        *last >>= 1;
}

/* RFC 9162, 2.1.3.2; fn is `node`, sn is `last`. */
int ev_merkle_verify_leaf(struct ev_digest *digest, const struct ev_merkle_hash *leaf,
                          uint64_t index, uint64_t size, const struct ev_merkle_proof *proof,
                          const struct ev_merkle_hash *root)
{
        uint64_t node = index, last = size - 1;
        struct ev_merkle_hash hash = *leaf;

        assert(proof->count <= EV_MERKLE_PROOF_MAX);

        if (index >= size)
                return EV_MERKLE_WRONG;
        for (size_t i = 0; i < proof->count; ++i) {
                bool is_right = node & 1 || node == last;
                int r;

                if (last == 0)
                        return EV_MERKLE_WRONG;
                r = is_right ? join(digest, &proof->hashes[i], &hash, &hash)
                             : join(digest, &hash, &proof->hashes[i], &hash);
                if (r < 0)
                        return ev_trace(r);
                rise(is_right, &node, &last);
        }
        return last == 0 ? compare(&hash, root) : EV_MERKLE_WRONG;
}

/* The nodes above: in the old tree and in the new one, of which the old one has only those on the
 * left. */
static int climb(struct ev_digest *digest, const struct ev_merkle_hash *with, bool is_right,
                 struct ev_merkle_hash *older, struct ev_merkle_hash *newer)
{
        int r = 0;

        assert(with && older && newer);

        if (!is_right)
                return ev_trace(join(digest, newer, with, newer));
        r = join(digest, with, older, older);
        return r < 0 ? ev_trace(r) : ev_trace(join(digest, with, newer, newer));
}

/* RFC 9162, 2.1.4.2, from step 4 on: `from` is the node that both trees have. */
static int verify_path(struct ev_digest *digest, uint64_t old_size, uint64_t size,
                       struct ev_merkle_hash from, const struct ev_merkle_hash *hashes,
                       size_t count, struct ev_merkle_hash *older, struct ev_merkle_hash *newer)
{
        uint64_t node = old_size - 1, last = size - 1;

        assert(old_size > 0 && old_size < size);

        *older = *newer = from;
        for (; node & 1; node >>= 1)
                last >>= 1;
        for (size_t i = 0; i < count; ++i) {
                bool is_right = node & 1 || node == last;
                int r;

                if (last == 0)
                        return EV_MERKLE_WRONG;
                r = climb(digest, &hashes[i], is_right, older, newer);
                if (r < 0)
                        return ev_trace(r);
                rise(is_right, &node, &last);
        }
        return last == 0 ? 0 : EV_MERKLE_WRONG;
}

int ev_merkle_verify_growth(struct ev_digest *digest, uint64_t old_size,
                            const struct ev_merkle_hash *old_root, uint64_t size,
                            const struct ev_merkle_hash *root, const struct ev_merkle_proof *proof)
{
        bool is_full = old_size && !(old_size & (old_size - 1));
        size_t first = is_full ? 0 : 1; /* a full old tree is itself the node to begin with */
        struct ev_merkle_hash older, newer;
        int r;

        assert(proof->count <= EV_MERKLE_PROOF_MAX);

        if (old_size == 0 || old_size == size)
                return proof->count > 0 ? EV_MERKLE_WRONG : old_size ? compare(old_root, root) : 0;
        if (old_size > size || proof->count < first || proof->count == 0)
                return EV_MERKLE_WRONG;
        r = verify_path(digest, old_size, size, is_full ? *old_root : proof->hashes[0],
                        proof->hashes + first, proof->count - first, &older, &newer);
        if (r == 0)
                r = compare(&older, old_root);
        return r == 0 ? compare(&newer, root) : ev_trace(r);
}
