/* The tree that both the seeds and the fuzzer have. Anything that fails here is a mistake in this file. */

#include "fuzz/tree.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "flow/leaf.h"
#include "wire/envelope.h"

#define KEY "PRIVATE+KEY+fuzz+645bba38+AWEga2V5IHRoYXQgZXZlcnlib2R5IG1heSBrbm93Li4u"

enum { NOTE_MAX = 1024, LEAF_MAX = 1024 };

/* Signing takes longer than all the rest, so each checkpoint is signed once. */
static struct {
        struct ev_note_key key;
        struct ev_digest *digest;
        struct ev_buffer leaves[FUZZ_TREE_MAX];
        struct ev_merkle_hash hashes[FUZZ_TREE_MAX];
        struct ev_buffer notes[FUZZ_TREE_MAX + 1];
} tree;

static void must(int r)
{
        if (r == 0)
                return;
        fprintf(stderr, "the tree: %s\n", ev_error_last()->text);
        abort();
}

/* Leaf and number belong together, so that no leaf is another's twin: what is proven of one would hold for
 * both. */
static void make_leaf(uint64_t index)
{
        struct ev_leaf leaf = {
                .fact = { .seq = (int64_t)index + 1,
                          .key = EV_STR("acme"),
                          .subject = EV_STR("order-1"),
                          .schema_id = 700025,
                          .payload = { (const uint8_t *)"avro", index % 5 },
                          .recorded_at = INT64_C(1738367999123456) },
                .source = EV_STR("/quenty/order_db/7/1"),
                .topic = EV_STR("quenty.order.events.v1"),
                .type = EV_STR("quenty.order.OrderAccepted"),
        };
        struct ev_buffer *bytes = &tree.leaves[index];

        assert(index < FUZZ_TREE_MAX);

        if (index & 1)
                leaf.fact.outcome = EV_OUTCOME_REFUSED;
        *bytes = EV_BUFFER_INIT(LEAF_MAX);
        must(ev_leaf_write(&leaf, bytes));
        must(ev_merkle_leaf(tree.digest, bytes->data, bytes->size, &tree.hashes[index]));
}

static void make_note(const struct ev_merkle *merkle)
{
        struct ev_checkpoint checkpoint = { .origin = "fuzz", .size = merkle->size };
        struct ev_buffer *note = &tree.notes[merkle->size];

        assert(merkle->size <= FUZZ_TREE_MAX);

        checkpoint.last_seq = (int64_t)merkle->size; /* the empty tree does not say it */
        *note = EV_BUFFER_INIT(NOTE_MAX);
        must(ev_merkle_root(merkle, &checkpoint.root));
        must(ev_checkpoint_write(&checkpoint, note));
        must(ev_note_sign(note, &tree.key));
}

static void make(void)
{
        struct ev_merkle merkle;

        if (tree.digest)
                return;
        must(ev_note_key_parse(&tree.key, EV_STR(KEY)));
        must(ev_digest_new(&tree.digest));
        merkle = EV_MERKLE_INIT(tree.digest);
        make_note(&merkle);
        for (uint64_t i = 0; i < FUZZ_TREE_MAX; ++i) {
                make_leaf(i);
                must(ev_merkle_add(&merkle, &tree.hashes[i]));
                make_note(&merkle);
        }
}

const struct ev_note_key *fuzz_key(void)
{
        make();
        return &tree.key;
}

void fuzz_write_note(uint64_t size, struct ev_buffer *note)
{
        assert(size <= FUZZ_TREE_MAX);

        make();
        must(ev_buffer_append_str(note, ev_buffer_str(&tree.notes[size])));
}

void fuzz_write_leaf(uint64_t index, struct ev_buffer *bytes)
{
        assert(index < FUZZ_TREE_MAX);

        make();
        must(ev_buffer_append_str(bytes, ev_buffer_str(&tree.leaves[index])));
}

static void write_proof(struct ev_merkle_prover *prover, struct ev_proof *proof,
                        struct ev_buffer *text)
{
        for (uint64_t i = 0; i < prover->size; ++i)
                must(ev_merkle_prover_add(prover, &tree.hashes[i]));
        proof->hashes = *ev_merkle_prover_end(prover);
        proof->note = ev_buffer_str(&tree.notes[prover->size]);
        must(ev_proof_write(proof, text));
}

void fuzz_write_inclusion(uint64_t index, uint64_t size, struct ev_buffer *text)
{
        struct ev_proof proof = { .kind = EV_PROOF_INCLUSION, .index = index };
        struct ev_merkle_prover prover;

        assert(index < size && size <= FUZZ_TREE_MAX);

        make();
        proof.leaf = (struct ev_bytes){ tree.leaves[index].data, tree.leaves[index].size };
        ev_merkle_prove_leaf(&prover, tree.digest, index, size);
        write_proof(&prover, &proof, text);
}

void fuzz_write_consistency(uint64_t old_size, uint64_t size, struct ev_buffer *text)
{
        struct ev_proof proof = { .kind = EV_PROOF_CONSISTENCY };
        struct ev_merkle_prover prover;

        assert(old_size > 0 && old_size <= size && size <= FUZZ_TREE_MAX);

        make();
        proof.old_note = ev_buffer_str(&tree.notes[old_size]);
        ev_merkle_prove_growth(&prover, tree.digest, old_size, size);
        write_proof(&prover, &proof, text);
}
