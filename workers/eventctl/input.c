/* Reading lines without stdio: getline() would wait in a read that no stop ends, and has no bound.
 *
 * Nothing is stored; what was read and not handed out is lost with the process, like what stands in
 * any pipe. */

#include "input.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { CHUNK_BYTES = 64 * 1024 };

void input_done(struct input *input)
{
        assert(input);

        ev_buffer_done(&input->bytes);
}

/* A whole line in the buffer, if there is one; of a file that has ended also the rest. */
static bool take_line(struct input *input, struct ev_str *ret_line)
{
        const char *at = (const char *)input->bytes.data + input->taken;
        size_t left = input->bytes.size - input->taken;
        const char *end = left > input->scanned
                                  ? memchr(at + input->scanned, '\n', left - input->scanned)
                                  : NULL;
        size_t size = end ? (size_t)(end - at) : left;

        assert(input->taken <= input->bytes.size);

        input->scanned = left;
        if (!end && (!input->has_ended || left == 0))
                return false;
        *ret_line = (struct ev_str){ at, size };
        input->taken += size + (end ? 1 : 0);
        input->consumed += size + (end ? 1 : 0);
        input->scanned = 0;
        ++input->lines;
        return true;
}

/* Lines that were handed out make room. Most of the time nothing is left behind them. */
static void drop_taken(struct input *input)
{
        size_t left = input->bytes.size - input->taken;

        assert(input->taken <= input->bytes.size);

        if (input->taken == 0)
                return;
        memmove(input->bytes.data, input->bytes.data + input->taken, left);
        input->bytes.size = left;
        input->taken = 0;
}

/* 0: there may be more; or a condition. */
static int read_more(struct input *input)
{
        ssize_t size;

        assert(!input->has_ended);

        drop_taken(input);
        if (ev_buffer_reserve(&input->bytes, CHUNK_BYTES) < 0)
                return ev_fail(EV_VERDICT_RECORD, "line %lld has more than %d bytes",
                               (long long)input->lines + 1, INPUT_LINE_MAX - CHUNK_BYTES);
        size = read(input->fd, input->bytes.data + input->bytes.size, CHUNK_BYTES);
        if (size < 0 && errno != EINTR && errno != EAGAIN)
                return ev_fail(EV_VERDICT_STOP, "the input cannot be read: %s", strerror(errno));
        if (size == 0)
                input->has_ended = true;
        if (size > 0)
                input->bytes.size += (size_t)size;
        return 0;
}

/* A file on a disk is always readable to poll(2); so a stop is looked for at each chunk. */
static int wait_for_more(const struct input *input, int wait_ms)
{
        struct pollfd files[] = { { input->fd, POLLIN, 0 }, { input->stop_fd, POLLIN, 0 } };
        int count = poll(files, 2, wait_ms);

        assert(wait_ms >= 0);

        if (files[1].revents)
                return INPUT_STOPPED;
        /* Interrupted is as good as idle: the caller comes again. */
        return count > 0 ? 0 : INPUT_IDLE;
}

int input_next(struct input *input, int wait_ms, struct ev_str *ret_line)
{
        int r = 0;

        assert(input->fd >= 0 && ret_line);

        while (!take_line(input, ret_line)) {
                if (input->has_ended)
                        return INPUT_END;
                r = wait_for_more(input, wait_ms);
                if (r == 0)
                        r = read_more(input);
                if (r != 0)
                        return ev_trace(r);
        }
        return 0;
}
