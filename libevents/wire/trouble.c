/* Paths of fields, written from their end to their beginning. Allocates nothing. A path that does
 * not fit loses its beginning: its end, the field that was wrong, is what is looked for. Names in
 * it are those of our schemas, never input.
 *
 * A wrong unit_price in the fourth line grows from its end while the recursion unwinds:
 *
 *       "unit_price"   →   "[3].unit_price"   →   "lines[3].unit_price" */

#include "wire/trouble.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Sets the reason and an empty path at the end of the buffer; nothing else has to be
 * initialised. */
void ev_trouble_begin(struct ev_trouble *trouble, const char *reason)
{
        assert(trouble);
        assert(reason);

        trouble->reason = reason;
        trouble->path_from = EV_TROUBLE_PATH_MAX - 1;
        trouble->path[trouble->path_from] = '\0';
}

/* A dot goes between two steps, but not before an index: "lines" + "[3]" + "sku" is
 * lines[3].sku. */
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

/* Names are slices of constant data; they are copied because the path is one text. */
void ev_trouble_in_field(struct ev_trouble *trouble, const struct ev_field *field)
{
        assert(field->name.data);

        put_in_front(trouble, field->name.data, field->name.size);
}

/* Indexes count from 0, as programs do. */
void ev_trouble_in_item(struct ev_trouble *trouble, size_t index)
{
        char step[32];
        int size = snprintf(step, sizeof(step), "[%zu]", index);

        assert(size > 0 && (size_t)size < sizeof(step));

        put_in_front(trouble, step, (size_t)size);
}
