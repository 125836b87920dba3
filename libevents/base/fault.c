/* Fault points.
 *
 * What is true if the process dies here: that is the point. The line in the file of counts is in
 * the kernel's hands before the signal is raised, so a run can prove that a fault happened. */

#include "base/fault.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"

#ifndef EV_FAULTS

int ev_fault_init(void)
{
        const char *wanted = getenv("EV_FAULTS");

        if (wanted && wanted[0])
                return ev_fail(EV_VERDICT_STOP,
                               "EV_FAULTS is set, but this build has no fault points");
        return 0;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

enum {
        STOP_MS_MAX = 3600 * 1000, /* an hour: a longer stop is a mistyped number */
        COUNT_LINE_MAX = 128,      /* bytes: three numbers, the longest name and an action */
};

/* What a point does when it is due; the names are those of EV_FAULTS and of the file of counts. */
enum action { ACTION_NONE, ACTION_KILL, ACTION_STOP, ACTION_ERROR };

static const char *const action_names[] = {
        [ACTION_NONE] = "none",
        [ACTION_KILL] = "kill",
        [ACTION_STOP] = "stop",
        [ACTION_ERROR] = "error",
};

#define POINT_NAME(name) [EV_FAULT_POINT_##name] = #name,
static const char *const point_names[] = { EV_FAULT_POINTS(POINT_NAME) };
#undef POINT_NAME

/* What a point is armed with. */
struct fault {
        enum action action;
        int64_t stop_ms;   /* 0 but for ACTION_STOP */
        uint64_t only_hit; /* from 1; 0: every one */
        uint64_t hits;     /* since ev_fault_init(), armed or not */
};

/* Of the process and not of a context: a point may lie in any function, and a test arms it from
 * outside, before there is any context. */
static struct fault faults[EV_FAULT_POINT_COUNT];
static int counts_fd = -1; /* -1: nobody wants counts */

/* Takes what stands before `separator` off the front; all of it if there is none. */
static struct ev_str take_until(struct ev_str *text, char separator)
{
        const char *end = text->size > 0 ? memchr(text->data, separator, text->size) : NULL;
        size_t size = end ? (size_t)(end - text->data) : text->size;
        size_t skipped = end ? size + 1 : size;
        struct ev_str front = { text->data, size };

        assert(text->data);

        *text = (struct ev_str){ text->data + skipped, text->size - skipped };
        return front;
}

/* Looks a name up in the one list of points. */
static bool find_point(struct ev_str name, enum ev_fault_point *ret_point)
{
        assert(ret_point);

        for (size_t i = 0; i < EV_FAULT_POINT_COUNT; ++i)
                if (ev_str_equal(ev_str_of(point_names[i]), name)) {
                        *ret_point = (enum ev_fault_point)i;
                        return true;
                }
        return false;
}

/* Reads kill, stop:MS or error. MS is for the tester, who wakes us; here it is only checked. */
static bool parse_action(struct ev_str text, struct fault *fault)
{
        struct ev_str name = take_until(&text, ':');

        assert(fault && fault->action == ACTION_NONE);

        if (ev_str_equal(name, EV_STR("stop"))) {
                fault->action = ACTION_STOP;
                return ev_str_to_int64(text, &fault->stop_ms) && fault->stop_ms <= STOP_MS_MAX;
        }
        if (ev_str_equal(name, EV_STR("kill")))
                fault->action = ACTION_KILL;
        else if (ev_str_equal(name, EV_STR("error")))
                fault->action = ACTION_ERROR;
        return fault->action != ACTION_NONE && text.size == 0;
}

/* Arms one point from "POINT=ACTION[@N]". A point that is armed twice would obey the last one in
 * silence, and the test would believe in both. */
static int arm(struct ev_str text)
{
        struct ev_str rest = text, name, action;
        struct fault fault = { .action = ACTION_NONE };
        enum ev_fault_point point;
        int64_t only_hit;

        assert(text.data);

        name = take_until(&rest, '=');
        if (!find_point(name, &point))
                return ev_fail(EV_VERDICT_STOP, "EV_FAULTS: there is no fault point \"%.*s\"",
                               EV_STR_ARG(name));
        if (faults[point].action != ACTION_NONE)
                return ev_fail(EV_VERDICT_STOP, "EV_FAULTS: %s is armed twice", point_names[point]);
        action = take_until(&rest, '@');
        if (!parse_action(action, &fault))
                return ev_fail(EV_VERDICT_STOP,
                               "EV_FAULTS: \"%.*s\" is not kill, stop:MS or error (of %s)",
                               EV_STR_ARG(action), point_names[point]);
        if (action.data + action.size < text.data + text.size) {
                if (!ev_str_to_int64(rest, &only_hit) || only_hit < 1)
                        return ev_fail(EV_VERDICT_STOP, "EV_FAULTS: \"@%.*s\" is no hit (of %s)",
                                       EV_STR_ARG(rest), point_names[point]);
                fault.only_hit = (uint64_t)only_hit;
        }
        faults[point] = fault;
        return 0;
}

/* The file is opened once and stays: at a hit there is no step that could fail for want of a file
 * descriptor, which is one of the faults under test. */
static int open_counts(void)
{
        const char *path = getenv("EV_FAULTS_COUNTS");

        assert(counts_fd < 0);

        if (!path || !path[0])
                return 0;
        counts_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (counts_fd < 0)
                return ev_fail(EV_VERDICT_STOP, "EV_FAULTS_COUNTS: cannot write %s: %s", path,
                               strerror(errno));
        return 0;
}

int ev_fault_init(void)
{
        struct ev_str text = ev_str_of(getenv("EV_FAULTS"));
        int r;

        memset(faults, 0, sizeof(faults));
        while (text.size > 0) {
                r = arm(take_until(&text, ';'));
                if (r < 0)
                        return ev_trace(r);
        }
        if (counts_fd >= 0)
                close(counts_fd);
        counts_fd = -1;
        return ev_trace(open_counts());
}

/* One write of one line: O_APPEND keeps the lines of several processes apart. Before the action,
 * because nothing of ours runs behind SIGKILL. */
static void tell(enum ev_fault_point point, enum action action)
{
        char line[COUNT_LINE_MAX];
        int size;
        ssize_t n;

        if (counts_fd < 0)
                return;
        size = snprintf(line, sizeof(line), "%ld %s %llu %s %lld\n", (long)getpid(),
                        point_names[point], (unsigned long long)faults[point].hits,
                        action_names[action],
                        action == ACTION_STOP ? (long long)faults[point].stop_ms : 0);
        assert(point < EV_FAULT_POINT_COUNT);
        assert(size > 0 && (size_t)size < sizeof(line));
        do
                n = write(counts_fd, line, (size_t)size);
        while (n < 0 && errno == EINTR);
        assert(n == size); /* a fault that cannot be counted would prove nothing */
}

/* The point has been reached. Nothing is allocated or looked up on the way to the signal: the
 * process dies in the state in which the code under test had brought it. */
int ev_fault_reach(enum ev_fault_point point)
{
        struct fault *fault;
        bool is_due;

        assert(point < EV_FAULT_POINT_COUNT);

        fault = &faults[point];
        ++fault->hits;
        if (fault->action == ACTION_NONE)
                return 0;
        is_due = fault->only_hit == 0 || fault->only_hit == fault->hits;
        tell(point, is_due ? fault->action : ACTION_NONE);
        if (!is_due)
                return 0;
        if (fault->action == ACTION_ERROR)
                return ev_fail(EV_VERDICT_RETRY, "fault point %s", point_names[point]);
        /* raise() returns after SIGCONT; nothing returns after SIGKILL. */
        (void)raise(fault->action == ACTION_KILL ? SIGKILL : SIGSTOP);
        return 0;
}

uint64_t ev_fault_hits(enum ev_fault_point point)
{
        assert(point < EV_FAULT_POINT_COUNT);

        return faults[point].hits;
}

#endif
