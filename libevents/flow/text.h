#ifndef EV_FLOW_TEXT_H
#define EV_FLOW_TEXT_H

/* Texts for people on their way into the database or a fact. */

#include <assert.h>

#include "base/str.h"

/* A text that was made by printing into a buffer may end inside of a character. PostgreSQL and our
 * codec refuse such a text, and with it the record whose trouble it was to describe: so the piece
 * of a character is cut off. What is no text all the same is replaced. Null stays null. */
static inline struct ev_str ev_text_whole(struct ev_str text)
{
        enum { PIECE_MAX = 3 }; /* of a character of 4 bytes */
        struct ev_str whole = text;

        assert(text.data || text.size == 0);

        for (int i = 0; i < PIECE_MAX && whole.size > 0 && !ev_str_is_text(whole); ++i)
                --whole.size;
        return ev_str_is_text(whole) ? whole : EV_STR("(a text that is not UTF-8)");
}

#endif
