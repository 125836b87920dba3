/* A bump allocator over a list of blocks.
 *
 * Blocks grow geometrically and are kept, so the number of blocks stays small (their sizes double
 * up to BLOCK_MAX) and a reset is one pass over them. A piece that is larger than the next block
 * gets a block of its own size. */

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
        BLOCK_MIN = 16 * 1024,
        BLOCK_MAX = 1024 * 1024,
};

struct block {
        struct block *next;
        size_t capacity;
        size_t used;
        alignas(max_align_t) unsigned char data[];
};

struct ev_arena {
        struct block *first;
        struct block *current; /* blocks before it are full, blocks behind it are empty */
        size_t bytes_max;
        size_t used;
        size_t held;
};

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

static size_t next_block_size(const struct ev_arena *arena, size_t wanted)
{
        size_t size = BLOCK_MIN;

        if (arena->current)
                size = arena->current->capacity * 2;
        if (size > BLOCK_MAX)
                size = BLOCK_MAX;
        return size > wanted ? size : wanted;
}

/* Puts a new block behind the current one; the kept ones further behind stay reachable. */
static bool add_block(struct ev_arena *arena, size_t wanted)
{
        size_t capacity = next_block_size(arena, wanted);
        struct block *block = malloc(sizeof(*block) + capacity);

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

/* Makes the current block one that has room, a kept one if it is large enough. */
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

void *ev_arena_take_array(struct ev_arena *arena, size_t count, size_t size)
{
        size_t bytes;

        assert(size > 0);

        if (__builtin_mul_overflow(count, size, &bytes))
                bytes = SIZE_MAX;
        return ev_arena_take(arena, bytes);
}

int ev_arena_copy(struct ev_arena *arena, struct ev_str str, struct ev_str *ret_copy)
{
        char *copy;

        assert(ret_copy);

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
