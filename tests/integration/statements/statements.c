/* Prepares every statement of the project in each database that it is for, freshly migrated, and
 * compares what its .sql file declares with what PostgreSQL says. */

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "sql_sets.h"
#include "store/db.h"

static unsigned passed, failed;

/* Each statement has a session of its own: after an error the others are still looked at, and what
 * one of them needs (a table of the session, a setting) no other has left behind. */
static void check_statement(const char *database, const struct ev_statement *statement)
{
        char conninfo[200];
        struct ev_db_options options = {
                .conninfo = conninfo,
                .application_name = "statements",
                .connect_ms = 10000,
                .wait_ms = 10000,
        };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        int r;

        snprintf(conninfo, sizeof(conninfo), "dbname=%s", database);
        r = ev_db_new(&db, &options);
        if (r == 0)
                r = ev_db_connect(db);
        if (r == 0)
                r = ev_db_check_statement(db, statement);
        if (r == 0) {
                passed++;
                return;
        }
        failed++;
        printf("FAIL  %s in %s: %s\n", statement->name, database, ev_error_last()->text);
}

int main(void)
{
        for (size_t i = 0; i < sql_sets_count; ++i) {
                if (sql_sets[i].count == 0)
                        failed++;
                for (size_t k = 0; k < sql_sets[i].count; ++k)
                        check_statement(sql_sets[i].database, sql_sets[i].statements[k]);
        }
        printf("%u passed, %u failed\n", passed, failed);
        return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
