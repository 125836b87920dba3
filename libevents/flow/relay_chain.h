#ifndef EV_FLOW_RELAY_CHAIN_H
#define EV_FLOW_RELAY_CHAIN_H

/* What a relay knows of each lane: a source's facts on one partition of one topic. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"
#include "base/uuid.h"
#include "store/feed.h"

enum {
        EV_CHAIN_SOURCES_MAX = 256, /* restores and failovers in the life of a database */
        EV_CHAIN_BYTES_MAX = 1024 * 1024,
};

struct ev_lane {
        int64_t published;    /* seq of the last fact handed to the producer; 0: none */
        int64_t acknowledged; /* the same up to the position: what is saved; ≤ published */
        int64_t tail;         /* highest seq found on the partition at the start; 0: none */
        struct ev_uuid tail_id;
};

struct ev_chain_topic {
        const char *name; /* borrowed */
        int32_t partitions;
        size_t first_lane; /* of this topic, in each source's block */
};

struct ev_chain_source {
        int16_t id;
        char uri[EV_FEED_URI_MAX];
};

/* Begins as all zeros; ends with ev_chain_done(). */
struct ev_chain {
        struct ev_chain_topic *topics;
        size_t topics_count;
        struct ev_chain_source *sources;
        size_t sources_count;
        size_t lanes_per_source;
        struct ev_lane *lanes; /* a block of lanes_per_source for each source, in its order */
};

void ev_chain_done(struct ev_chain *chain);

/* Takes the next topic; all topics come before the first source. */
int ev_chain_add_topic(struct ev_chain *chain, const char *name, int32_t partitions) _must_check_;

/* Takes a source; one that is known stays as it is. */
int ev_chain_add_source(struct ev_chain *chain, int16_t id, struct ev_str uri) _must_check_;

/* Places, or -1. */
int ev_chain_find_topic(const struct ev_chain *chain, struct ev_str name);
int ev_chain_find_source(const struct ev_chain *chain, int16_t id);
int ev_chain_find_uri(const struct ev_chain *chain, struct ev_str uri);

/* The index of a lane in `lanes`; source and topic are places. */
size_t ev_chain_lane(const struct ev_chain *chain, size_t source, size_t topic, int32_t partition);
size_t ev_chain_lanes(const struct ev_chain *chain);

/* The way back from an index. */
const struct ev_chain_source *ev_chain_source_of(const struct ev_chain *chain, size_t lane);
const struct ev_chain_topic *ev_chain_topic_of(const struct ev_chain *chain, size_t lane,
                                               int32_t *ret_partition);

/* Sets where a lane stood at the saved position. */
void ev_chain_restore(struct ev_chain *chain, size_t lane, int64_t seq);

/* Appends the `last` of ev_feed_save(). */
int ev_chain_write(const struct ev_chain *chain, struct ev_buffer *buffer) _must_check_;

bool ev_chain_check(const struct ev_chain *chain);

#endif
