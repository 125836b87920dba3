/* The worker's tables against a real PostgreSQL, as the worker's role: tables CONNINFO
 * ADMIN_CONNINFO. Here stand the suites' turn, and what is asked of every statement. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ev_sql.h"
#include "report.h"
#include "sessions.h"
#include "store/db.h"

/* Every statement as PostgreSQL sees it, on tables that are nearly empty. */

static int find_scan(void *context, const struct ev_str *values, size_t count)
{
        char *text = context;

        assert(count == 1);
        if (memmem(values[0].data, values[0].size, "Seq Scan on", 11) &&
            !memmem(values[0].data, values[0].size, "inbox_generation", 16))
                snprintf(text, TEXT_MAX, "%.*s", EV_STR_ARG(values[0]));
        return 0;
}

static void check_plan(const struct ev_statement *statement)
{
        char sql[TEXT_MAX], scan[TEXT_MAX] = "";
        size_t used;

        used = (size_t)snprintf(sql, sizeof(sql), "EXPLAIN EXECUTE \"%s\"", statement->name);
        for (size_t i = 0; i < statement->params_count; ++i)
                used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%sNULL", i ? ", " : " (");
        if (statement->params_count > 0)
                snprintf(sql + used, sizeof(sql) - used, ")");
        require(ev_db_script(a.db, sql, find_scan, scan), sql);
        report_detail("%s", scan);
        report(!scan[0], "%s reads no table from end to end", statement->name);
}

static void check_statements(void)
{
        static const char *const prefixes[] = { "offsets_",      "inbox_",  "requests_", "outbox_",
                                                "dead_letters_", "parked_", "attempts_" };
        size_t checked = 0;

        for (size_t i = 0; i < ev_sql_count; ++i)
                for (size_t p = 0; p < EV_ARRAY_SIZE(prefixes); ++p)
                        if (strstr(ev_sql_all[i]->name, prefixes[p]) &&
                            !strstr(ev_sql_all[i]->name, "outbox_name_ids")) {
                                report(ev_db_check_statement(a.db, ev_sql_all[i]) == 0,
                                       "%s says the types that PostgreSQL says",
                                       ev_sql_all[i]->name);
                                check_plan(ev_sql_all[i]);
                                ++checked;
                                break;
                        }
        report(checked >= 15, "the statements were found");
}

int main(int argc, char **argv)
{
        check_fn *const *const suites[] = { offsets_checks, inbox_checks, facts_checks,
                                            parked_checks };
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;

        if (argc != 3) {
                fputs("usage: tables CONNINFO ADMIN_CONNINFO\n", stderr);
                return EXIT_FAILURE;
        }
        conninfo = argv[1];
        connect_db(&admin, argv[2]);
        open_session(&a);
        open_session(&b);
        require(ev_arena_new(&arena, PARAMS_BYTES_MAX), "an arena");
        for (size_t i = 0; i < EV_ARRAY_SIZE(suites); ++i)
                for (check_fn *const *check = suites[i]; *check; ++check) {
                        forget_all();
                        (*check)(arena);
                }
        check_statements();
        close_session(&a);
        close_session(&b);
        ev_db_free(admin);
        return report_status();
}
