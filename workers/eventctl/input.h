#ifndef EVENTCTL_INPUT_H
#define EVENTCTL_INPUT_H

/* Lines of a file that may be a pipe: waits for them no longer than it is told, and hears a stop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/str.h"

enum { INPUT_LINE_MAX = EV_JSON_BYTES_MAX };

/* Conditions of input_next(). */
enum { INPUT_END = 1, INPUT_IDLE, INPUT_STOPPED };

struct input {
        int fd;      /* borrowed, as the next */
        int stop_fd; /* readable when it is time to stop; -1: never */
        struct ev_buffer bytes;
        size_t taken;      /* bytes of it that were handed out */
        size_t scanned;    /* bytes behind these without an end of line */
        uint64_t consumed; /* bytes handed out in all */
        int64_t lines;     /* handed out so far: the number of the present line */
        bool has_ended;
};

#define INPUT_INIT(file, stop) \
        ((struct input){ .fd = (file), .stop_fd = (stop), .bytes = EV_BUFFER_INIT(INPUT_LINE_MAX) })

void input_done(struct input *input);

/* The next line without its end, valid until the next call. The last one may lack its end.
 * INPUT_END behind it; INPUT_IDLE when nothing came for wait_ms; INPUT_STOPPED; or EV_FAILED for a
 * line beyond INPUT_LINE_MAX and for a file that cannot be read. */
int input_next(struct input *input, int wait_ms, struct ev_str *ret_line) _must_check_;

#endif
