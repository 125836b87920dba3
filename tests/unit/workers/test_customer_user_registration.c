#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "unit/workers/registrations.h"
#include "wire/avro.h"

UNIT_SUITE(customer_user_registration);

#define SECRET "$argon2id$marker"

static struct user_registration_requested request(void)
{
        return (struct user_registration_requested){ .unique_id = EV_STR("U-1"),
                                                     .company_id = EV_STR("C-1"),
                                                     .username = EV_STR("ana"),
                                                     .email = EV_STR("Ana@Example.com"),
                                                     .password_hash = EV_STR(SECRET),
                                                     .first_name = EV_STR("Ana"),
                                                     .last_name = EV_STR("Gómez"),
                                                     .phone = EV_STR("+57 1 234"),
                                                     .role = EV_STR("admin") };
}

/* One company that is active and one that is not. */
static void begin(struct decide *t)
{
        decide_begin(t, &customer_worker);
        decide_put(t, &companies_table,
                   &(struct company){ .company_id = EV_STR("C-1"), .active = true });
        decide_put(t, &companies_table, &(struct company){ .company_id = EV_STR("C-2") });
}

static const struct registration kind = {
        .request = &user_registration_requested_record,
        .fact = &user_registered_record,
        .table = &users_table,
        .request_bytes = sizeof(struct user_registration_requested),
        .begin = begin,
};

/* The secret is in no fact: neither in its bytes nor in what goes around them. */
static void no_secret(const struct decide *t)
{
        for (const struct ev_announced *fact = t->facts; fact; fact = fact->next) {
                cr_assert_null(
                        memmem(fact->payload.data, fact->payload.size, SECRET, strlen(SECRET)));
                cr_assert_null(memmem(fact->key.data, fact->key.size, SECRET, strlen(SECRET)));
        }
}

static void refused(struct decide *t, const struct user_registration_requested *asked,
                    enum customer_reason reason, const char *said)
{
        const struct customer_request_declined *fact = decline(t, &kind, asked, reason, said);

        cr_assert(ev_str_equal(fact->unique_id, asked->unique_id));
        cr_assert(ev_str_equal(fact->company_id, asked->company_id));
        no_secret(t);
}

static const struct user_registered *registered(struct decide *t,
                                                const struct user_registration_requested *asked)
{
        const struct user_registered *fact = accept(t, &kind, asked);

        no_secret(t);
        return fact;
}

Test(customer_user_registration, makes_a_user)
{
        struct user_registration_requested asked = request();
        const struct user_registered *fact;
        const struct user *user;
        struct decide t;

        begin(&t);
        fact = registered(&t, &asked);
        cr_assert(ev_str_equal(fact->unique_id, asked.unique_id));
        cr_assert(ev_str_equal(fact->company_id, asked.company_id));
        cr_assert(ev_str_equal(fact->username, asked.username));
        cr_assert(ev_str_equal(fact->email, asked.email), "as it was written");
        cr_assert(ev_str_equal(fact->first_name, asked.first_name));
        cr_assert(ev_str_equal(fact->last_name, asked.last_name));
        cr_assert(ev_str_equal(fact->phone, asked.phone));
        cr_assert(ev_str_equal(fact->role, asked.role));
        cr_assert(fact->active);
        cr_assert(ev_str_equal(t.facts->key, EV_STR("C-1")));
        cr_assert(ev_str_equal(t.facts->subject, EV_STR("U-1")));

        user = find_user(t.rows, EV_STR("U-1"));
        cr_assert_not_null(user);
        cr_assert(ev_str_equal(user->username, EV_STR("ana")));
        cr_assert(ev_str_equal(user->email, EV_STR("Ana@Example.com")));
        cr_assert(ev_str_equal(user->password_hash, EV_STR(SECRET)), "it goes into its column");
        cr_assert(ev_str_equal(user->first_name, EV_STR("Ana")));
        cr_assert(ev_str_equal(user->last_name, EV_STR("Gómez")));
        cr_assert(ev_str_equal(user->phone, EV_STR("+57 1 234")));
        cr_assert(ev_str_equal(user->role, EV_STR("admin")));
        cr_assert(user->active);
        cr_assert(ev_str_equal(user->company_id, EV_STR("C-1")));
        cr_assert_eq(user->created_at, t.cases.now);
        cr_assert_eq(user->updated_at, t.cases.now);
        cr_assert_eq(rows_added(&t, &kind), 1);
        decide_end(&t);
}

