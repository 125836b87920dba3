#ifndef WORKERS_CUSTOMER_NIT_H
#define WORKERS_CUSTOMER_NIT_H

/* The check digit of a NIT, the number under which Colombia's tax office (DIAN) knows a company:
 * XXX.XXX.XXX-Y. */

#include "events.h"

enum nit_form {
        NIT_GOOD,
        NIT_WRONG_DIGIT,  /* the last digit is not the check digit of the others */
        NIT_NOT_A_NUMBER, /* not 2 to 16 digits with dots, spaces and dashes between them */
};

/* What a NIT looks like; its last digit counts as its check digit, with a dash before it or
 * without. *ret_digit is set to the right one (0 to 9) unless it is not a number. */
enum nit_form nit_check(struct ev_str number, int *ret_digit) _must_check_;

#endif
