#ifndef SHIPPING_QUOTES_H
#define SHIPPING_QUOTES_H

/* What carriers offer for a parcel, which offer is taken, and when it arrives: rate.h over rows. */

#include "events.h"
#include "shipping/rate.h"
#include "shipping/rows.h"

enum {
        SERVICES_MAX = 64, /* that can quote one manifest; in the order of carrier and service */
        DEFAULT_CUTOFF = 17 * 60, /* minutes, where no card says one */
};

/* One service's quote. */
struct offer {
        const struct service *service;
        struct rate_quote quote;
};

struct offers {
        size_t count;
        struct offer list[SERVICES_MAX];
        const struct offer *selected; /* NULL: there is none */
        bool reached;                 /* some service reaches the zone … */
        bool too_heavy;               /* … but each of them takes less weight */
};

/* Asks every active service. */
void make_offers(const struct ev_rows *rows, const struct rate_parcel *parcel,
                 struct offers *offers);

/* When a parcel arrives that is ready now: 00:00 UTC of the day. A cutoff in minutes UTC. */
int64_t estimate_delivery(const struct ev_rows *rows, struct ev_str origin_country, int cutoff,
                          int transit_days, int64_t now);

/* The service behind a quote's row, or NULL where the carrier has it no more. */
const struct service *service_of_rate(const struct ev_rows *rows, const struct rate *rate);

#endif