Test(customer_user_registration, takes_a_user_without_a_company)
{
        struct user_registration_requested asked = request();
        const struct user_registered *fact;
        struct decide t;

        begin(&t);
        asked.company_id = EV_STR_NULL;
        asked.first_name = asked.last_name = asked.phone = EV_STR_NULL;
        fact = registered(&t, &asked);
        cr_assert(ev_str_is_null(fact->company_id));
        cr_assert(ev_str_is_null(fact->first_name));
        cr_assert(ev_str_equal(t.facts->key, EV_STR("KEY")), "that of the record");
        cr_assert(ev_str_is_null(find_user(t.rows, EV_STR("U-1"))->company_id));
        decide_end(&t);
}

Test(customer_user_registration, waits_for_its_company_and_is_refused_at_the_last_try)
{
        struct user_registration_requested asked = request();
        struct decide t;

        begin(&t);
        asked.company_id = EV_STR("C-3");
        cr_assert_eq(decide(&t, &user_registration_requested_record, &asked), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "company");
        cr_assert_eq(t.facts_count, 0);
        cr_assert_eq(rows_added(&t, &kind), 0);

        t.is_last_try = true;
        refused(&t, &asked, CUSTOMER_REASON_UNKNOWN_COMPANY, "company_id C-3");

        decide_put(&t, &companies_table,
                   &(struct company){ .company_id = EV_STR("C-3"), .active = true });
        registered(&t, &asked);
        decide_end(&t);
}

/* A company that the event before it has registered is there. */
Test(customer_user_registration, sees_the_company_of_the_same_batch)
{
        const struct company_registration_requested company = { .company_id = EV_STR("C-3"),
                                                                .name = EV_STR("New") };
        struct user_registration_requested asked = request();
        struct decide t;

        begin(&t);
        asked.company_id = EV_STR("C-3");
        cr_assert_eq(decide(&t, &company_registration_requested_record, &company), 0);
        registered(&t, &asked);
        decide_end(&t);
}

Test(customer_user_registration, refuses_a_company_that_is_not_active)
{
        struct user_registration_requested asked = request();
        struct decide t;

        begin(&t);
        asked.company_id = EV_STR("C-2");
        refused(&t, &asked, CUSTOMER_REASON_COMPANY_INACTIVE, "company_id C-2");
        decide_end(&t);
}

/* What only one user may have, as it stands in the database and as the event before left it. */
Test(customer_user_registration, refuses_what_another_user_has)
{
        struct user_registration_requested asked = request(), other = request();
        struct decide t;

        begin(&t);
        decide_put(&t, &users_table, &(struct user){ .unique_id = EV_STR("U-1") });
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_USER, "unique_id U-1");
        asked.unique_id = EV_STR("U-2");
        decide_put(&t, &usernames_table, &(struct taken){ .value = EV_STR("ana") });
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_USERNAME, "username ana");
        asked.username = EV_STR("Ana"); /* names are compared as they are spelled */
        decide_put(&t, &emails_table, &(struct taken){ .value = EV_STR("ana@example.com") });
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_EMAIL, "email Ana@Example.com");
        asked.email = EV_STR("Ana2@Example.com");
        registered(&t, &asked);

        other.unique_id = EV_STR("U-2");
        refused(&t, &other, CUSTOMER_REASON_DUPLICATE_USER, "U-2");
        other.unique_id = EV_STR("U-3");
        other.username = EV_STR("Ana");
        refused(&t, &other, CUSTOMER_REASON_DUPLICATE_USERNAME, "Ana");
        other.username = EV_STR("bea");
        other.email = EV_STR("ANA2@EXAMPLE.COM");
        refused(&t, &other, CUSTOMER_REASON_DUPLICATE_EMAIL, "ANA2@EXAMPLE.COM");
        other.company_id = EV_STR("unknown");
        refused(&t, &other, CUSTOMER_REASON_DUPLICATE_EMAIL, ""); /* and does not wait */
        decide_end(&t);
}

Test(customer_user_registration, refuses_addresses_that_are_none)
{
        struct user_registration_requested asked = request();
        char address[300];
        struct decide t;

        begin(&t);
        memset(address, 'a', sizeof(address));
        memcpy(address + sizeof(address) - 5, "@b.co", 5);
        asked.company_id = EV_STR("unknown"); /* and does not wait */
        asked.email = (struct ev_str){ address, sizeof(address) };
        refused(&t, &asked, CUSTOMER_REASON_INVALID_EMAIL, "email aaa");
        asked.email = EV_STR("");
        refused(&t, &asked, CUSTOMER_REASON_INVALID_EMAIL, "email is not");
        asked.email = EV_STR("jos\xc3\xa9@example.com");
        refused(&t, &asked, CUSTOMER_REASON_INVALID_EMAIL, "jos\xc3\xa9@example.com");
        decide_end(&t);
}

