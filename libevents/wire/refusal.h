#ifndef EV_WIRE_REFUSAL_H
#define EV_WIRE_REFUSAL_H

/* Why a record cannot be an event: the conditions (> 0) of everything that opens or decodes one.
 * The names are those of the header `dlq-reason` and of `reason` in ev.dead_letter; where a
 * function returns one, the thread's error holds the detail. */

enum ev_refusal {
        EV_UNDECODABLE = 1, /* the value is not what its schema says */
        EV_UNKNOWN_SCHEMA,  /* its schema's id or fingerprint is not known */
        EV_BAD_ENVELOPE,    /* a header or the key is missing or malformed */
        EV_OVER_LIMIT,      /* well formed perhaps, but more than is looked at */
        EV_ID_REUSED,       /* its id was seen with another type or content */
        EV_UNEXPECTED_TYPE, /* no such event on this topic */
        EV_WRONG_SHARD,     /* its key belongs to a database that this worker does not have */
        EV_POISON,          /* applying it fails again and again, or ends the process */
};

/* "undecodable", "unknown_schema", "bad_envelope", … */
const char *ev_refusal_name(enum ev_refusal refusal);

#endif
