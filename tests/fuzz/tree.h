#ifndef TESTS_FUZZ_TREE_H
#define TESTS_FUZZ_TREE_H

/* A small tree, its checkpoints and its proofs, signed with a key that everybody may know. The same at
 * every start, so that a seed is a proof of the tree that the fuzzer has. */

#include "base/buffer.h"
#include "flow/checkpoint.h"
#include "flow/note.h"
#include "flow/proof.h"

enum { FUZZ_TREE_MAX = 24 }; /* leaves; all of them differ */

/* Made once and kept until the process ends. */
const struct ev_note_key *fuzz_key(void);

/* Appends the signed checkpoint of the first `size` leaves. */
void fuzz_write_note(uint64_t size, struct ev_buffer *note);

/* Appends the bytes of leaf `index` < FUZZ_TREE_MAX. */
void fuzz_write_leaf(uint64_t index, struct ev_buffer *bytes);

/* Appends the proof that leaf `index` is in the tree of `size` leaves, index < size ≤ FUZZ_TREE_MAX. */
void fuzz_write_inclusion(uint64_t index, uint64_t size, struct ev_buffer *text);

/* Appends the proof that the tree of `size` leaves begins with that of `old_size`, 0 < old_size ≤ size. */
void fuzz_write_consistency(uint64_t old_size, uint64_t size, struct ev_buffer *text);

#endif