Test(customer_user_registration, knows_four_roles)
{
        static const char *const roles[] = { "admin", "manager", "customer", "viewer" };
        static const char *const others[] = { "", "Admin", "root", "admin ", "adminx" };
        struct user_registration_requested asked = request();
        struct decide t;

        for (size_t i = 0; i < EV_ARRAY_SIZE(roles); ++i) {
                begin(&t);
                asked.role = ev_str_of(roles[i]);
                registered(&t, &asked);
                decide_end(&t);
        }
        begin(&t);
        asked.company_id = EV_STR("unknown"); /* and does not wait */
        for (size_t i = 0; i < EV_ARRAY_SIZE(others); ++i) {
                asked.role = ev_str_of(others[i]);
                refused(&t, &asked, CUSTOMER_REASON_INVALID_ROLE, "role");
        }
        decide_end(&t);
}

Test(customer_user_registration, refuses_each_text_that_does_not_fit)
{
        static const struct bounded_text texts[] = {
                { "unique_id", offsetof(struct user_registration_requested, unique_id), 255,
                  false },
                { "username", offsetof(struct user_registration_requested, username), 255, false },
                { "password_hash", offsetof(struct user_registration_requested, password_hash), 255,
                  false },
                { "first_name", offsetof(struct user_registration_requested, first_name), 255,
                  true },
                { "last_name", offsetof(struct user_registration_requested, last_name), 255, true },
                { "phone", offsetof(struct user_registration_requested, phone), 50, true },
        };
        const struct user_registration_requested good = request();

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                check_text(&kind, &good, &texts[i]);
}

/* The id of a company is looked for if it could be one, and refused at once if not. */
Test(customer_user_registration, refuses_a_company_id_that_is_none)
{
        struct user_registration_requested asked = request();
        char id[256];
        struct decide t;

        begin(&t);
        memset(id, 'x', sizeof(id));
        asked.company_id = (struct ev_str){ id, sizeof(id) };
        refused(&t, &asked, CUSTOMER_REASON_INVALID_FIELD, "company_id");
        asked.company_id = EV_STR("");
        refused(&t, &asked, CUSTOMER_REASON_INVALID_FIELD, "company_id is empty");
        asked.company_id.size = 255;
        asked.company_id.data = id;
        cr_assert_eq(decide(&t, &user_registration_requested_record, &asked), EV_WAITS);
        decide_end(&t);
}

/* A detail names the value that was refused, but never a secret. */
Test(customer_user_registration, tells_no_secret_when_it_refuses_one)
{
        struct user_registration_requested asked = request();
        char secret[300];
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < sizeof(secret); ++i)
                secret[i] = SECRET[i % strlen(SECRET)];
        asked.password_hash = (struct ev_str){ secret, sizeof(secret) };
        refused(&t, &asked, CUSTOMER_REASON_INVALID_FIELD, "password_hash is too long");
        decide_end(&t);
}

Test(customer_user_registration, tells_a_repeat)
{
        static const struct ev_first_request first = {
                EV_STR_INIT("event-0"), EV_STR_INIT("0190-fact"),
                EV_STR_INIT("quenty.customer.UserRegistered")
        };
        struct user_registration_requested asked = request();
        const struct customer_request_repeated *fact;
        struct decide t;

        begin(&t);
        decide_put(&t, &users_table, &(struct user){ .unique_id = EV_STR("U-1") });
        t.first_request = &first;
        cr_assert_eq(decide(&t, &user_registration_requested_record, &asked), 0);
        fact = decide_fact(&t, &customer_request_repeated_record);
        cr_assert(ev_str_equal(fact->first_event_id, first.event_id));
        cr_assert(ev_str_equal(fact->unique_id, EV_STR("U-1")));
        cr_assert_eq(t.facts_count, 1);
        cr_assert_eq(rows_added(&t, &kind), 0);
        no_secret(&t);
        decide_end(&t);
}

/* What `facts` say, folded into an empty set. */
static void rebuild(struct decide *t, const struct ev_announced *facts, int64_t time)
{
        void *value;

        for (; facts; facts = facts->next) {
                struct ev_fact_head head = { .id = facts->id, .time = time };

                cr_assert_eq(ev_avro_decode(facts->record, facts->payload, t->arena, &value), 0);
                for (size_t i = 0; i < customer_worker.fold_count; ++i)
                        if (customer_worker.folds[i].record == facts->record)
                                cr_assert_eq(customer_worker.folds[i].fold(t->rows, &head, value),
                                             0, "%s", ev_error_last()->text);
        }
}

