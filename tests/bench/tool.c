/* Command lines and results of the tools. Results are plain lines, so that whoever runs a tool reads
 * them with a split at the first blank. */

#include "bench/tool.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

static void print_usage(const struct tool *tool, FILE *file)
{
        assert(tool->options_count > 0);

        fprintf(file, "usage: %s [OPTION]...\n%s\n\n", tool->name, tool->about);
        for (size_t i = 0; i < tool->options_count; ++i) {
                const struct tool_option *option = &tool->options[i];

                fprintf(file, "  %-12s %-9s %s", option->name, option->form ? option->form : "",
                        option->help);
                if (option->number)
                        fprintf(file, " (%" PRId64 ")", *option->number);
                if (option->text && *option->text)
                        fprintf(file, " (%s)", *option->text);
                fputc('\n', file);
        }
}

_noreturn_ static void refuse(const struct tool *tool, const char *word, const char *why)
{
        assert(word);

        fprintf(stderr, "%s: %s: %s\n", tool->name, word, why);
        print_usage(tool, stderr);
        exit(TOOL_EXIT_USAGE);
}

static const struct tool_option *find(const struct tool *tool, const char *word)
{
        assert(word);

        for (size_t i = 0; i < tool->options_count; ++i)
                if (strcmp(tool->options[i].name, word) == 0)
                        return &tool->options[i];
        refuse(tool, word, "there is no such option");
}

static void set(const struct tool *tool, const struct tool_option *option, const char *value)
{
        int64_t number;

        assert(option->text || option->number);

        if (!value)
                refuse(tool, option->name, "its value is missing");
        if (option->text) {
                *option->text = value;
                return;
        }
        if (!ev_str_to_int64(ev_str_of(value), &number) || number < option->min ||
            number > option->max)
                refuse(tool, option->name, "its value is no number, too small or too large");
        *option->number = number;
}

void tool_options(const struct tool *tool, int argc, char **argv)
{
        assert(argc > 0);

        for (int i = 1; i < argc; ++i) {
                const struct tool_option *option;

                if (strcmp(argv[i], "--help") == 0) {
                        print_usage(tool, stdout);
                        exit(EXIT_SUCCESS);
                }
                option = find(tool, argv[i]);
                if (option->flag)
                        *option->flag = true;
                else
                        set(tool, option, argv[++i]); /* behind the last one stands NULL */
        }
}

void tool_die(const char *format, ...)
{
        va_list arguments;

        assert(format);

        fprintf(stderr, "%s: ", program_invocation_short_name);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        exit(EXIT_FAILURE);
}

void tool_check(int r)
{
        assert(r == 0 || ev_error_last()->text[0]);

        if (r != 0)
                tool_die("%s", ev_error_last()->text);
}

/* Written at once: whoever reads a pipe may wait for a line. */
void tool_print(const char *key, int64_t value)
{
        assert(key && !strchr(key, ' '));

        printf("%s %" PRId64 "\n", key, value);
        fflush(stdout);
}

void tool_print_ratio(const char *key, double value)
{
        assert(key && !strchr(key, ' '));

        printf("%s %.3f\n", key, value);
        fflush(stdout);
}

int64_t tool_cpu_micros(void)
{
        struct rusage usage;

        if (getrusage(RUSAGE_SELF, &usage))
                tool_die("getrusage does not work");
        assert(usage.ru_utime.tv_sec >= 0);
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * EV_MICROS_PER_SECOND +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}
