/* The generator as the build calls it: a folder in, a header and a source or an error out. */

#include "support/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"

UNIT_SUITE(sqlgen);

static char folder[] = "/tmp/test-sqlgen.XXXXXX";
static bool has_folder;

static void write_sql(const char *name, const char *text)
{
        char path[200];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        file = fopen(path, "w");
        cr_assert_not_null(file);
        fputs(text, file);
        fclose(file);
}

static void read_all(FILE *file, char *text, size_t size)
{
        text[fread(text, 1, size - 1, file)] = '\0';
        fclose(file);
}

/* Runs the generator over the one file x.sql; its exit code, and what it wrote or complained. */
static int generate(const char *sql, char *text, size_t size)
{
        char command[1000], path[200];
        FILE *pipe;
        int status;

        if (!has_folder)
                cr_assert_not_null(mkdtemp(folder));
        has_folder = true;
        if (sql)
                write_sql("x.sql", sql);
        snprintf(command, sizeof(command), "%s test %s %s/out.h %s/out.c 2>&1", SQLGEN, folder,
                 folder, folder);
        pipe = popen(command, "r");
        cr_assert_not_null(pipe);
        text[fread(text, 1, size - 1, pipe)] = '\0';
        status = pclose(pipe);
        if (status == 0) {
                snprintf(path, sizeof(path), "%s/out.c", folder);
                read_all(fopen(path, "r"), text, size);
        }
        snprintf(command, sizeof(command), "rm -f %s/out.h %s/out.c %s/x.sql", folder, folder,
                 folder);
        cr_assert_eq(system(command), 0);
        return WEXITSTATUS(status);
}

static void clean(void)
{
        char command[200];

        snprintf(command, sizeof(command), "rm -rf %s", folder);
        cr_assert_eq(system(command), 0);
}

Test(sqlgen, makes_a_constant_of_a_file, .fini = clean)
{
        char text[8192];

        cr_assert_eq(generate("-- Reads.\n-- in: a int8, b text[]\n-- out: c timestamptz?, d bool\n"
                              "SELECT c, -- that one\n       d /* and /* this */ one */\n"
                              "  FROM t WHERE a = $1 AND e = ANY($2)\n  AND f = 'a;--b$9' ;\n\n",
                              text, sizeof(text)),
                     0, "%s", text);
        cr_assert_not_null(strstr(text, "const struct ev_statement test_x = {"), "%s", text);
        cr_assert_not_null(strstr(text, "x_params[] = { 20, 1009 };"), "%s", text);
        cr_assert_not_null(strstr(text, "x_param_names[] = { \"a\", \"b\" };"), "%s", text);
        cr_assert_not_null(strstr(text, "{ \"c\", 1184, true },"), "%s", text);
        cr_assert_not_null(strstr(text, "{ \"d\", 16, false },"), "%s", text);
        cr_assert_not_null(strstr(text, "AND f = 'a;--b$9'\","), "%s", text);
        cr_assert_null(strstr(text, "that one"), "comments are gone");
        cr_assert_null(strstr(text, "this"), "comments are gone");
        cr_assert_not_null(strstr(text, "&test_x,"), "it is in the list of all");
}

Test(sqlgen, leaves_quoted_text_alone, .fini = clean)
{
        static const char *const pieces[] = {
                "'it''s; -- no comment'", "\"a;--b\"",        "E'a\\'; $7'",
                "$$ $1 -- ; $$",          "$tag$ $$ ' $tag$", "'/* */'",
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(pieces); ++i) {
                char sql[200], text[8192];
                const char *begin;

                snprintf(sql, sizeof(sql), "-- Quotes.\nSELECT %s AS a", pieces[i]);
                cr_assert_eq(generate(sql, text, sizeof(text)), 0, "%s", text);
                begin = strstr(text, "SELECT ");
                cr_assert_not_null(begin);
                for (const char *c = pieces[i]; *c; ++c) {
                        begin = strchr(begin, *c);
                        cr_assert_not_null(begin, "%s: %s", pieces[i], text);
                }
        }
}

Test(sqlgen, words_beside_a_comment_stay_apart, .fini = clean)
{
        char text[8192];

        cr_assert_eq(generate("-- One.\nSELECT/**/1--x\nAS a", text, sizeof(text)), 0, "%s", text);
        cr_assert_not_null(strstr(text, "\"SELECT 1\\n\""), "%s", text);
}

Test(sqlgen, errors_name_file_and_line, .fini = clean)
{
        static const struct {
                const char *sql;
                const char *error;
        } cases[] = {
                { "SELECT 1", "x.sql:1: no comment above" },
                { "-- A.\n-- in: a integer\nSELECT $1", "x.sql:2: a: no type \"integer\"" },
                { "-- A.\n-- in: a int8, a int8\nSELECT $1, $2", "x.sql:2: a is named twice" },
                { "-- A.\n-- in: a\nSELECT $1", "x.sql:2: \"a\" is not of the form" },
                { "-- A.\n-- in: A int8\nSELECT $1", "is not of the form" },
                { "-- A.\n-- in: a int8,, b int8\nSELECT $1", "is not of the form" },
                { "-- A.\n-- in: a int8?\nSELECT $1", "any parameter may be NULL" },
                { "-- A.\n-- in: a int8\nSELECT 1", "parameter a ($1) is not used" },
                { "-- A.\n-- in: a int8\nSELECT $1,\n $2", "x.sql:4: $2: -- in: names 1" },
                { "-- A.\nSELECT $0", "x.sql:2: $0" },
                { "-- A.\nSELECT $1", "x.sql:2: $1: -- in: names 0" },
                { "-- A.\nSELECT 1;\nSELECT 2", "x.sql:2: a second statement" },
                { "-- A.\nSELECT 'a\n\n", "x.sql:2: a ' is not closed" },
                { "-- A.\nSELECT \"a", "a \" is not closed" },
                { "-- A.\nSELECT $a$ x $b$", "quoted with $a$ is not closed" },
                { "-- A.\nSELECT /* /* */", "a comment does not end" },
                { "-- A.\nSELECT $ 1", "a $ that begins neither" },
                { "-- A.\nSELECT 1\n-- out: a int8\n", "x.sql:3: -- out: lies below" },
                { "-- A.\n;\n", "no statement" },
                { "-- A.\n", "no statement" },
                { "-- A.\nSELECT '\xff'", "not UTF-8" },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                char text[8192];

                cr_assert_eq(generate(cases[i].sql, text, sizeof(text)), 1, "case %zu: %s", i,
                             text);
                cr_assert_not_null(strstr(text, cases[i].error), "case %zu: %s", i, text);
        }
}

Test(sqlgen, names_of_files_become_names_of_constants, .fini = clean)
{
        char text[8192];

        cr_assert_eq(generate(NULL, text, sizeof(text)), 1, "no files");
        write_sql("Upper.sql", "-- A.\nSELECT 1");
        cr_assert_eq(generate("-- A.\nSELECT 1", text, sizeof(text)), 1);
        cr_assert_not_null(strstr(text, "Upper.sql: the name is not of"), "%s", text);
}
