/* Counted checks. */

#include "report.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

enum { DETAIL_MAX = 1000 };

static unsigned failed, passed;
static char detail[DETAIL_MAX];

void report_detail(const char *format, ...)
{
        va_list arguments;

        assert(format);

        va_start(arguments, format);
        vsnprintf(detail, sizeof(detail), format, arguments);
        va_end(arguments);
}

bool report(bool holds, const char *promise, ...)
{
        va_list arguments;

        assert(promise);

        fputs(holds ? "ok    " : "FAIL  ", stdout);
        va_start(arguments, promise);
        vprintf(promise, arguments);
        va_end(arguments);
        putchar('\n');
        if (!holds) {
                printf("      %s\n      last error: %s\n", detail, ev_error_last()->text);
                ++failed;
        } else {
                ++passed;
        }
        fflush(stdout);
        detail[0] = '\0';
        return holds;
}

int report_status(void)
{
        assert(passed + failed > 0);

        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void require(int r, const char *step)
{
        assert(step);

        if (r == 0)
                return;
        printf("FAIL  %s: %d, %s\n", step, r, ev_error_last()->text);
        exit(EXIT_FAILURE);
}
