#ifndef EV_FLOW_LEDGER_H
#define EV_FLOW_LEDGER_H

/* What an audit remembers of numbers that it has met, in bounded memory: the predecessor of each of
 * the latest ones, and those whose record did not stand where it should. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macro.h"

enum {
        /* Numbers whose predecessor is known. Late records of a relay that was cut off repeat what it
         * had in flight, which is far less. */
        EV_LEDGER_RECENT = 1 << 18,
        EV_LEDGER_OPEN_MAX = 1 << 16, /* numbers that are awaited or were met elsewhere */
};

struct ev_ledger;

/* Some 6 MB. The caller owns *ret_ledger (ev_ledger_free). */
int ev_ledger_new(struct ev_ledger **ret_ledger) _must_check_;
struct ev_ledger *ev_ledger_free(struct ev_ledger *ledger);
EV_DEFINE_CLEANUP(struct ev_ledger *, ev_ledger_free)

/* Notes the number (> 0) of the fact before this one on its partition; 0: it is the first. */
void ev_ledger_note(struct ev_ledger *ledger, int64_t seq, int64_t previous);

/* False if it was never noted, or too long ago. */
bool ev_ledger_previous(const struct ev_ledger *ledger, int64_t seq, int64_t *ret_previous);

/* The record of a number has not come. Nothing is changed of one that was met elsewhere. False:
 * there is no room to remember it. */
bool ev_ledger_await(struct ev_ledger *ledger, int64_t seq);

bool ev_ledger_is_awaited(const struct ev_ledger *ledger, int64_t seq);

/* A record of it was met, on its partition too late or on another one: it is awaited no more. One
 * that was met first is remembered as long as there is room. */
void ev_ledger_meet(struct ev_ledger *ledger, int64_t seq);

/* Those that are still awaited, in ascending order, into EV_LEDGER_OPEN_MAX places. The arena is for
 * the sorting; fails as ev_sort(). */
int ev_ledger_list(struct ev_ledger *ledger, struct ev_arena *arena, int64_t *ret_seqs,
                   size_t *ret_count) _must_check_;

#endif
