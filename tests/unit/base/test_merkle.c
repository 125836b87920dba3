#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/merkle.h"

UNIT_SUITE(merkle);

enum { LEAVES_MAX = 64, FILE_MAX = 1024 * 1024 };

/* Roots and proofs that golang.org/x/mod/sumdb/tlog made (tests/vectors/merkle). */
struct vectors {
        struct ev_digest *digest;
        struct ev_json *json;
        struct ev_merkle_hash leaves[LEAVES_MAX];
        size_t count;
};

static size_t from_hex(struct ev_str text, uint8_t *bytes)
{
        for (size_t i = 0; i < text.size / 2; ++i) {
                const char digits[] = { text.data[2 * i], text.data[2 * i + 1], '\0' };

                bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        return text.size / 2;
}

static struct ev_merkle_hash hash_at(const struct ev_json *list, size_t i)
{
        struct ev_merkle_hash hash;

        cr_assert_eq(from_hex(ev_json_string(ev_json_item(list, i)), hash.bytes), EV_DIGEST_BYTES);
        return hash;
}

static void read_vectors(struct vectors *vectors)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(FILE_MAX);
        const struct ev_json *leaves;

        cr_assert_eq(ev_buffer_read_file(&text, EV_VECTORS "/merkle/vectors.json"), 0);
        cr_assert_eq(ev_json_parse(ev_buffer_str(&text), FILE_MAX, &vectors->json), 0);
        cr_assert_eq(ev_digest_new(&vectors->digest), 0);
        leaves = ev_json_get(vectors->json, EV_STR("leaves"));
        vectors->count = ev_json_count(leaves);
        cr_assert(vectors->count > 16 && vectors->count <= LEAVES_MAX);
        for (size_t i = 0; i < vectors->count; ++i) {
                uint8_t data[64];
                size_t size = from_hex(ev_json_string(ev_json_item(leaves, i)), data);

                cr_assert_eq(ev_merkle_leaf(vectors->digest, data, size, &vectors->leaves[i]), 0);
        }
}

static void vectors_done(struct vectors *vectors)
{
        ev_json_free(vectors->json);
        ev_digest_free(vectors->digest);
}

#define _cleanup_vectors_ _cleanup_(vectors_done)

static struct ev_merkle_hash root_of(const struct vectors *vectors, int64_t size)
{
        return hash_at(ev_json_get(vectors->json, EV_STR("roots")), (size_t)size);
}

static int64_t number(const struct ev_json *object, struct ev_str name)
{
        int64_t value = -1;

        cr_assert(ev_json_int(ev_json_get(object, name), &value));
        return value;
}

static const struct ev_merkle_proof *prove(const struct vectors *vectors,
                                           struct ev_merkle_prover *prover)
{
        for (size_t i = 0; i < prover->size; ++i)
                cr_assert_eq(ev_merkle_prover_add(prover, &vectors->leaves[i]), 0);
        return ev_merkle_prover_end(prover);
}

static void expect(const struct ev_merkle_proof *proof, const struct ev_json *hashes)
{
        cr_assert_eq(proof->count, ev_json_count(hashes));
        for (size_t i = 0; i < proof->count; ++i) {
                struct ev_merkle_hash wanted = hash_at(hashes, i);

                cr_assert(ev_merkle_equal(&proof->hashes[i], &wanted), "hash %zu", i);
        }
}

Test(merkle, roots_are_those_of_another_implementation)
{
        _cleanup_vectors_ struct vectors vectors = { 0 };
        struct ev_merkle tree;

        read_vectors(&vectors);
        tree = EV_MERKLE_INIT(vectors.digest);
        for (size_t size = 0; size <= vectors.count; ++size) {
                struct ev_merkle_hash root, wanted = root_of(&vectors, (int64_t)size);

                cr_assert_eq(ev_merkle_root(&tree, &root), 0);
                cr_assert(ev_merkle_equal(&root, &wanted), "%zu leaves", size);
                if (size < vectors.count)
                        cr_assert_eq(ev_merkle_add(&tree, &vectors.leaves[size]), 0);
        }
}

