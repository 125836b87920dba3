/* The chain of facts, lane by lane: it tells each fact its predecessor.
 *
 * It is kept twice. What was *published* makes the next header; what was *acknowledged* belongs to
 * the position and is saved with it in one UPDATE. A relay that starts again at a saved position
 * therefore begins with the chain as it was there and gives every fact the predecessor that it had
 * before. Were the chain taken from the topic's end instead, a fact published for the second time
 * would name one that comes behind it. */

#include "flow/relay_chain.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* `acknowledged` passing `published` would be a position that is ahead of what was sent. */
bool ev_chain_check(const struct ev_chain *chain)
{
        assert(chain->lanes || !ev_chain_lanes(chain));

        if (chain->sources_count > EV_CHAIN_SOURCES_MAX)
                return false;
        /* What is acknowledged was published before; never the other way round. */
        for (size_t i = 0; i < ev_chain_lanes(chain); ++i)
                if (chain->lanes[i].acknowledged > chain->lanes[i].published)
                        return false;
        return true;
}

/* Names of topics are borrowed from the options and stay. */
void ev_chain_done(struct ev_chain *chain)
{
        assert(chain);

        free(chain->topics);
        free(chain->sources);
        free(chain->lanes);
        *chain = (struct ev_chain){ 0 };
}

/* One block a source, all of one size: so a new source is appended behind the others, and the index
 * of a lane, which records in flight carry as their tag, never changes. */
size_t ev_chain_lanes(const struct ev_chain *chain)
{
        assert(chain);

        return chain->sources_count * chain->lanes_per_source;
}

/* Topics come first because they give the blocks their size. */
int ev_chain_add_topic(struct ev_chain *chain, const char *name, int32_t partitions)
{
        struct ev_chain_topic *topics;

        assert(partitions > 0);
        assert(!chain->sources_count);

        topics = reallocarray(chain->topics, chain->topics_count + 1, sizeof(*topics));
        if (!topics)
                return ev_fail_memory("topics of the relay");
        chain->topics = topics;
        topics[chain->topics_count++] =
                (struct ev_chain_topic){ name, partitions, chain->lanes_per_source };
        chain->lanes_per_source += (size_t)partitions;
        return 0;
}

/* Makes room for one more source and its lanes. The counts are the caller's to raise, so a failure
 * halfway leaves a larger array and nothing else. Lanes may move: pointers to them are good until
 * the next source. */
static int grow(struct ev_chain *chain)
{
        size_t lanes = ev_chain_lanes(chain);
        struct ev_chain_source *sources;
        struct ev_lane *grown;

        assert(chain->lanes_per_source);

        sources = reallocarray(chain->sources, chain->sources_count + 1, sizeof(*sources));
        if (!sources)
                return ev_fail_memory("sources of the relay");
        chain->sources = sources;
        grown = reallocarray(chain->lanes, lanes + chain->lanes_per_source, sizeof(*grown));
        if (!grown)
                return ev_fail_memory("lanes of the relay");
        chain->lanes = grown;
        /* All zeros is a lane without facts: the first one names no predecessor. */
        memset(grown + lanes, 0, chain->lanes_per_source * sizeof(*grown));
        return 0;
}

/* New ones come while a relay leads, too, when a database records under a new timeline. */
int ev_chain_add_source(struct ev_chain *chain, int16_t id, struct ev_str uri)
{
        struct ev_chain_source source = { .id = id };
        int r;

        assert(chain->lanes_per_source);

        if (ev_chain_find_source(chain, id) >= 0)
                return 0;
        if (chain->sources_count == EV_CHAIN_SOURCES_MAX ||
            !ev_str_copy(uri, source.uri, sizeof(source.uri)))
                return ev_fail(EV_VERDICT_STOP,
                               "ev.source: more than %d sources, or a uri of more than %d bytes",
                               EV_CHAIN_SOURCES_MAX, EV_FEED_URI_MAX - 1);
        r = grow(chain);
        if (r)
                return ev_trace(r);
        chain->sources[chain->sources_count++] = source;
        assert(ev_chain_check(chain));
        return 0;
}

/* A loop over two or three names; it is asked for names of the dictionary when they are loaded, not
 * for each row. */
int ev_chain_find_topic(const struct ev_chain *chain, struct ev_str name)
{
        assert(!ev_str_is_null(name));

        for (size_t i = 0; i < chain->topics_count; ++i)
                if (ev_str_equal(ev_str_of(chain->topics[i].name), name))
                        return (int)i;
        return -1;
}

