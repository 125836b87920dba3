#ifndef TESTS_BENCH_TRAFFIC_H
#define TESTS_BENCH_TRAFFIC_H

/* The events that a shop and a warehouse send: which one is the n-th follows from n and the options
 * alone, so that it can be made anywhere, and known again by the id that it was given.
 *
 * They are about what tests/bench/system.py makes: product n is SKU-n of company C-(n mod companies),
 * costs 10 USD and lies at NORTH; the customer is U-1. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "wire/record.h"

enum traffic_kind {
        TRAFFIC_ORDER,        /* OrderPlaced */
        TRAFFIC_CANCELLATION, /* OrderCancellationRequested, of an order before it */
        TRAFFIC_RECEIPT,      /* GoodsReceived, one piece */
        TRAFFIC_KINDS,
};

enum {
        TRAFFIC_COMPANIES_MAX = 10000,
        TRAFFIC_SKUS_MAX = 10000, /* of a company */
        TRAFFIC_LINES_MAX = 500,
        TRAFFIC_SHARE_MAX = 1000,
        TRAFFIC_ID_SIZE = 36, /* looks like a UUID, which is what shops send */
        TRAFFIC_TEXT_MAX = 40,
};

#define TRAFFIC_HOME   "CO" /* where the shop is */
#define TRAFFIC_SOURCE "/test/shop"

struct traffic_options {
        int64_t companies, skus; /* that there are: skus of each company */
        int64_t lines;           /* of an order, at most skus */
        int64_t hot;             /* all orders are about so many products, with `lines` of them at
                                  * each of hot / lines companies; 0: about all there are */
        int64_t skew_percent; /* company of rank r gets a share like 1 / r^(skew / 100): Zipf's law;
                               * 0: all alike, in turn */
        const char *country;  /* where orders go; abroad from TRAFFIC_HOME makes manifests */
        int64_t shares[TRAFFIC_KINDS]; /* of the events; no more cancellations than orders */
        int64_t first;                 /* number of the first order, and of the first receipt */
        uint32_t run;                  /* in each id: tells this run's events from others' */
};

struct traffic;

/* Ends the program for options that contradict each other. The caller owns it (traffic_free). */
struct traffic *traffic_new(const struct traffic_options *options);
struct traffic *traffic_free(struct traffic *traffic);
EV_DEFINE_CLEANUP(struct traffic *, traffic_free)

struct traffic_event {
        enum traffic_kind kind;
        const struct ev_record *record; /* its topic and type */
        struct ev_str id, key;
        struct ev_bytes value; /* with the schema's id in front */
};

/* Makes the n-th event, from 0 on. Slices live until the next one is made. */
void traffic_make(struct traffic *traffic, int64_t n, struct traffic_event *ret_event);

/* Which kind the n-th event is. */
enum traffic_kind traffic_kind_of(const struct traffic *traffic, int64_t n);

/* How many of the first n events are of a kind. */
int64_t traffic_count(const struct traffic *traffic, enum traffic_kind kind, int64_t n);

/* The n that an id of this run was given; false: it is of another run, or no such id. */
bool traffic_number_of(const struct traffic *traffic, struct ev_str id, int64_t *ret_n);

/* Reads "60,20,20". False if it is no such list. */
bool traffic_parse_shares(const char *text, int64_t shares[TRAFFIC_KINDS]);

#endif
