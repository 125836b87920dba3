#ifndef WORKERS_CUSTOMER_REGISTRATION_H
#define WORKERS_CUSTOMER_REGISTRATION_H

/* Companies and users are registered: decides and folds, and the pieces they share. */

#include "events.h"
#include "schemas/customer.h"

/* Why a request is refused. The refusal's detail is "<field> <value> <what>", so that a person sees
 * what was asked; the value of a secret is null. */
struct refusal {
        enum customer_reason reason;
        const char *field;
        struct ev_str value; /* null: not told */
        const char *what;
};

/* A text of a request, and what fits its column. A null one always fits. */
struct text_rule {
        const char *field;
        struct ev_str value;
        size_t characters_max;
        bool may_be_empty;
        bool is_secret;
};

/* Whether one of the texts does not fit: INVALID_FIELD. */
bool refuses_texts(const struct text_rule *rules, size_t count, struct refusal *ret_refusal);

/* Ends the event with CustomerRequestDeclined. */
int refuse(struct ev_case *c, const struct refusal *refusal) _must_check_;

/* CompanyRegistrationRequested → CompanyRegistered (company_registration.c). */
void want_company_registration(struct ev_wants *wants, const void *event);
int decide_company_registration(struct ev_case *c, const void *event);
void want_company_registered(struct ev_wants *wants, const void *event);
int fold_company_registered(struct ev_rows *rows, const struct ev_fact_head *head,
                            const void *event);

/* UserRegistrationRequested → UserRegistered (user_registration.c). */
void want_user_registration(struct ev_wants *wants, const void *event);
int decide_user_registration(struct ev_case *c, const void *event);
void want_user_registered(struct ev_wants *wants, const void *event);
int fold_user_registered(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

#endif
