/* Paths of fields, written from their end to their beginning. Allocates nothing. */

#include "wire/trouble.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void ev_trouble_begin(struct ev_trouble *trouble, const char *reason)
{
        assert(reason);

        trouble->reason = reason;
        trouble->path_from = EV_TROUBLE_PATH_MAX - 1;
        trouble->path[trouble->path_from] = '\0';
}

static void put_in_front(struct ev_trouble *trouble, const char *step, size_t size)
{
        char first = *ev_trouble_path(trouble);

        assert(trouble->reason);
        assert(trouble->path_from < EV_TROUBLE_PATH_MAX);

        if (first && first != '[' && trouble->path_from > 0)
                trouble->path[--trouble->path_from] = '.';
        if (size > trouble->path_from)
                size = trouble->path_from;
        trouble->path_from -= size;
        memcpy(trouble->path + trouble->path_from, step, size);
}

void ev_trouble_in_field(struct ev_trouble *trouble, const struct ev_field *field)
{
        assert(field->name.data);

        put_in_front(trouble, field->name.data, field->name.size);
}

void ev_trouble_in_item(struct ev_trouble *trouble, size_t index)
{
        char step[32];
        int size = snprintf(step, sizeof(step), "[%zu]", index);

        assert(size > 0 && (size_t)size < sizeof(step));

        put_in_front(trouble, step, (size_t)size);
}
