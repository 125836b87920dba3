#ifndef TESTS_BENCH_TOOL_H
#define TESTS_BENCH_TOOL_H

/* What the tools of this folder share: a table of options, results as lines, and an end with a
 * reason. A tool that cannot go on ends at once: there is nobody above it to recover. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

enum { TOOL_EXIT_USAGE = 2 };

/* One of `text`, `number` and `flag` is set: where the option's value goes, which keeps what it was
 * without the option. */
struct tool_option {
        const char *name; /* "--rate" */
        const char *form; /* of its value, "N"; NULL: it has none */
        const char *help; /* one line */
        const char **text;
        int64_t *number;
        int64_t min, max; /* of the number */
        bool *flag;
};

struct tool {
        const char *name, *about; /* one line each */
        const struct tool_option *options;
        size_t options_count;
};

/* Reads the command line. Prints the usage and ends for --help, and for what is not in the table. */
void tool_options(const struct tool *tool, int argc, char **argv);

/* Prints "<program>: <text>" to the standard error and ends with 1. */
_noreturn_ void tool_die(const char *format, ...) _printf_(1, 2);

/* Ends with the thread's error unless r is 0. */
void tool_check(int r);

/* One result: "key value". The key ends with its unit, if it has one. */
void tool_print(const char *key, int64_t value);

/* The same with three decimals. */
void tool_print_ratio(const char *key, double value);

/* CPU time of the process, of all its threads, in microseconds. */
int64_t tool_cpu_micros(void);

#endif