Test(merkle, proofs_of_leaves_are_those_of_another_implementation)
{
        _cleanup_vectors_ struct vectors vectors = { 0 };
        const struct ev_json *list;

        read_vectors(&vectors);
        list = ev_json_get(vectors.json, EV_STR("inclusion"));
        cr_assert_eq(ev_json_count(list), vectors.count * (vectors.count + 1) / 2);
        for (size_t i = 0; i < ev_json_count(list); ++i) {
                const struct ev_json *item = ev_json_item(list, i);
                int64_t index = number(item, EV_STR("index")), size = number(item, EV_STR("size"));
                struct ev_merkle_hash root = root_of(&vectors, size);
                struct ev_merkle_prover prover;

                ev_merkle_prove_leaf(&prover, vectors.digest, (uint64_t)index, (uint64_t)size);
                expect(prove(&vectors, &prover), ev_json_get(item, EV_STR("hashes")));
                cr_assert_eq(ev_merkle_verify_leaf(vectors.digest, &vectors.leaves[index],
                                                   (uint64_t)index, (uint64_t)size, &prover.proof,
                                                   &root),
                             0);
        }
}

Test(merkle, proofs_of_growth_are_those_of_another_implementation)
{
        _cleanup_vectors_ struct vectors vectors = { 0 };
        const struct ev_json *list;

        read_vectors(&vectors);
        list = ev_json_get(vectors.json, EV_STR("growth"));
        cr_assert_eq(ev_json_count(list), vectors.count * (vectors.count + 1) / 2);
        for (size_t i = 0; i < ev_json_count(list); ++i) {
                const struct ev_json *item = ev_json_item(list, i);
                int64_t old = number(item, EV_STR("index")), size = number(item, EV_STR("size"));
                struct ev_merkle_hash old_root = root_of(&vectors, old),
                                      root = root_of(&vectors, size);
                struct ev_merkle_prover prover;

                ev_merkle_prove_growth(&prover, vectors.digest, (uint64_t)old, (uint64_t)size);
                expect(prove(&vectors, &prover), ev_json_get(item, EV_STR("hashes")));
                cr_assert_eq(ev_merkle_verify_growth(vectors.digest, (uint64_t)old, &old_root,
                                                     (uint64_t)size, &root, &prover.proof),
                             0);
        }
}

/* ---- Proofs that begin behind leaves that are gone ---- */

/* Larger than three full trees of each size, and a few more. */
enum { GROWN = 70 };

struct grown {
        struct ev_digest *digest;
        struct ev_merkle_hash leaves[GROWN];
        struct ev_merkle trees[GROWN + 1]; /* of so many leaves */
};

static void grow(struct grown *grown)
{
        cr_assert_eq(ev_digest_new(&grown->digest), 0);
        grown->trees[0] = EV_MERKLE_INIT(grown->digest);
        for (size_t i = 0; i < GROWN; ++i) {
                cr_assert_eq(ev_merkle_leaf(grown->digest, &i, sizeof(i), &grown->leaves[i]), 0);
                grown->trees[i + 1] = grown->trees[i];
                cr_assert_eq(ev_merkle_add(&grown->trees[i + 1], &grown->leaves[i]), 0);
        }
}

static void grown_done(struct grown *grown)
{
        ev_digest_free(grown->digest);
}

/* Whether the root of leaves `from` to `to` follows from leaves behind `gone` and the full trees of those in
 * front: it is one of these, or both of its halves follow. By recursion, where the library looks at bits. */
static bool follows(uint64_t gone, uint64_t from, uint64_t to)
{
        uint64_t at = 0, half = 1;

        if (from >= gone)
                return true;
        for (uint64_t full = UINT64_C(1) << 40; full; full >>= 1)
                if (gone & full) {
                        if (at == from && at + full == to)
                                return true;
                        at += full;
                }
        while (2 * half < to - from)
                half *= 2;
        return to - from > 1 && follows(gone, from, from + half) && follows(gone, from + half, to);
}

