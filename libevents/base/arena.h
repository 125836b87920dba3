#ifndef EV_BASE_ARENA_H
#define EV_BASE_ARENA_H

/* Memory that is given out piece by piece and taken back all at once: one for each batch.
 *
 * The blocks stay when the arena is reset, so a worker that has warmed up does not call the heap
 * between poll and commit. A limit bounds what one batch can take. Not for several threads. */

#include <stddef.h>

#include "base/macro.h"
#include "base/str.h"

struct ev_arena;

/* bytes_max bounds the sum of all pieces between two resets, padding included.
 * Returns EV_FAILED without memory. The caller owns *ret_arena (ev_arena_free). */
int ev_arena_new(struct ev_arena **ret_arena, size_t bytes_max) _must_check_;

/* Accepts NULL; returns NULL. */
struct ev_arena *ev_arena_free(struct ev_arena *arena);
EV_DEFINE_CLEANUP(struct ev_arena *, ev_arena_free)

/* `size` bytes of zeros, aligned for any type, valid until ev_arena_reset(); for size 0 a valid
 * pointer that must not be read. NULL, with the thread's error set (verdict: the record's fault),
 * when the limit is reached. */
void *ev_arena_take(struct ev_arena *arena, size_t size) _must_check_;

/* The same for `count` items of `size` bytes; a product that overflows is over the limit. */
void *ev_arena_take_array(struct ev_arena *arena, size_t count, size_t size) _must_check_;

/* Copies the bytes and a NUL behind them. Null stays null. False as ev_arena_take(). */
int ev_arena_copy(struct ev_arena *arena, struct ev_str str, struct ev_str *ret_copy) _must_check_;

/* Takes everything back. Every pointer into the arena is void; its blocks are used again. */
void ev_arena_reset(struct ev_arena *arena);

/* Bytes given out since the last reset, and bytes held from the heap. */
size_t ev_arena_used_bytes(const struct ev_arena *arena);
size_t ev_arena_held_bytes(const struct ev_arena *arena);

#endif
