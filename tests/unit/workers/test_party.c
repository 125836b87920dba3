#include "support/unit.h"

#include "base/error.h"
#include "flow/wants.h"
#include "party.h"
#include "schemas/customer.h"
#include "support/decide.h"

UNIT_SUITE(party);

/* Two timelines of one customer_db, whose numbers cannot be compared. */
#define FIRST  EV_STR("/quenty/customer_db/7/1")
#define SECOND EV_STR("/quenty/customer_db/7/2")

/* A worker that knows parties and nothing else. */
static const struct ev_route routes[] = {
        { &company_registered_record, party_want_company_registered, NULL },
        { &user_registered_record, party_want_user_registered, NULL },
};
static const struct ev_fold folds[] = {
        { &company_registered_record, party_want_company_registered,
          party_fold_company_registered },
        { &user_registered_record, party_want_user_registered, party_fold_user_registered },
};
static const struct ev_table *const tables[] = { &party_companies_table, &party_users_table };
static const char *const topics[] = { "quenty.order.events.v1", NULL };
static const struct ev_worker knows_parties = {
        .name = "parties",
        .database = "order_db",
        .migration = 1,
        .facts_topics = topics,
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
        .folds = folds,
        .fold_count = EV_ARRAY_SIZE(folds),
        .tables = tables,
        .table_count = EV_ARRAY_SIZE(tables),
        .list_count = PARTY_LISTS,
};

static void fold_company(struct decide *t, struct ev_str source, int64_t sequence, struct ev_str id,
                         bool active)
{
        const struct ev_fact_head head = { .source = source, .sequence = sequence };
        const struct company_registered fact = { .company_id = id, .active = active };

        cr_assert_eq(folds[0].fold(t->rows, &head, &fact), 0);
}

static void fold_user(struct decide *t, struct ev_str source, int64_t sequence,
                      const struct user_registered *fact)
{
        const struct ev_fact_head head = { .source = source, .sequence = sequence };

        cr_assert_eq(folds[1].fold(t->rows, &head, fact), 0);
}

static size_t rows_of(struct decide *t, const struct ev_table *table, enum ev_rows_kind kind)
{
        const struct ev_row *const *list;
        size_t count;

        cr_assert_eq(ev_rows_collect(t->rows, table, kind, &list, &count), 0);
        return count;
}

Test(party, is_unknown_until_a_fact_tells_of_it)
{
        const struct party *company;
        struct decide t;

        decide_begin(&t, &knows_parties);
        cr_assert_null(party_company(t.rows, EV_STR("C-1")));
        fold_company(&t, FIRST, 7, EV_STR("C-1"), true);
        company = party_company(t.rows, EV_STR("C-1"));
        cr_assert_not_null(company);
        cr_assert(company->active);
        cr_assert(ev_str_equal(company->kind, EV_STR("company")));
        cr_assert(ev_str_equal(company->source, FIRST));
        cr_assert_eq(company->last_sequence, 7);
        cr_assert(ev_str_is_null(company->role), "a company has none");
        cr_assert(ev_str_is_null(company->company_id));
        cr_assert_eq(rows_of(&t, &party_companies_table, EV_ROWS_INSERTED), 1);
        decide_end(&t);
}

Test(party, of_a_user_has_the_whole_row_of_the_newest_fact)
{
        struct user_registered fact = { .unique_id = EV_STR("U-1"),
                                        .role = EV_STR("viewer"),
                                        .company_id = EV_STR("C-1") };
        const struct party *user;
        struct decide t;

        decide_begin(&t, &knows_parties);
        fold_user(&t, FIRST, 1, &fact);
        user = party_user(t.rows, EV_STR("U-1"));
        cr_assert(ev_str_equal(user->kind, EV_STR("user")));
        cr_assert(ev_str_equal(user->role, EV_STR("viewer")));
        cr_assert(ev_str_equal(user->company_id, EV_STR("C-1")));
        cr_assert_not(user->active);

        fact.role = EV_STR("admin");
        fact.active = true;
        fact.company_id = EV_STR_NULL;
        fold_user(&t, FIRST, 2, &fact);
        cr_assert_eq(party_user(t.rows, EV_STR("U-1")), user);
        cr_assert(ev_str_equal(user->role, EV_STR("admin")));
        cr_assert(user->active);
        cr_assert(ev_str_is_null(user->company_id), "who has no company any more has none here");
        cr_assert_eq(user->last_sequence, 2);
        cr_assert_eq(rows_of(&t, &party_users_table, EV_ROWS_INSERTED), 1, "one net image");
        decide_end(&t);
}

/* Facts that were applied come again after a crash of the relay, and in a topic that is read anew.
 */
