/* Prepares every statement of the project in each database that it is for, freshly migrated, and
 * compares what it declares with what PostgreSQL says: those of .sql files, and those that are made
 * from the tables of a worker. With --list it prints them instead, for who asks for their plans:
 * database, name, types of the parameters and text, with a tab between and a line each. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "flow/worker.h"
#include "order.h"
#include "shipping/shipping.h"
#include "sql_sets.h"
#include "store/db.h"
#include "store/tables.h"

static const struct ev_worker *const workers[] = { &order_worker, &shipping_worker };

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

/* A line has to hold the text: its own lines are told apart by the unit separator. */
static void list_statement(const char *database, const struct ev_statement *statement)
{
        printf("%s\t%s\t", database, statement->name);
        for (size_t i = 0; i < statement->params_count; ++i)
                printf("%s%u", i ? "," : "", statement->params[i]);
        putchar('\t');
        for (const char *c = statement->text; *c; ++c)
                putchar(*c == '\n' ? '\x1f' : *c);
        putchar('\n');
}

typedef void take_statement(const char *database, const struct ev_statement *statement);

static void each_of_files(take_statement *take)
{
        for (size_t i = 0; i < sql_sets_count; ++i) {
                if (sql_sets[i].count == 0)
                        failed++;
                for (size_t k = 0; k < sql_sets[i].count; ++k)
                        take(sql_sets[i].database, sql_sets[i].statements[k]);
        }
}

static void each_of_tables(take_statement *take)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(workers); ++i) {
                _cleanup_(ev_save_free_p) struct ev_save *save = NULL;
                const struct ev_statement *statement;

                if (ev_save_new(&save, workers[i]->tables, workers[i]->table_count) < 0) {
                        printf("FAIL  %s: %s\n", workers[i]->name, ev_error_last()->text);
                        failed++;
                        continue;
                }
                for (size_t k = 0; (statement = ev_save_statement(save, k)); ++k)
                        take(workers[i]->database, statement);
        }
}

int main(int argc, char **argv)
{
        bool is_list = argc == 2 && strcmp(argv[1], "--list") == 0;

        each_of_files(is_list ? list_statement : check_statement);
        each_of_tables(is_list ? list_statement : check_statement);
        if (is_list)
                return failed ? EXIT_FAILURE : EXIT_SUCCESS;
        printf("%u passed, %u failed\n", passed, failed);
        return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
