/* What an audit remembers of numbers. */

#include "flow/ledger.h"

#include <stdlib.h>

#include "support/unit.h"

UNIT_SUITE(ledger);

/* Made of zeros: a number that was never noted is none, and nothing is awaited. */
static struct ev_ledger *new_ledger(void)
{
        struct ev_ledger *ledger = NULL;

        cr_assert_eq(ev_ledger_new(&ledger), 0);
        return ledger;
}

/* With an arena of its own, which is large enough for all of them: that there is memory for a
 * report of 65536 numbers is what the last test wants. */
static size_t list(struct ev_ledger *ledger, int64_t *seqs)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        size_t count = 0;

        cr_assert_eq(ev_arena_new(&arena, 4 * 1024 * 1024), 0);
        cr_assert_eq(ev_ledger_list(ledger, arena, seqs, &count), 0);
        return count;
}

/* A late repetition is compared with its predecessor as long as that is known; what was
 * forgotten must not be mistaken for another number that has the same place. */
Test(ledger, tells_the_predecessor_of_recent_numbers_only)
{
        _cleanup_(ev_ledger_free_p) struct ev_ledger *ledger = new_ledger();
        int64_t previous = -1;

        cr_assert(!ev_ledger_previous(ledger, 7, &previous));
        ev_ledger_note(ledger, 7, 0);
        cr_assert(ev_ledger_previous(ledger, 7, &previous));
        cr_assert_eq(previous, 0);
        ev_ledger_note(ledger, 7 + EV_LEDGER_RECENT, 7);
        cr_assert(!ev_ledger_previous(ledger, 7, &previous), "a later number took its place");
        cr_assert(ev_ledger_previous(ledger, 7 + EV_LEDGER_RECENT, &previous));
        cr_assert_eq(previous, 7);
}

/* Findings of missing records come in the order of numbers, whatever the table's order is. */
Test(ledger, lists_what_is_awaited_in_order)
{
        _cleanup_(ev_ledger_free_p) struct ev_ledger *ledger = new_ledger();
        int64_t *seqs = calloc(EV_LEDGER_OPEN_MAX, sizeof(*seqs));

        for (int64_t seq = 30; seq > 0; seq -= 10)
                cr_assert(ev_ledger_await(ledger, seq));
        cr_assert(ev_ledger_is_awaited(ledger, 20));
        ev_ledger_meet(ledger, 20);
        cr_assert(!ev_ledger_is_awaited(ledger, 20));
        cr_assert_eq(list(ledger, seqs), 2);
        cr_assert_eq(seqs[0], 10);
        cr_assert_eq(seqs[1], 30);
        free(seqs);
}

/* One that was told as standing on another partition is not told as missing as well. */
Test(ledger, does_not_await_what_was_met_elsewhere_before)
{
        _cleanup_(ev_ledger_free_p) struct ev_ledger *ledger = new_ledger();

        ev_ledger_meet(ledger, 5);
        cr_assert(ev_ledger_await(ledger, 5));
        cr_assert(!ev_ledger_is_awaited(ledger, 5));
}

/* A topic that was made anew has more missing records than there are places: none of them may
 * be lost from the report, so who asks is told that this one was not kept. */
Test(ledger, says_when_there_is_no_room)
{
        _cleanup_(ev_ledger_free_p) struct ev_ledger *ledger = new_ledger();
        int64_t *seqs = calloc(EV_LEDGER_OPEN_MAX, sizeof(*seqs));

        for (int64_t seq = 1; seq <= EV_LEDGER_OPEN_MAX; ++seq)
                cr_assert(ev_ledger_await(ledger, seq));
        cr_assert(!ev_ledger_await(ledger, EV_LEDGER_OPEN_MAX + 1));
        cr_assert(ev_ledger_await(ledger, 1), "what is there needs none");
        ev_ledger_meet(ledger, EV_LEDGER_OPEN_MAX + 2);
        cr_assert_eq(list(ledger, seqs), EV_LEDGER_OPEN_MAX);
        cr_assert_eq(seqs[EV_LEDGER_OPEN_MAX - 1], EV_LEDGER_OPEN_MAX);
        free(seqs);
}
