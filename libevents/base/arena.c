/* A bump allocator over a list of blocks.
 *
 * Blocks grow geometrically and are kept, so the number of blocks stays small (their sizes double
 * up to BLOCK_MAX) and a reset is one pass over them. A piece that is larger than the next block
 * gets a block of its own size.
 *
 * A hostile record can ask for any size: the limit turns that into the record's own fault, so that
 * the process neither grows without end nor dies of it. Nothing here outlives the process. */

#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
        ALIGNMENT = alignof(max_align_t),
        BLOCK_MIN = 16 * 1024, /* bytes; a batch of small records fits into the first block */
        /* Doubling ends here: one large batch should not make a worker hold up to twice its memory
         * for good. */
        BLOCK_MAX = 1024 * 1024,
};

struct block {
        struct block *next;
        size_t capacity; /* bytes of data */
        size_t used;     /* bytes given out, a multiple of ALIGNMENT */
        alignas(max_align_t) unsigned char data[];
};

struct ev_arena {
        struct block *first;   /* NULL until the first piece is wanted */
        struct block *current; /* blocks before it are full, blocks behind it are empty */
        size_t bytes_max;      /* as ev_arena_new() was told */
        size_t used;           /* by all pieces since the last reset, padding included */
        size_t held;           /* sum of all capacities */
};

/* What can be relied on between two calls. The current block is missing only where there is none at
 * all: after a reset it is the first one again. */
static bool arena_check(const struct ev_arena *arena)
{
        return arena->used <= arena->bytes_max && (arena->first != NULL) == (arena->held > 0) &&
               (arena->first != NULL) == (arena->current != NULL);
}

int ev_arena_new(struct ev_arena **ret_arena, size_t bytes_max)
{
        struct ev_arena *arena;

        assert(ret_arena);
        assert(bytes_max > 0);

        arena = calloc(1, sizeof(*arena));
        if (!arena)
                return ev_fail_memory("an arena");
        arena->bytes_max = bytes_max;
        *ret_arena = arena;
        return 0;
}

struct ev_arena *ev_arena_free(struct ev_arena *arena)
{
        struct block *next;

        if (!arena)
                return NULL;
        for (struct block *block = arena->first; block; block = next) {
                next = block->next;
                free(block);
        }
        free(arena);
        return NULL;
}

/* Doubling keeps the number of calls of the heap logarithmic in the size of the largest batch. */
static size_t next_block_size(const struct ev_arena *arena, size_t wanted)
{
        size_t size = BLOCK_MIN;

        assert(wanted > 0);

        if (arena->current)
                size = arena->current->capacity * 2;
        if (size > BLOCK_MAX)
                size = BLOCK_MAX;
        return size > wanted ? size : wanted;
}

/* Puts a new block behind the current one; the kept ones further behind stay reachable. The bytes
 * are not cleared here, since a block that is used again has to be cleared piece by piece
 * anyway. */
static bool add_block(struct ev_arena *arena, size_t wanted)
{
        size_t capacity = next_block_size(arena, wanted);
        struct block *block = malloc(sizeof(*block) + capacity);

        assert(capacity >= wanted);

        if (!block) {
                (void)ev_fail_memory("a block of an arena");
                return false;
        }
        block->capacity = capacity;
        block->used = 0;
        block->next = arena->current ? arena->current->next : NULL;
        if (arena->current)
                arena->current->next = block;
        else
                arena->first = block;
        arena->current = block;
        arena->held += capacity;
        return true;
}

/* Makes the current block one that has room, a kept one if it is large enough. Only the next kept
 * block is looked at: a search through all would make the cost of a piece depend on the batches
 * before it, and what is skipped serves again after the reset. */
static bool make_room(struct ev_arena *arena, size_t size)
{
        struct block *next;

        if (arena->current && arena->current->capacity - arena->current->used >= size)
                return true;
        next = arena->current ? arena->current->next : NULL;
        if (next && next->capacity >= size) {
                arena->current = next;
                return true;
        }
        return add_block(arena, size);
}

/* Sizes come from records. They are therefore compared with what is left and never added to what is
 * used, which could wrap; and there must be room for the padding too, before it is computed.
 *
 * Blocks are used again without being cleared, so a piece is cleared when it is given out: a field
 * that nobody set must not show the value of another batch's record. */
void *ev_arena_take(struct ev_arena *arena, size_t size)
{
        size_t padded;
        void *piece;

        assert(arena);
        assert(arena_check(arena));

        if (size > arena->bytes_max - arena->used ||
            arena->bytes_max - arena->used - size < ALIGNMENT) {
                (void)ev_fail(EV_VERDICT_RECORD,
                              "more than %zu bytes of memory wanted by one batch",
                              arena->bytes_max);
                return NULL;
        }
        padded = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
        if (!make_room(arena, padded))
                return NULL;

        piece = arena->current->data + arena->current->used;
        arena->current->used += padded;
        arena->used += padded;
        memset(piece, 0, size);
        return piece;
}

/* A count that was read from a record times a size: an overflow becomes the largest size, which no
 * limit lets through, so that there is one refusal and not two. */
void *ev_arena_take_array(struct ev_arena *arena, size_t count, size_t size)
{
        size_t bytes;

        assert(arena);
        assert(size > 0);

        if (__builtin_mul_overflow(count, size, &bytes))
                bytes = SIZE_MAX;
        return ev_arena_take(arena, bytes);
}

/* The NUL behind the copy is there already: pieces begin as zeros. */
int ev_arena_copy(struct ev_arena *arena, struct ev_str str, struct ev_str *ret_copy)
{
        char *copy;

        assert(arena && ret_copy);
        assert(str.data || str.size == 0);

        if (ev_str_is_null(str)) {
                *ret_copy = EV_STR_NULL;
                return 0;
        }
        copy = ev_arena_take(arena, str.size + 1);
        if (!copy)
                return ev_trace(EV_FAILED);
        memcpy(copy, str.data, str.size);
        *ret_copy = (struct ev_str){ copy, str.size };
        return 0;
}

/* The blocks stay, in their order: the largest batch so far decides what the arena holds, and the
 * batches after it find that memory warm. */
void ev_arena_reset(struct ev_arena *arena)
{
        assert(arena);

        for (struct block *block = arena->first; block; block = block->next)
                block->used = 0;
        arena->current = arena->first;
        arena->used = 0;
        assert(arena_check(arena));
}

size_t ev_arena_used_bytes(const struct ev_arena *arena)
{
        assert(arena);

        return arena->used;
}

size_t ev_arena_held_bytes(const struct ev_arena *arena)
{
        assert(arena);

        return arena->held;
}
