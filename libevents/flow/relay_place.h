#ifndef EV_FLOW_RELAY_PLACE_H
#define EV_FLOW_RELAY_PLACE_H

/* Where a fact belongs: the names that its row has as numbers, its topic and partition, its lane. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "flow/relay_chain.h"
#include "flow/relay_record.h"
#include "store/feed.h"

enum { EV_RELAY_ID_SPAN = INT16_MAX + 1 }; /* ids of the dictionary are smallints */

/* A name of the dictionary. */
struct ev_relay_name {
        char *text; /* NULL: the id is not known */
        int topic;  /* its place among the chain's topics; -1: not one of ours */
};

/* What rows and topics are called. Begins as all zeros; ends with ev_places_done(). Topics are added
 * to the chain by the caller, before anything else. */
struct ev_places {
        struct ev_chain chain;
        struct ev_relay_name *names; /* EV_RELAY_ID_SPAN of them */
};

int ev_places_init(struct ev_places *places) _must_check_;
void ev_places_done(struct ev_places *places);

/* Reads the dictionary, and the sources into the chain. What is known stays. */
int ev_places_load_names(struct ev_places *places, struct ev_feed *feed) _must_check_;
int ev_places_load_sources(struct ev_places *places, struct ev_feed *feed) _must_check_;

struct ev_place_of_fact {
        struct ev_relay_names names; /* borrowed from the places; until the next source */
        size_t topic;                /* its place in the chain */
        int32_t partition;
        size_t lane; /* of the chain */
};

/* Finds it; names and sources that are not known yet are read first. EV_PLACE_NOWHERE: they do not know
 * all of the row's numbers, or its topic is not one of the chain's; the error says which. */
enum { EV_PLACE_NOWHERE = 1 };
int ev_places_find(struct ev_places *places, struct ev_feed *feed, const struct ev_feed_fact *fact,
                   struct ev_place_of_fact *ret_place) _must_check_;

#endif
