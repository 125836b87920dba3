#ifndef EV_FLOW_RELAY_PRIVATE_H
#define EV_FLOW_RELAY_PRIVATE_H

/* What the files relay*.c share. Nobody else includes this. */

#include "base/buffer.h"
#include "flow/relay.h"
#include "flow/relay_chain.h"
#include "flow/relay_place.h"
#include "flow/relay_record.h"
#include "store/feed.h"
#include "wire/producer.h"

enum {
        EV_RELAY_TAG_FEED_SHIFT = 31, /* a record's tag: the feed, and the lane of a fact */
};

/* How far one feed is. position ≤ read; saved ≤ position. */
struct ev_relay_feed {
        int64_t read;     /* every number up to here is handed to the producer or known as a gap */
        int64_t position; /* every number up to here is on its topic, or a gap */
        int64_t saved;    /* the position in the database */
        int64_t epoch;    /* of our leadership */
        /* Every number up to here is visible to statements begun from now on, or never will be. */
        int64_t settled;
        int64_t due_micros; /* monotonic: when it is read again */
        int pause_ms;       /* doubles with each empty page */
};

struct ev_relay {
        const struct ev_relay_options *options;
        struct ev_db *db;
        struct ev_feed ask;
        struct ev_producer *producer;
        size_t *producer_topics; /* of each topic of the chain */
        size_t dead_letter_topic;
        struct ev_places places;
        struct ev_relay_feed feeds[EV_FEEDS];
        struct ev_relay_record record;
        struct ev_feed_writers writers;
        struct ev_buffer text;
        int wake[2];                                 /* pipe: Kafka has something for us */
        int64_t asked_micros;                        /* when the database was asked last */
        int64_t saved_micros;                        /* when positions were saved last */
        struct ev_series *series[EV_RELAY_POSITION]; /* of metrics without labels */
        struct ev_series *positions[EV_FEEDS];
};

/* Adds to a counter. */
static inline void ev_relay_count(struct ev_relay *relay, enum ev_relay_metric metric,
                                  uint64_t amount)
{
        ev_series_add(relay->series[metric], (int64_t)amount);
}

/* relay_start.c: reads everything that a leader must know: positions, chain, names, and what the
 * ends of the topics hold. Fails with verdict stop when these contradict the rows. */
int ev_relay_start(struct ev_relay *relay) _must_check_;

/* relay.c: publishes until told to stop (0) or something fails. */
int ev_relay_lead(struct ev_relay *relay) _must_check_;

/* relay.c: asks for the epoch when nothing was asked for a while, so that the session is kept and a
 * leader that was replaced learns of it (fails with verdict retry). Costs nothing before that. */
int ev_relay_stay_leader(struct ev_relay *relay) _must_check_;

/* relay_run.c: waits until told to stop (true) or timeout_ms have passed; the rest as poll(2). */
bool ev_relay_is_stopped(const struct ev_relay *relay, int timeout_ms);

bool ev_relay_check(const struct ev_relay *relay);

#endif