Test(party, is_not_changed_by_an_older_fact)
{
        struct decide t;

        decide_begin(&t, &knows_parties);
        decide_put(&t, &party_companies_table,
                   &(struct party){ .kind = EV_STR("company"),
                                    .party_id = EV_STR("C-1"),
                                    .active = true,
                                    .source = FIRST,
                                    .last_sequence = 7 });
        fold_company(&t, FIRST, 6, EV_STR("C-1"), false);
        fold_company(&t, FIRST, 7, EV_STR("C-1"), false);
        cr_assert(party_company(t.rows, EV_STR("C-1"))->active);
        cr_assert_eq(rows_of(&t, &party_companies_table, EV_ROWS_UPDATED), 0);

        fold_company(&t, FIRST, 8, EV_STR("C-1"), false);
        cr_assert_not(party_company(t.rows, EV_STR("C-1"))->active);
        cr_assert_eq(party_company(t.rows, EV_STR("C-1"))->last_sequence, 8);
        cr_assert_eq(rows_of(&t, &party_companies_table, EV_ROWS_UPDATED), 1);
        decide_end(&t);
}

/* customer_db was restored: it goes on with lower numbers, under another name. */
Test(party, is_changed_by_whatever_another_source_says)
{
        struct decide t;

        decide_begin(&t, &knows_parties);
        fold_company(&t, FIRST, 100, EV_STR("C-1"), true);
        fold_company(&t, SECOND, 3, EV_STR("C-1"), false);
        cr_assert_not(party_company(t.rows, EV_STR("C-1"))->active);
        cr_assert(ev_str_equal(party_company(t.rows, EV_STR("C-1"))->source, SECOND));
        cr_assert_eq(party_company(t.rows, EV_STR("C-1"))->last_sequence, 3);
        decide_end(&t);
}

/* Both kinds share a table of the database; one id may be a company's and a user's. */
Test(party, companies_and_users_are_told_apart)
{
        const struct user_registered user = { .unique_id = EV_STR("X"),
                                              .role = EV_STR("admin"),
                                              .active = true };
        struct decide t;

        decide_begin(&t, &knows_parties);
        fold_company(&t, FIRST, 1, EV_STR("X"), false);
        cr_assert_null(party_user(t.rows, EV_STR("X")));
        fold_user(&t, FIRST, 2, &user);
        cr_assert_not(party_company(t.rows, EV_STR("X"))->active);
        cr_assert(party_user(t.rows, EV_STR("X"))->active);
        decide_end(&t);
}

/* A row may be gone with its fact's memory: what is kept of it was copied. */
Test(party, keeps_no_text_of_a_fact)
{
        char role[] = "admin", source[] = "/quenty/customer_db/7/1", company[] = "C-1";
        struct user_registered fact = { .unique_id = EV_STR("U-1"), .role = EV_STR("viewer") };
        const struct party *user;
        struct decide t;

        decide_begin(&t, &knows_parties);
        fold_user(&t, SECOND, 1, &fact);
        fact.role = ev_str_of(role);
        fact.company_id = ev_str_of(company);
        fold_user(&t, ev_str_of(source), 2, &fact);
        role[0] = source[0] = company[0] = '?';
        user = party_user(t.rows, EV_STR("U-1"));
        cr_assert(ev_str_equal(user->role, EV_STR("admin")));
        cr_assert(ev_str_equal(user->company_id, EV_STR("C-1")));
        cr_assert(ev_str_equal(user->source, FIRST));
        decide_end(&t);
}

/* The row that a fact changes has to be locked: another list than that of who only looks. */
Test(party, facts_want_the_row_locked)
{
        const struct company_registered company = { .company_id = EV_STR("C-1") };
        const struct user_registered user = { .unique_id = EV_STR("U-1") };
        struct ev_wants wants;
        struct decide t;

        decide_begin(&t, &knows_parties);
        ev_wants_begin(&wants, t.arena);
        routes[0].want(&wants, &company);
        routes[1].want(&wants, &user);
        cr_assert_eq(ev_wants_finish(&wants), 0);
        cr_assert_eq(wants.lists[WANT_COMPANY].count, 0);
        cr_assert_eq(wants.lists[WANT_USER].count, 0);
        cr_assert_eq(wants.lists[WANT_COMPANY_CHANGED].count, 1);
        cr_assert(ev_str_equal(wants.lists[WANT_COMPANY_CHANGED].keys[0], EV_STR("C-1")));
        cr_assert_eq(wants.lists[WANT_USER_CHANGED].count, 1);
        cr_assert(ev_str_equal(wants.lists[WANT_USER_CHANGED].keys[0], EV_STR("U-1")));
        decide_end(&t);
}
