#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steps.h"
#include "support/standing_order.h"

UNIT_SUITE(order_steps);

enum { ROW_MAX = 256 };

Test(order_steps, the_table_says_what_the_contract_says)
{
        for (size_t i = 0; i < ORDER_EVENTS; ++i)
                for (int abroad = 0; abroad < PLACES; ++abroad)
                        for (int from = 0; from < STATUSES; ++from) {
                                const struct order_step *step =
                                        order_step_of(contract[i].event, (enum order_status)from,
                                                      abroad);
                                char after = contract[i].after[abroad][from];

                                cr_assert_eq(!step, after == '.', "event %zu, state %d, %s", i,
                                             from, abroad ? "abroad" : "at home");
                                if (step)
                                        cr_assert_eq(step->to, contract_status(after));
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
        char row[ROW_MAX];

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

/* A request that is not allowed is refused, a fact is passed over; the clock does nothing. */
static void is_left_alone(struct decide *t, enum order_event event, enum order_status from)
{
        cr_assert_eq(standing_status(t), from);
        if (event == ORDER_IS_CONFIRMED || event == ORDER_IS_CANCELLED)
                standing_announced(t, "OrderRequestDeclined");
        else
                standing_announced(t, "");
        cr_assert_eq(t->c.is_ignored, event >= ORDER_MANIFEST_APPROVED);
}

/* The decides, not the table: what really happens to an order in each state, at home and abroad. */
Test(order_steps, orders_do_what_the_contract_says)
{
        for (size_t i = 0; i < ORDER_EVENTS; ++i)
                for (int abroad = 0; abroad < PLACES; ++abroad)
                        for (int from = 0; from < STATUSES; ++from) {
                                char after = contract[i].after[abroad][from];
                                struct decide t;

                                standing_begin(&t, (enum order_status)from, abroad);
                                if (contract[i].event == ORDER_CANCELLATION_DECLINED)
                                        standing_mark(&t);
                                standing_check_laws(&t);
                                cr_assert_eq(standing_event(&t, contract[i].event), 0);
                                standing_check_laws(&t);
                                if (after == '.')
                                        is_left_alone(&t, contract[i].event,
                                                      (enum order_status)from);
                                else
                                        cr_assert_eq(standing_status(&t), contract_status(after));
                                decide_end(&t);
                        }
}
