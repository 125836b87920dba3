#ifndef WORKERS_PARTY_PARTY_H
#define WORKERS_PARTY_PARTY_H

/* Companies and users as another database's facts tell them (`party_projection`): what the rules of
 * the order and the shipping worker may ask about them.
 *
 * Each fact carries the whole row, so that one that was missed is made good by the next. A worker
 * that uses this begins its enum of key lists with PARTY_LISTS, has the two tables among its
 * tables, the statements of party_sql.h among its loads, and the facts among its routes (without a
 * decide) and folds. Among the loads the ones of changed parties come first of all, since a row
 * that is in the working set stays as it is, and the first image must be the locked one. */

#include "events.h"

/* Key lists: parties that a decide looks at, and parties that a fact changes. */
enum party_list {
        WANT_COMPANY,         /* company_id */
        WANT_USER,            /* unique_id */
        WANT_COMPANY_CHANGED, /* the same, locked */
        WANT_USER_CHANGED,
        PARTY_LISTS, /* the worker's own lists go on from here */
};

/* One row; there is a table for each kind, so that a company and a user may have one id. */
struct party {
        struct ev_row row;
        struct ev_str kind; /* "company" or "user" */
        struct ev_str party_id;
        struct ev_str role; /* of a user; null for a company */
        bool active;
        struct ev_str company_id; /* of a user that has one; null for a company */
        struct ev_str source;     /* ce_source of the fact that wrote the row … */
        int64_t last_sequence;    /* … and its ce_sequence: an older one changes nothing */
};

extern const struct ev_table party_companies_table;
extern const struct ev_table party_users_table;

/* Of those that the batch has wanted; NULL: not known, or not known yet. */
const struct party *party_company(const struct ev_rows *rows, struct ev_str company_id);
const struct party *party_user(const struct ev_rows *rows, struct ev_str unique_id);

/* For routes and folds: quenty.customer.CompanyRegistered and UserRegistered. */
void party_want_company_registered(struct ev_wants *wants, const void *event);
void party_want_user_registered(struct ev_wants *wants, const void *event);
int party_fold_company_registered(struct ev_rows *rows, const struct ev_fact_head *head,
                                  const void *event);
int party_fold_user_registered(struct ev_rows *rows, const struct ev_fact_head *head,
                               const void *event);

#endif
