#ifndef WORKERS_CUSTOMER_ROWS_H
#define WORKERS_CUSTOMER_ROWS_H

/* The rows of customer_db as the customer worker sees them. */

#include "events.h"

/* What events name, and rows are loaded by. */
enum customer_list {
        WANT_COMPANY,       /* companies.company_id, locked */
        WANT_USER,          /* users.unique_id */
        WANT_DOCUMENT,      /* companies.document_number */
        WANT_USERNAME,      /* users.username */
        WANT_EMAIL,         /* users.email, as it is written; email_is_valid() */
        WANT_DOCUMENT_TYPE, /* document_types.code */
        WANT_LISTS,
};

struct company {
        struct ev_row row;
        struct ev_str company_id;
        struct ev_str name;
        struct ev_str business_name;   /* null: none, as the two below */
        struct ev_str document_type;   /* a code of document_types */
        struct ev_str document_number; /* unique over all companies */
        bool active;
        int64_t created_at; /* µs since 1970, as all times here */
        int64_t updated_at;
};

struct user {
        struct ev_row row;
        struct ev_str unique_id;
        struct ev_str username; /* unique over all companies */
        struct ev_str email;    /* as it was written; unique whatever the case */
        /* Never loaded: what is not in memory gets into no log. A new row has what ev_secret() has
         * put here, and "!" in a rebuild, which is no hash of anything. */
        struct ev_str password_hash;
        struct ev_str first_name; /* null: not known, as the two below */
        struct ev_str last_name;
        struct ev_str phone;
        struct ev_str role; /* admin, manager, customer, viewer */
        bool active;
        struct ev_str company_id; /* null: without a company */
        int64_t created_at;
        int64_t updated_at;
};

/* Something that only one company or user may have: whose it is, nobody asks here. */
struct taken {
        struct ev_row row;
        struct ev_str value; /* of an address, folded: email_fold() */
};

struct document_type {
        struct ev_row row;
        struct ev_str code;
        bool active; /* false: retired, for no new document */
};

extern const struct ev_table companies_table;
extern const struct ev_table users_table;

/* Indexes beside the two: which of the wanted numbers, names and addresses are taken. They are read
 * and added to by folds, but never saved. */
extern const struct ev_table document_numbers_table;
extern const struct ev_table usernames_table;
extern const struct ev_table emails_table;

extern const struct ev_table document_types_table;

/* A row's table stands behind those it refers to; loads lock in the order in which they stand. */
enum { CUSTOMER_TABLES = 6, CUSTOMER_LOADS = 6 };
extern const struct ev_table *const customer_tables[CUSTOMER_TABLES];
extern const struct ev_load customer_loads[CUSTOMER_LOADS];

/* The company, or NULL. */
const struct company *find_company(const struct ev_rows *rows, struct ev_str company_id);

/* The user, or NULL. */
const struct user *find_user(const struct ev_rows *rows, struct ev_str unique_id);

/* Whether some company has this document number. */
bool document_is_taken(const struct ev_rows *rows, struct ev_str document_number);

/* Whether some user has this name. */
bool username_is_taken(const struct ev_rows *rows, struct ev_str username);

/* Whether some user has this address, however it is written; for one of email_is_valid(). */
bool email_is_taken(const struct ev_rows *rows, struct ev_str email);

/* Whether new documents may have this type. */
bool document_type_is_open(const struct ev_rows *rows, struct ev_str code);

#endif
