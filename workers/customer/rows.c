/* The tables of customer_db: their columns, and how their rows are loaded.
 *
 * Uniqueness over all companies is decided by what is taken: three small tables beside companies
 * and users, each with the one value that it is about. Two lanes may look at the same time and both
 * find a name free; then the second one's INSERT violates the unique index, its batch is run again
 * and finds the name taken. So the indexes of the database decide, and the refusal is the rule's.
 *
 * The order of the loads is the order of locks. Only companies are locked, by id: what a company's
 * users may do depends on its row. */

#include "rows.h"

#include <assert.h>

#include "customer_sql.h"
#include "email.h"

static const struct ev_table_column company_columns[] = {
        EV_COLUMN(struct company, company_id, TEXT, EV_COLUMN_KEY),
        EV_COLUMN(struct company, name, TEXT, 0),
        EV_COLUMN(struct company, business_name, TEXT, 0),
        EV_COLUMN(struct company, document_type, TEXT, 0),
        EV_COLUMN(struct company, document_number, TEXT, 0),
        EV_COLUMN(struct company, active, BOOL, 0),
        EV_COLUMN(struct company, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct company, updated_at, TIMESTAMPTZ, 0),
};

const struct ev_table companies_table = {
        .name = "companies",
        .row_size = sizeof(struct company),
        .columns = company_columns,
        .column_count = EV_ARRAY_SIZE(company_columns),
        .find_by = &company_columns[0],
};

/* `last_login` is left out: it is null until somebody logs in. */
static const struct ev_table_column user_columns[] = {
        EV_COLUMN(struct user, unique_id, TEXT, EV_COLUMN_KEY),
        EV_COLUMN(struct user, username, TEXT, 0),
        EV_COLUMN(struct user, email, TEXT, 0),
        EV_COLUMN(struct user, password_hash, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct user, first_name, TEXT, 0),
        EV_COLUMN(struct user, last_name, TEXT, 0),
        EV_COLUMN(struct user, phone, TEXT, 0),
        EV_COLUMN(struct user, role, TEXT, 0),
        EV_COLUMN(struct user, active, BOOL, 0),
        EV_COLUMN(struct user, company_id, TEXT, 0),
        EV_COLUMN(struct user, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct user, updated_at, TIMESTAMPTZ, 0),
};

const struct ev_table users_table = {
        .name = "users",
        .row_size = sizeof(struct user),
        .columns = user_columns,
        .column_count = EV_ARRAY_SIZE(user_columns),
        .find_by = &user_columns[0],
};

/* One description for all that is taken: which table it is from, the load knows. */
static const struct ev_table_column taken_columns[] = {
        EV_COLUMN(struct taken, value, TEXT, EV_COLUMN_READ),
};

#define TAKEN_TABLE(of)                                                                     \
        {                                                                                   \
                .name = of, .row_size = sizeof(struct taken), .columns = taken_columns,     \
                .column_count = EV_ARRAY_SIZE(taken_columns), .find_by = &taken_columns[0], \
        }

const struct ev_table document_numbers_table = TAKEN_TABLE("companies");
const struct ev_table usernames_table = TAKEN_TABLE("users");
const struct ev_table emails_table = TAKEN_TABLE("users");

static const struct ev_table_column document_type_columns[] = {
        EV_COLUMN(struct document_type, code, TEXT, EV_COLUMN_READ),
        EV_COLUMN(struct document_type, active, BOOL, EV_COLUMN_READ),
};

const struct ev_table document_types_table = {
        .name = "document_types",
        .row_size = sizeof(struct document_type),
        .columns = document_type_columns,
        .column_count = EV_ARRAY_SIZE(document_type_columns),
        .find_by = &document_type_columns[0],
};

const struct ev_table *const customer_tables[CUSTOMER_TABLES] = {
        &companies_table, &users_table,  &document_numbers_table,
        &usernames_table, &emails_table, &document_types_table
};

static const unsigned by_company[] = { WANT_COMPANY };
static const unsigned by_user[] = { WANT_USER };
static const unsigned by_document[] = { WANT_DOCUMENT };
static const unsigned by_username[] = { WANT_USERNAME };
static const unsigned by_email[] = { WANT_EMAIL };
static const unsigned by_document_type[] = { WANT_DOCUMENT_TYPE };

const struct ev_load customer_loads[CUSTOMER_LOADS] = {
        { &companies_table, &customer_sql_load_companies, by_company, 1 },
        { &users_table, &customer_sql_load_users, by_user, 1 },
        { &document_numbers_table, &customer_sql_load_document_numbers, by_document, 1 },
        { &usernames_table, &customer_sql_load_usernames, by_username, 1 },
        { &emails_table, &customer_sql_load_emails, by_email, 1 },
        { &document_types_table, &customer_sql_load_document_types, by_document_type, 1 },
};

/* Of those that the batch has wanted, as all of these. */
const struct company *find_company(const struct ev_rows *rows, struct ev_str company_id)
{
        assert(!ev_str_is_null(company_id));

        return ev_rows_find(rows, &companies_table, company_id);
}

const struct user *find_user(const struct ev_rows *rows, struct ev_str unique_id)
{
        assert(!ev_str_is_null(unique_id));

        return ev_rows_find(rows, &users_table, unique_id);
}

bool document_is_taken(const struct ev_rows *rows, struct ev_str document_number)
{
        assert(!ev_str_is_null(document_number));

        return ev_rows_find(rows, &document_numbers_table, document_number);
}

bool username_is_taken(const struct ev_rows *rows, struct ev_str username)
{
        assert(!ev_str_is_null(username));

        return ev_rows_find(rows, &usernames_table, username);
}

bool email_is_taken(const struct ev_rows *rows, struct ev_str email)
{
        char folded[EMAIL_MAX];

        assert(email_is_valid(email));

        return ev_rows_find(rows, &emails_table, email_fold(email, folded));
}

bool document_type_is_open(const struct ev_rows *rows, struct ev_str code)
{
        const struct document_type *type = ev_rows_find(rows, &document_types_table, code);

        assert(!ev_str_is_null(code));

        return type && type->active;
}
