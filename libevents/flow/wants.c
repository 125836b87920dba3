/* Collects keys; sorts them and takes repeats out when all are there. */

#include "flow/wants.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { CAPACITY_MIN = 64 };

void ev_wants_begin(struct ev_wants *wants, struct ev_arena *arena)
{
        assert(arena);

        *wants = (struct ev_wants){ .arena = arena };
}

static bool make_room(struct ev_wants *wants, struct ev_wanted *list)
{
        size_t capacity = list->capacity ? list->capacity * 2 : CAPACITY_MIN;
        struct ev_str *keys;

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

static int compare_keys(const void *a, const void *b)
{
        return ev_str_compare(*(const struct ev_str *)a, *(const struct ev_str *)b);
}

int ev_wants_finish(struct ev_wants *wants)
{
        if (wants->failed)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < EV_LISTS_MAX; ++i) {
                struct ev_wanted *list = &wants->lists[i];
                size_t kept = 0;

                if (list->count == 0)
                        continue;
                qsort(list->keys, list->count, sizeof(struct ev_str), compare_keys);
                for (size_t k = 0; k < list->count; ++k)
                        if (k == 0 || !ev_str_equal(list->keys[k], list->keys[kept - 1]))
                                list->keys[kept++] = list->keys[k];
                list->count = kept;
        }
        return 0;
}
