/* A ring of predecessors, and a table of numbers by open addressing.
 *
 * The ring has a place for each number modulo its size, so that a later number takes the place of an
 * earlier one and what is found is checked by the number. The table takes entries and never gives one
 * up, so that a search ends at the first place that is free; it is at most half full. Nothing is
 * stored outside of memory. */

#include "flow/ledger.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/sort.h"

enum { PLACES = 2 * EV_LEDGER_OPEN_MAX };

enum state { FREE, AWAITED, MET };

/* A place of the ring; number 0: none was noted there yet. */
struct recent {
        int64_t seq, previous;
};

/* A place of the table. One that was met stays in it, so that a search which passes over it
 * still finds what stands behind. */
struct open {
        int64_t seq;
        enum state state;
};

struct ev_ledger {
        struct recent recent[EV_LEDGER_RECENT];
        struct open open[PLACES];
        size_t open_count;
};

/* One block, taken before anything is read: an audit that runs for an hour must not find at
 * its end that there is no memory for what it has found. */
int ev_ledger_new(struct ev_ledger **ret_ledger)
{
        struct ev_ledger *ledger = calloc(1, sizeof(*ledger));

        assert(ret_ledger);

        if (!ledger)
                return ev_fail_memory("the numbers of an audit");
        *ret_ledger = ledger;
        return 0;
}

/* One block, so there is nothing below it to free. */
struct ev_ledger *ev_ledger_free(struct ev_ledger *ledger)
{
        free(ledger);
        return NULL;
}

/* ---- Predecessors ---- */

/* Numbers come in ascending order, but for the few that were missing, so what is overwritten
 * is what is furthest away. */
void ev_ledger_note(struct ev_ledger *ledger, int64_t seq, int64_t previous)
{
        assert(seq > 0 && previous >= 0 && previous < seq);

        ledger->recent[(uint64_t)seq % EV_LEDGER_RECENT] = (struct recent){ seq, previous };
}

bool ev_ledger_previous(const struct ev_ledger *ledger, int64_t seq, int64_t *ret_previous)
{
        const struct recent *recent = &ledger->recent[(uint64_t)seq % EV_LEDGER_RECENT];

        assert(seq > 0 && ret_previous);

        if (recent->seq != seq)
                return false;
        *ret_previous = recent->previous;
        return true;
}

/* ---- What is awaited ---- */

/* The place of a number, or the free one where it would stand. Numbers that are missing often follow
 * each other; the multiplier (2^64 divided by the golden ratio) scatters them. */
static size_t find(const struct ev_ledger *ledger, int64_t seq)
{
        size_t place = (size_t)(((uint64_t)seq * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % PLACES;

        assert(seq > 0 && ledger->open_count <= EV_LEDGER_OPEN_MAX);

        while (ledger->open[place].state != FREE && ledger->open[place].seq != seq)
                place = (place + 1) % PLACES;
        return place;
}

/* More open numbers than this are not an accident of some records but a topic that was made
 * anew or a table that was lost. Then they are told one by one, without waiting whether their
 * records come later after all. */
static bool add(struct ev_ledger *ledger, size_t place, int64_t seq, enum state state)
{
        assert(ledger->open[place].state == FREE && state != FREE);

        if (ledger->open_count == EV_LEDGER_OPEN_MAX)
                return false;
        ledger->open[place] = (struct open){ seq, state };
        ++ledger->open_count;
        return true;
}

/* What was met elsewhere stays so: its record was told by itself, as one that stands in the
 * wrong place, and it would be told twice if it were missing, too. */
bool ev_ledger_await(struct ev_ledger *ledger, int64_t seq)
{
        size_t place = find(ledger, seq);

        assert(seq > 0);

        return ledger->open[place].state != FREE || add(ledger, place, seq, AWAITED);
}

bool ev_ledger_is_awaited(const struct ev_ledger *ledger, int64_t seq)
{
        assert(seq > 0);

        return ledger->open[find(ledger, seq)].state == AWAITED;
}

/* Without room the number is forgotten, and told as missing when its turn comes: one line too
 * many for a person, and none too few. */
void ev_ledger_meet(struct ev_ledger *ledger, int64_t seq)
{
        size_t place = find(ledger, seq);

        assert(seq > 0);

        if (ledger->open[place].state == FREE)
                (void)add(ledger, place, seq, MET);
        else
                ledger->open[place].state = MET;
}

/* Ascending, as a report of rows is. Numbers are different from each other: each has one place in the
 * table. */
static int compare(const void *a, const void *b, void *context)
{
        const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

        assert(left > 0 && right > 0 && !context);

        return (left > right) - (left < right);
}

/* The whole table is walked, once in an audit. */
int ev_ledger_list(struct ev_ledger *ledger, struct ev_arena *arena, int64_t *ret_seqs,
                   size_t *ret_count)
{
        size_t count = 0;

        assert(ret_seqs && ret_count);

        for (size_t i = 0; i < PLACES; ++i)
                if (ledger->open[i].state == AWAITED)
                        ret_seqs[count++] = ledger->open[i].seq;
        *ret_count = count;
        return ev_trace(ev_sort(arena, ret_seqs, count, sizeof(*ret_seqs), compare, NULL));
}
