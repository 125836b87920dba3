#ifndef TESTS_CONSUMER_REPORT_H
#define TESTS_CONSUMER_REPORT_H

/* Checks that are counted and go on: one line each, as `run` counts them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

/* Prints "ok    <promise>" or "FAIL  <promise>", with the present error and the text of the last
 * report_detail(). Returns `holds`. */
bool report(bool holds, const char *promise, ...) _printf_(2, 3);

/* What to print beside the next failure. */
void report_detail(const char *format, ...) _printf_(1, 2);

/* The exit status of the program: 0 when every check held. */
int report_status(void);

/* Ends the program when a step that is no check cannot be done. */
void require(int r, const char *step);

#endif
