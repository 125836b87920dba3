#ifndef EV_WIRE_TROUBLE_H
#define EV_WIRE_TROUBLE_H

/* Where in a value an error is. The reason is noted where it is seen, and each level puts its name
 * in front while the recursion unwinds, so that a value without errors pays nothing for it. */

#include <stddef.h>

#include "wire/record.h"

enum { EV_TROUBLE_PATH_MAX = 256 }; /* bytes with NUL; longer paths lose their beginning */

struct ev_trouble {
        const char *reason; /* a literal */
        char path[EV_TROUBLE_PATH_MAX];
        size_t path_from; /* the path is the end of the buffer, from here on */
};

/* Notes the reason, with an empty path. Cold, so that the compiler moves errors out of the
 * loops. */
__attribute__((cold)) void ev_trouble_begin(struct ev_trouble *trouble, const char *reason);
/* Put a step in front of the path: a field's name, or an item's place from 0. */
void ev_trouble_in_field(struct ev_trouble *trouble, const struct ev_field *field);
void ev_trouble_in_item(struct ev_trouble *trouble, size_t index);

/* "lines[3].unit_price"; empty at the top. */
static inline const char *ev_trouble_path(const struct ev_trouble *trouble)
{
        return trouble->path + trouble->path_from;
}

#endif
