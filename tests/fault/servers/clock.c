/* Preloaded into a program: the clock on the wall is off by EV_CLOCK_OFFSET_S seconds. Monotonic clocks
 * are as they were, as on a machine whose time was set wrong. */

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int clock_function(clockid_t, struct timespec *);

/* They take the places of the C library's functions by the names of their symbols. */
int shifted_clock_gettime(clockid_t clock, struct timespec *ret_time) __asm__("clock_gettime");
int shifted_gettimeofday(struct timeval *ret_value, void *zone) __asm__("gettimeofday");
time_t shifted_time(time_t *ret_time) __asm__("time");

static time_t offset(void)
{
        const char *text = getenv("EV_CLOCK_OFFSET_S");

        return text ? strtol(text, NULL, 10) : 0;
}

int shifted_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
        static clock_function *really;
        int r;

        if (!really)
                *(void **)&really = dlsym(RTLD_NEXT, "clock_gettime");
        r = really(clock, ret_time);
        if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                ret_time->tv_sec += offset();
        return r;
}

int shifted_gettimeofday(struct timeval *ret_value, void *zone)
{
        struct timespec time;

        (void)zone;
        shifted_clock_gettime(CLOCK_REALTIME, &time);
        *ret_value = (struct timeval){ time.tv_sec, time.tv_nsec / 1000 };
        return 0;
}

time_t shifted_time(time_t *ret_time)
{
        struct timespec now;

        shifted_clock_gettime(CLOCK_REALTIME, &now);
        if (ret_time)
                *ret_time = now.tv_sec;
        return now.tv_sec;
}
