#ifndef TESTS_BENCH_STORY_H
#define TESTS_BENCH_STORY_H

/* Events as they are in real life: an order of two lines that goes abroad, from its placing to its
 * manifest, as `eventctl tail -o json` has told them of a running system (story.ndjson). */

#include "base/arena.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/record.h"

enum { STORY_EVENTS_MAX = 32 };

struct story_event {
        const struct ev_registered *type;
        struct ev_str key, subject; /* null: none */
        void *value;                /* as the type's record says */
};

struct story {
        struct ev_arena *arena; /* all of it */
        size_t count;
        struct story_event events[STORY_EVENTS_MAX];
};

/* Ends the program for a file that cannot be read, with the line. Ends with story_done(). */
void story_read(struct story *story, const char *path);
void story_done(struct story *story);
#define _cleanup_story_ _cleanup_(story_done)

/* The event of that type; NULL: there is none. */
const struct story_event *story_find(const struct story *story, const struct ev_registered *type);

#endif
