#ifndef EVENTCTL_PROGRESS_H
#define EVENTCTL_PROGRESS_H

/* How far a long command is, on one line of a terminal. Nothing is shown in the first two seconds,
 * and nothing where the standard error is no terminal. */

#include <stdbool.h>
#include <stdint.h>

struct progress_bar {
        const char *unit;       /* "events acknowledged" */
        uint64_t total;         /* bytes of the whole; 0: not known */
        bool is_shown;          /* on a terminal */
        bool has_line;          /* something stands on it */
        int64_t started, shown; /* monotonic, µs */
};

/* The total is the size of the file behind `fd`, if it is one. */
void progress_begin(struct progress_bar *bar, const char *unit, int fd);

/* `done` of the total bytes, `count` of the units; shows it now and then. */
void progress_show(struct progress_bar *bar, uint64_t done, uint64_t count);

/* Clears the line. */
void progress_end(struct progress_bar *bar);

#endif
