/* A bar where the whole is known, a count where it is not. It is talk, so it goes to the standard
 * error, and what dies with the process is a line on a screen. */

#include "progress.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
        BAR_WIDTH = 30,
        PERCENT = 100,
        QUIET_MS = 2000, /* who waits less long needs no bar */
        EVERY_MS = 200,
        SECONDS_A_MINUTE = 60,
};

void progress_begin(struct progress_bar *bar, const char *unit, int fd)
{
        struct stat file;

        assert(bar && unit);

        *bar = (struct progress_bar){
                .unit = unit,
                .is_shown = isatty(STDERR_FILENO),
                .started = ev_clock_monotonic_micros(),
        };
        if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size > 0)
                bar->total = (uint64_t)file.st_size;
}

/* Whole numbers only: the last per cent is shown when all is done. */
static void print_bar(const struct progress_bar *bar, uint64_t done)
{
        uint64_t part = done < bar->total ? done : bar->total;
        int filled = (int)(part * BAR_WIDTH / bar->total);

        assert(bar->total > 0);

        fputc('[', stderr);
        for (int i = 0; i < BAR_WIDTH; ++i)
                fputc(i < filled ? '#' : ' ', stderr);
        fprintf(stderr, "] %3d %%  ", (int)(part * PERCENT / bar->total));
}

/* If it goes on as it went so far. */
/* Only shown where the whole is known; the first seconds say little, and none of it is shown then. */
static void print_left(const struct progress_bar *bar, uint64_t done, uint64_t seconds)
{
        uint64_t rest = done < bar->total ? bar->total - done : 0, left = seconds * rest / done;

        assert(done > 0);

        fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 " left", left / SECONDS_A_MINUTE,
                left % SECONDS_A_MINUTE);
}

void progress_show(struct progress_bar *bar, uint64_t done, uint64_t count)
{
        int64_t now = ev_clock_monotonic_micros();
        int64_t seconds = (now - bar->started) / EV_MICROS_PER_SECOND;

        assert(bar->unit);

        if (!bar->is_shown || now - bar->started < QUIET_MS * EV_MICROS_PER_MS ||
            now - bar->shown < EVERY_MS * EV_MICROS_PER_MS)
                return;
        fputs("\r\033[K", stderr);
        if (bar->total > 0)
                print_bar(bar, done);
        fprintf(stderr, "%" PRIu64 " %s, %" PRIu64 "/s", count, bar->unit,
                count / (uint64_t)(seconds > 0 ? seconds : 1));
        if (bar->total > 0 && done > 0)
                print_left(bar, done, (uint64_t)seconds);
        bar->has_line = true;
        bar->shown = now;
}

void progress_end(struct progress_bar *bar)
{
        assert(bar);

        if (bar->has_line)
                fputs("\r\033[K", stderr);
        bar->has_line = false;
}
