/* Leak checks for Criterion's test processes. */

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_LSAN 1
#endif
#endif

#ifdef WITH_LSAN
#include <sanitizer/lsan_interface.h>
#endif

void unit_check_leaks(void)
{
#ifdef WITH_LSAN
        if (__lsan_do_recoverable_leak_check()) {
                fputs("memory leaked in this test\n", stderr);
                abort();
        }
#endif
}
