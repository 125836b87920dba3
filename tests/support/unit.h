#ifndef TESTS_SUPPORT_UNIT_H
#define TESTS_SUPPORT_UNIT_H

/* What every unit test file begins with: Criterion, and suites that count leaks. */

#include <criterion/criterion.h>

/* Fails the running test if memory leaked in it. Criterion runs each test in a process of its own
 * and ends it without LeakSanitizer's check, so a leak would pass unseen. Does nothing in a build
 * without AddressSanitizer. */
void unit_check_leaks(void);

/* Begins a suite whose tests are checked for leaks. */
#define UNIT_SUITE(name) TestSuite(name, .fini = unit_check_leaks)

#endif
