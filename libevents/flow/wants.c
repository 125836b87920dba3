/* Collects keys; sorts them and takes repeats out when all are there.
 *
 * The order is that of bytes, the same in every worker and every locale: rows that are locked in it
 * cannot deadlock. A want cannot fail, so that an author's code has no error to forget: what runs
 * out of memory on the way is told once, at the end. Keys are borrowed, lists lie in the arena. */

#include "flow/wants.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"

enum { CAPACITY_MIN = 64 }; /* keys of a list at first */

void ev_wants_begin(struct ev_wants *wants, struct ev_arena *arena)
{
        assert(arena);

        *wants = (struct ev_wants){ .arena = arena };
}

/* Doubles a full list. What is outgrown stays in the arena, which is as much as the list itself. */
static bool make_room(struct ev_wants *wants, struct ev_wanted *list)
{
        size_t capacity = list->capacity ? list->capacity * 2 : CAPACITY_MIN;
        struct ev_str *keys;

        assert(list->count <= list->capacity);

        if (list->count < list->capacity)
                return true;
        keys = ev_arena_take_array(wants->arena, capacity, sizeof(struct ev_str));
        if (!keys) {
                wants->failed = true;
                return false;
        }
        if (list->count > 0)
                memcpy(keys, list->keys, list->count * sizeof(struct ev_str));
        list->keys = keys;
        list->capacity = capacity;
        return true;
}

void ev_want(struct ev_wants *wants, unsigned list, struct ev_str key)
{
        assert(list < EV_LISTS_MAX);

        if (ev_str_is_null(key) || !make_room(wants, &wants->lists[list]))
                return;
        wants->lists[list].keys[wants->lists[list].count++] = key;
}

static int compare_keys(const void *a, const void *b, void *context)
{
        assert(a && b);

        (void)context;
        return ev_str_compare(*(const struct ev_str *)a, *(const struct ev_str *)b);
}

int ev_wants_finish(struct ev_wants *wants)
{
        int r;

        assert(wants->arena);

        if (wants->failed)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < EV_LISTS_MAX; ++i) {
                struct ev_wanted *list = &wants->lists[i];
                size_t kept = 0;

                /* Equal keys stand side by side then, and the first of them stays. */
                r = ev_sort(wants->arena, list->keys, list->count, sizeof(struct ev_str),
                            compare_keys, NULL);
                if (r < 0)
                        return ev_trace(r);
                for (size_t k = 0; k < list->count; ++k)
                        if (k == 0 || !ev_str_equal(list->keys[k], list->keys[kept - 1]))
                                list->keys[kept++] = list->keys[k];
                list->count = kept;
        }
        return 0;
}