static bool all_follow(const struct ev_merkle_prover *prover, uint64_t gone)
{
        for (size_t i = 0; i < prover->count; ++i)
                if (!follows(gone, prover->ranges[i].from, prover->ranges[i].to))
                        return false;
        return true;
}

/* The proof that `begun` was set up for, with every number of leaves gone: it is that of all leaves, or there is
 * none. How many of them there are. */
static size_t check_skips(const struct grown *grown, const struct ev_merkle_prover *begun)
{
        struct ev_merkle_prover all = *begun;
        size_t proofs = 0;

        for (uint64_t i = 0; i < begun->size; ++i)
                cr_assert_eq(ev_merkle_prover_add(&all, &grown->leaves[i]), 0);
        for (uint64_t gone = 0; gone <= begun->size; ++gone) {
                struct ev_merkle_prover prover = *begun;
                bool is_possible = all_follow(begun, gone);
                const struct ev_merkle_proof *proof;

                cr_assert_eq(ev_merkle_prover_skip(&prover, &grown->trees[gone]),
                             is_possible ? 0 : EV_MERKLE_UNKNOWN);
                if (!is_possible)
                        continue;
                ++proofs;
                for (uint64_t i = gone; i < begun->size; ++i)
                        cr_assert_eq(ev_merkle_prover_add(&prover, &grown->leaves[i]), 0);
                proof = ev_merkle_prover_end(&prover);
                cr_assert_eq(proof->count, all.proof.count);
                for (size_t i = 0; i < proof->count; ++i)
                        cr_assert(ev_merkle_equal(&proof->hashes[i], &all.proof.hashes[i]));
        }
        if (begun->size < GROWN) {
                struct ev_merkle_prover prover = *begun;

                cr_assert_eq(ev_merkle_prover_skip(&prover, &grown->trees[begun->size + 1]),
                             EV_MERKLE_UNKNOWN);
        }
        return proofs;
}

/* Each leaf that is not gone has its proof, so of leaf i there are at least those of 0 to i gone ones. */
Test(merkle, a_leaf_is_proven_without_those_in_front_of_it)
{
        _cleanup_(grown_done) struct grown grown;
        struct ev_merkle_prover prover;

        grow(&grown);
        for (uint64_t size = 1; size <= GROWN; ++size)
                for (uint64_t index = 0; index < size; ++index) {
                        ev_merkle_prove_leaf(&prover, grown.digest, index, size);
                        cr_assert_geq(check_skips(&grown, &prover), index + 1);
                }
}

/* From each size that is not below what is gone; and from one below it where only its last full trees came
 * on top: 12 is 13, 14 and 15 without theirs. */
Test(merkle, growth_is_proven_without_the_leaves_in_front_of_it)
{
        _cleanup_(grown_done) struct grown grown;
        struct ev_merkle_prover prover;

        grow(&grown);
        for (uint64_t size = 1; size <= GROWN; ++size)
                for (uint64_t old = 1; old <= size; ++old) {
                        size_t wanted = old + 1;

                        for (uint64_t gone = old + 1; gone <= size; ++gone)
                                wanted += old == size || gone - old < (old & -old);
                        ev_merkle_prove_growth(&prover, grown.digest, old, size);
                        cr_assert_eq(check_skips(&grown, &prover), wanted, "%lu to %lu",
                                     (unsigned long)old, (unsigned long)size);
                }
}

