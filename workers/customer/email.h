#ifndef WORKERS_CUSTOMER_EMAIL_H
#define WORKERS_CUSTOMER_EMAIL_H

/* Mail addresses: which ones are accepted, and when two are the same. */

#include "events.h"

enum { EMAIL_MAX = 255 }; /* characters of users.email; an accepted address has as many bytes */

/* Whether the address has the form that the database checks too (chk_users_email_format):
 * one or more of A-Z a-z 0-9 . _ % + -, an @, and a domain that ends in a dot and two or more
 * letters. All of it is ASCII; an address in other letters is not accepted. */
bool email_is_valid(struct ev_str address);

/* The address with A to Z in lower case: two are the same if they are the same folded. Takes one
 * that email_is_valid(); borrows `buffer`. */
struct ev_str email_fold(struct ev_str address, char buffer[EMAIL_MAX]);

#endif
