#ifndef EV_BASE_MACRO_H
#define EV_BASE_MACRO_H

/* Attributes and small macros that every file may use. */

#include <stddef.h>
#include <stdlib.h>

/* Runs `run(&variable)` when the variable goes out of scope: cleanup in one place, no goto. */
#define _cleanup_(run) __attribute__((cleanup(run)))

/* Checks a printf-like format; both positions count from 1. */
#define _printf_(text, first) __attribute__((format(printf, text, first)))

/* The result says whether it worked; ignoring it is a bug that the compiler reports. */
#define _must_check_ __attribute__((warn_unused_result))

#define _noreturn_ __attribute__((noreturn))
#define _unused_   __attribute__((unused))

/* Of an array, not of a pointer: gcc and clang warn about the latter (-Wsizeof-pointer-div). */
#define EV_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Declares `name_p(struct type **)`, the form that _cleanup_() wants, for a free function that
 * accepts NULL. */
#define EV_DEFINE_CLEANUP(type, free_function)              \
        static inline void free_function##_p(type *pointer) \
        {                                                   \
                if (*pointer)                               \
                        free_function(*pointer);            \
        }

/* cleanup() hands over the address of the variable, hence the two levels. */
static inline void ev_free_p(void *pointer)
{
        free(*(void **)pointer);
}

/* For memory of malloc: `_cleanup_free_ char *text = NULL;` */
#define _cleanup_free_ _cleanup_(ev_free_p)

#endif
