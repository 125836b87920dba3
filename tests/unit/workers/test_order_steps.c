#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "steps.h"

UNIT_SUITE(order_steps);

enum {
        STATUSES = ORDER_STATUS_UNKNOWN,
        TEXT_MAX = 256,
        PLACES = 2, /* at home, abroad */
};

/* The contract, written down a second time and the other way round: for each event what comes of
 * each state, pending confirmed processing shipped in_transit delivered cancelled. A letter is the
 * state after it, '.' is not allowed. */
static const struct {
        enum order_event event;
        const char *after[PLACES];
} contract[] = {
        { ORDER_IS_CONFIRMED, { "c......", "c......" } },
        { ORDER_IS_CANCELLED, { "xxx....", "xcp...." } },
        { ORDER_EXPIRES, { "x......", "x......" } },
        { ORDER_MANIFEST_APPROVED, { ".......", ".pp...." } },
        { ORDER_MANIFEST_REJECTED, { ".......", ".xx...." } },
        { ORDER_MANIFEST_SHIPPED, { ".......", "..s...." } },
        { ORDER_CANCELLATION_DECLINED, { ".......", ".cpstd." } },
};

Test(order_steps, every_event_in_every_state_is_as_the_contract_says)
{
        static const char letters[] = "pcpstdx"; /* no event leads back to the first p */

        cr_assert_eq(EV_ARRAY_SIZE(contract), ORDER_EVENTS);
        for (size_t i = 0; i < EV_ARRAY_SIZE(contract); ++i)
                for (int abroad = 0; abroad < PLACES; ++abroad)
                        for (int from = 0; from < STATUSES; ++from) {
                                const struct order_step *step =
                                        order_step_of(contract[i].event, (enum order_status)from,
                                                      abroad);
                                char expected = contract[i].after[abroad][from];

                                cr_assert_eq(step ? letters[step->to] : '.', expected,
                                             "event %zu, state %d, %s", i, from,
                                             abroad ? "abroad" : "at home");
                                cr_assert(!step || step->to != ORDER_STATUS_PENDING);
                        }
}

/* One row for each case, so that none is hidden by another. */
Test(order_steps, no_case_has_two_rows)
{
        for (size_t i = 0; i < order_steps_count; ++i)
                for (size_t k = 0; k < i; ++k)
                        cr_assert_not(order_steps[i].event == order_steps[k].event &&
                                              order_steps[i].from == order_steps[k].from &&
                                              (order_steps[i].reach == order_steps[k].reach ||
                                               order_steps[i].reach == ORDER_ANYWHERE ||
                                               order_steps[k].reach == ORDER_ANYWHERE),
                                      "rows %zu and %zu", k, i);
}

/* ('pending', 'confirmed'), … as the migration writes it for the trigger. */
static bool database_has(const char *sql, enum order_status from, enum order_status to)
{
        char row[TEXT_MAX];

        snprintf(row, sizeof(row), "('%.*s', '%.*s')", EV_STR_ARG(order_status_enum.symbols[from]),
                 EV_STR_ARG(order_status_enum.symbols[to]));
        return strstr(sql, row);
}

/* A step that the database's trigger does not know would stop the worker when it is saved. */
Test(order_steps, the_database_takes_each_of_them)
{
        static char sql[64 * 1024];
        FILE *file = fopen(EV_MIGRATIONS "/order_db/0013_order_status.up.sql", "r");
        size_t size;

        cr_assert_not_null(file);
        size = fread(sql, 1, sizeof(sql) - 1, file);
        fclose(file);
        cr_assert_gt(size, 0);
        for (size_t i = 0; i < order_steps_count; ++i)
                cr_assert(order_steps[i].from == order_steps[i].to ||
                                  database_has(sql, order_steps[i].from, order_steps[i].to),
                          "row %zu", i);
        cr_assert_not(database_has(sql, ORDER_STATUS_SHIPPED, ORDER_STATUS_CANCELLED));
}