/* Column by column, as they are described. */
static bool same_row(const struct ev_table *table, const void *a, const void *b)
{
        for (size_t i = 0; i < table->column_count; ++i) {
                const struct ev_table_column *column = &table->columns[i];
                const char *x = (const char *)a + column->offset;
                const char *y = (const char *)b + column->offset;

                if (strcmp(column->name, "password_hash") == 0)
                        continue;
                if (column->type == EV_COLUMN_TEXT) {
                        if (!ev_str_equal(*(const struct ev_str *)(const void *)x,
                                          *(const struct ev_str *)(const void *)y))
                                return false;
                } else if (memcmp(x, y, column->type == EV_COLUMN_BOOL ? 1 : sizeof(int64_t)) !=
                           0) {
                        return false;
                }
        }
        return true;
}

/* A database is a fold of its facts: what was decided and what is folded are the same rows, but for
 * the one secret. */
Test(customer_user_registration, facts_alone_make_the_same_rows)
{
        struct user_registration_requested user = request();
        const struct ev_row *const *live, *const *rebuilt;
        const struct ev_table *tables[] = { &companies_table, &users_table };
        struct decide t, again;
        size_t count, other;
        char id[16];

        decide_begin(&t, &customer_worker);
        for (int i = 0; i < 6; ++i) {
                const struct company_registration_requested company = {
                        .company_id = EV_STR("C-1"),
                        .name = i % 2 ? EV_STR("Acme") : EV_STR("Bolt"),
                        .document_number = i % 2 ? EV_STR_NULL : EV_STR("1")
                };

                snprintf(id, sizeof(id), "U-%d@x.co", i / 2);
                cr_assert_eq(ev_rows_text(t.rows, ev_str_of(id), &user.email), 0);
                user.unique_id = user.username = user.email;
                user.phone = i == 4 ? EV_STR_NULL : user.phone;
                user.company_id = i == 4 ? EV_STR_NULL : user.company_id;
                cr_assert_eq(decide(&t, &company_registration_requested_record, &company), 0);
                cr_assert_eq(decide(&t, &user_registration_requested_record, &user), 0);
        }
        decide_begin(&again, &customer_worker);
        rebuild(&again, t.cases.first, t.cases.now);
        for (size_t i = 0; i < EV_ARRAY_SIZE(tables); ++i) {
                cr_assert_eq(ev_rows_collect(t.rows, tables[i], EV_ROWS_INSERTED, &live, &count),
                             0);
                cr_assert_eq(ev_rows_collect(again.rows, tables[i], EV_ROWS_INSERTED, &rebuilt,
                                             &other),
                             0);
                cr_assert_eq(count, i == 0 ? 1 : 3);
                cr_assert_eq(count, other);
                for (size_t row = 0; row < count; ++row)
                        cr_assert(same_row(tables[i], live[row], rebuilt[row]));
        }
        cr_assert(ev_str_equal(find_user(again.rows, EV_STR("U-0@x.co"))->password_hash,
                               EV_STR("!")));
        cr_assert(
                ev_str_equal(find_user(t.rows, EV_STR("U-0@x.co"))->password_hash, EV_STR(SECRET)));
        decide_end(&again);
        decide_end(&t);
}

/* In a rebuild facts come from a topic; what does not fit is an error. */
Test(customer_user_registration, a_fold_fails_for_what_is_there_already)
{
        const struct ev_fact_head head = { .time = 1 };
        struct user_registered fact = { .unique_id = EV_STR("U-1"),
                                        .username = EV_STR("ana"),
                                        .email = EV_STR("ana@x.co"),
                                        .role = EV_STR("admin") };
        struct decide t;

        begin(&t);
        cr_assert_eq(fold_user_registered(t.rows, &head, &fact), 0);
        cr_assert_eq(fold_user_registered(t.rows, &head, &fact), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        fact.unique_id = EV_STR("U-2");
        cr_assert_eq(fold_user_registered(t.rows, &head, &fact), EV_FAILED);
        fact.username = EV_STR("bea");
        cr_assert_eq(fold_user_registered(t.rows, &head, &fact), EV_FAILED);
        fact.email = EV_STR("no address");
        cr_assert_eq(fold_user_registered(t.rows, &head, &fact), EV_FAILED);
        fact.email = EV_STR("bea@x.co");
        cr_assert_eq(fold_user_registered(t.rows, &head, &fact), 0);
        decide_end(&t);
}
