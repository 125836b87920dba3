/* From numbers of rows to names, topics and lanes, for who publishes facts and for who looks whether
 * they were.
 *
 * Numbers are never given another name, so a name that is known stays, and pointers to it are good for
 * as long as the places live. Nothing is stored outside of memory. */

#include "flow/relay_place.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "wire/partition.h"

/* All ids that a smallint can be, so that a row's number is an index and nothing has to be
 * searched for each fact: half a megabyte, of which the used part is some pages. */
int ev_places_init(struct ev_places *places)
{
        assert(!places->names);

        places->names = calloc(EV_RELAY_ID_SPAN, sizeof(*places->names));
        return places->names ? 0 : ev_fail_memory("the dictionary");
}

/* The chain goes with it. Names of its topics belong to whoever has added them. */
void ev_places_done(struct ev_places *places)
{
        assert(places);

        for (size_t i = 0; places->names && i < EV_RELAY_ID_SPAN; ++i)
                free(places->names[i].text);
        free(places->names);
        ev_chain_done(&places->chain);
        places->names = NULL;
}

int ev_places_load_names(struct ev_places *places, struct ev_feed *feed)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ev_feed_load_names(feed, &rows);

        assert(places->names);

        for (size_t i = 0; !r && i < ev_result_rows(rows); ++i) {
                int16_t id = ev_result_int2(rows, i, 0);
                struct ev_str text = ev_result_text(rows, i, 1);
                struct ev_relay_name *name = &places->names[id > 0 ? id : 0];

                if (id <= 0 || name->text)
                        continue;
                name->text = strndup(text.data, text.size);
                if (!name->text)
                        return ev_fail_memory("the dictionary");
                name->topic = ev_chain_find_topic(&places->chain, text);
        }
        return ev_trace(r);
}

/* A source without facts has lanes, too: its first fact may come at any moment. */
int ev_places_load_sources(struct ev_places *places, struct ev_feed *feed)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ev_feed_load_sources(feed, &rows);

        assert(places->chain.topics_count);

        for (size_t i = 0; !r && i < ev_result_rows(rows); ++i)
                r = ev_chain_add_source(&places->chain, ev_result_int2(rows, i, 0),
                                        ev_result_text(rows, i, 1));
        return ev_trace(r);
}

/* A name by its id, NULL for what cannot be one: ids in rows are whatever a writer put there. */
static const struct ev_relay_name *name_of(const struct ev_places *places, int16_t id)
{
        assert(places->names);

        return id > 0 && places->names[id].text ? &places->names[id] : NULL;
}

/* Those given since they were read are looked up when they are first met: a worker of a newer version
 * names new types, and a database that was promoted is a new source. Both happen seldom, and each costs
 * one statement. */
static int learn(struct ev_places *places, struct ev_feed *feed, const struct ev_feed_fact *fact)
{
        int r = 0;

        assert(fact);

        if (!name_of(places, fact->topic) || !name_of(places, fact->type))
                r = ev_places_load_names(places, feed);
        if (!r && ev_chain_find_source(&places->chain, fact->source_id) < 0)
                r = ev_places_load_sources(places, feed);
        return ev_trace(r);
}

/* The text is for a person who looks at the row: it has the numbers as they stand there. The
 * relay fails with it; an audit tells it of that row and goes on. */
static int say_nowhere(const struct ev_feed_fact *fact, const struct ev_relay_name *topic)
{
        assert(fact->seq > 0);

        if (topic && topic->topic < 0)
                (void)ev_fail(EV_VERDICT_STOP,
                              "fact %" PRId64 " is for topic %s, which is not one of this "
                              "database's (relay.topics)",
                              fact->seq, topic->text);
        else
                (void)ev_fail(EV_VERDICT_STOP,
                              "fact %" PRId64 " has topic %d, type %d and source %d, of which "
                              "ev.dictionary or ev.source does not know all",
                              fact->seq, fact->topic, fact->type, fact->source_id);
        return EV_PLACE_NOWHERE;
}

/* The partition is computed and not stored, by the same function for who publishes and for who
 * checks; with another count of partitions both would be wrong in the same way, which is why
 * the relay refuses that. */
int ev_places_find(struct ev_places *places, struct ev_feed *feed, const struct ev_feed_fact *fact,
                   struct ev_place_of_fact *ret_place)
{
        struct ev_chain *chain = &places->chain;
        const struct ev_relay_name *topic, *type;
        int32_t partition;
        int source, r = learn(places, feed, fact);

        assert(ret_place);

        if (r)
                return ev_trace(r);
        topic = name_of(places, fact->topic);
        type = name_of(places, fact->type);
        source = ev_chain_find_source(chain, fact->source_id);
        if (!topic || !type || source < 0 || topic->topic < 0)
                return say_nowhere(fact, type && source >= 0 ? topic : NULL);
        partition = ev_partition_of(fact->key, chain->topics[topic->topic].partitions);
        *ret_place = (struct ev_place_of_fact){
                .names = { .source = ev_str_of(chain->sources[source].uri),
                           .type = ev_str_of(type->text) },
                .topic = (size_t)topic->topic,
                .partition = partition,
                .lane = ev_chain_lane(chain, (size_t)source, (size_t)topic->topic, partition),
        };
        return 0;
}