/* Asked for each fact. There is one source in most databases, and one more for each restore or
 * failover. */
int ev_chain_find_source(const struct ev_chain *chain, int16_t id)
{
        assert(chain);

        for (size_t i = 0; i < chain->sources_count; ++i)
                if (chain->sources[i].id == id)
                        return (int)i;
        return -1;
}

/* A record on a topic has the source as text, a row as a number of this database; both lead to one
 * place here. */
int ev_chain_find_uri(const struct ev_chain *chain, struct ev_str uri)
{
        assert(chain);

        for (size_t i = 0; i < chain->sources_count; ++i)
                if (ev_str_equal(ev_str_of(chain->sources[i].uri), uri))
                        return (int)i;
        return -1;
}

size_t ev_chain_lane(const struct ev_chain *chain, size_t source, size_t topic, int32_t partition)
{
        assert(source < chain->sources_count);
        assert(topic < chain->topics_count);
        assert(partition >= 0 && partition < chain->topics[topic].partitions);

        return source * chain->lanes_per_source + chain->topics[topic].first_lane +
               (size_t)partition;
}

/* The division is exact by construction: every source has a block of the same size. */
const struct ev_chain_source *ev_chain_source_of(const struct ev_chain *chain, size_t lane)
{
        assert(lane < ev_chain_lanes(chain));

        return &chain->sources[lane / chain->lanes_per_source];
}

/* From the last topic down: the first whose lanes begin at or below the place has it. */
const struct ev_chain_topic *ev_chain_topic_of(const struct ev_chain *chain, size_t lane,
                                               int32_t *ret_partition)
{
        size_t place = lane % chain->lanes_per_source;
        size_t topic = chain->topics_count - 1;

        assert(lane < ev_chain_lanes(chain));

        while (chain->topics[topic].first_lane > place)
                --topic;
        *ret_partition = (int32_t)(place - chain->topics[topic].first_lane);
        return &chain->topics[topic];
}

/* At the saved position both numbers are the same: what was published behind it is found at the
 * ends of the topics, as `tail`, and never taken for a predecessor before its row is met again. */
void ev_chain_restore(struct ev_chain *chain, size_t lane, int64_t seq)
{
        assert(lane < ev_chain_lanes(chain));
        assert(seq > 0);

        chain->lanes[lane].published = seq;
        chain->lanes[lane].acknowledged = seq;
}

/* Names of topics and numbers need no escapes in JSON: Kafka takes [a-zA-Z0-9._-] only. A lane
 * without facts is written as null and keeps its place, because the place is the partition. */
static int write_topic(const struct ev_chain *chain, size_t source, size_t topic,
                       struct ev_buffer *buffer)
{
        const struct ev_lane *lanes = &chain->lanes[ev_chain_lane(chain, source, topic, 0)];
        int r = ev_buffer_printf(buffer, "%s\"%s\":[", topic ? "," : "", chain->topics[topic].name);

        assert(source < chain->sources_count);

        for (int32_t i = 0; !r && i < chain->topics[topic].partitions; ++i) {
                const char *comma = i ? "," : "";

                if (lanes[i].acknowledged)
                        r = ev_buffer_printf(buffer, "%s%" PRId64, comma, lanes[i].acknowledged);
                else
                        r = ev_buffer_printf(buffer, "%snull", comma);
        }
        return r ? r : ev_buffer_append_str(buffer, EV_STR("]"));
}

/* What is *acknowledged* is written. It is what stood on the topics when everything up to the
 * position was acknowledged, no more, since facts are taken in the order of seq. */
int ev_chain_write(const struct ev_chain *chain, struct ev_buffer *buffer)
{
        int r = ev_buffer_append_str(buffer, EV_STR("{"));

        assert(ev_chain_check(chain));

        for (size_t i = 0; !r && i < chain->sources_count; ++i) {
                r = ev_buffer_printf(buffer, "%s\"%d\":{", i ? "," : "", chain->sources[i].id);
                for (size_t j = 0; !r && j < chain->topics_count; ++j)
                        r = write_topic(chain, i, j, buffer);
                if (!r)
                        r = ev_buffer_append_str(buffer, EV_STR("}"));
        }
        return ev_trace(r ? r : ev_buffer_append_str(buffer, EV_STR("}")));
}