/* A leaf, an index, a size, a hash of the proof, a hash too many or too few, a root. */
Test(merkle, a_proof_of_a_leaf_proves_nothing_else)
{
        _cleanup_vectors_ struct vectors vectors = { 0 };
        struct ev_merkle_prover prover;
        struct ev_merkle_hash root, other;
        struct ev_merkle_proof proof;

        read_vectors(&vectors);
        root = root_of(&vectors, 13);
        other = root_of(&vectors, 14);
        ev_merkle_prove_leaf(&prover, vectors.digest, 5, 13);
        proof = *prove(&vectors, &prover);
#define VERIFY(leaf, index, size, root) \
        ev_merkle_verify_leaf(vectors.digest, &vectors.leaves[leaf], index, size, &proof, root)
        cr_assert_eq(VERIFY(5, 5, 13, &root), 0);
        cr_assert_eq(VERIFY(6, 5, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(5, 5, 13, &other), EV_MERKLE_WRONG);
        for (uint64_t index = 0; index < 20; ++index)
                cr_assert_eq(VERIFY(5, index, 13, &root), index == 5 ? 0 : EV_MERKLE_WRONG);
        /* In trees of 9 to 16 leaves the way from leaf 5 goes by the same sides: the root alone says of which
         * tree it is. */
        for (uint64_t size = 0; size < 30; ++size)
                cr_assert_eq(VERIFY(5, 5, size, &root),
                             size > 8 && size <= 16 ? 0 : EV_MERKLE_WRONG, "%lu",
                             (unsigned long)size);
        for (size_t i = 0; i < proof.count; ++i) {
                proof.hashes[i].bytes[7] ^= 1;
                cr_assert_eq(VERIFY(5, 5, 13, &root), EV_MERKLE_WRONG);
                proof.hashes[i].bytes[7] ^= 1;
        }
        ++proof.count;
        cr_assert_eq(VERIFY(5, 5, 13, &root), EV_MERKLE_WRONG);
        proof.count -= 2;
        cr_assert_eq(VERIFY(5, 5, 13, &root), EV_MERKLE_WRONG);
#undef VERIFY
}

Test(merkle, a_proof_of_growth_proves_nothing_else)
{
        _cleanup_vectors_ struct vectors vectors = { 0 };
        struct ev_merkle_hash old, root, other;
        struct ev_merkle_prover prover;
        struct ev_merkle_proof proof;

        read_vectors(&vectors);
        old = root_of(&vectors, 6);
        root = root_of(&vectors, 13);
        other = root_of(&vectors, 7);
        ev_merkle_prove_growth(&prover, vectors.digest, 6, 13);
        proof = *prove(&vectors, &prover);
#define VERIFY(old_size, old_root, size, root) \
        ev_merkle_verify_growth(vectors.digest, old_size, old_root, size, root, &proof)
        cr_assert_eq(VERIFY(6, &old, 13, &root), 0);
        cr_assert_eq(VERIFY(6, &other, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(6, &old, 13, &other), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(7, &other, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(14, &old, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(0, &old, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(13, &root, 13, &root), EV_MERKLE_WRONG);
        for (size_t i = 0; i < proof.count; ++i) {
                proof.hashes[i].bytes[31] ^= 0x80;
                cr_assert_eq(VERIFY(6, &old, 13, &root), EV_MERKLE_WRONG);
                proof.hashes[i].bytes[31] ^= 0x80;
        }
        ++proof.count;
        cr_assert_eq(VERIFY(6, &old, 13, &root), EV_MERKLE_WRONG);
        proof.count = 0;
        cr_assert_eq(VERIFY(6, &old, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(4, &old, 13, &root), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(13, &root, 13, &root), 0);
        cr_assert_eq(VERIFY(13, &root, 13, &old), EV_MERKLE_WRONG);
        cr_assert_eq(VERIFY(0, &old, 13, &root), 0);
#undef VERIFY
}

/* A node's two hashes are 64 bytes, which is a leaf that could be shown; its hash is another one. */
Test(merkle, a_node_is_no_leaf)
{
        _cleanup_vectors_ struct vectors vectors = { 0 };
        struct ev_merkle_hash root, leaf;
        uint8_t both[2 * EV_DIGEST_BYTES];

        read_vectors(&vectors);
        root = root_of(&vectors, 2);
        memcpy(both, vectors.leaves[0].bytes, EV_DIGEST_BYTES);
        memcpy(both + EV_DIGEST_BYTES, vectors.leaves[1].bytes, EV_DIGEST_BYTES);
        cr_assert_eq(ev_merkle_leaf(vectors.digest, both, sizeof(both), &leaf), 0);
        cr_assert_not(ev_merkle_equal(&leaf, &root));
}
