/* Preloaded into a program: the clock on the wall is off by EV_CLOCK_OFFSET_S seconds. Monotonic clocks
 * are as they were, as on a machine whose time was set wrong. */

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int clock_function(clockid_t, struct timespec *);

static time_t offset(void)
{
        const char *text = getenv("EV_CLOCK_OFFSET_S");

        return text ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
        static clock_function *really;
        int r;

        if (!really)
                *(void **)&really = dlsym(RTLD_NEXT, __func__);
        r = really(clock, time);
        if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                time->tv_sec += offset();
        return r;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone)
{
        struct timespec time;

        (void)zone;
        clock_gettime(CLOCK_REALTIME, &time);
        *value = (struct timeval){ time.tv_sec, time.tv_nsec / 1000 };
        return 0;
}

time_t time(time_t *ret_time)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        if (ret_time)
                *ret_time = now.tv_sec;
        return now.tv_sec;
}
