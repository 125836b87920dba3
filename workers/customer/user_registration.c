/* A user is registered: UserRegistrationRequested → UserRegistered.
 *
 * Id, name and mail address are unique over all companies: see rows.c for two lanes that register
 * the same. The user's company is locked, so that nobody joins one that is being deactivated; a
 * company that is not there yet is waited for, because its own registration may be on its way.
 *
 * The hash of the password goes from the request into its column, by ev_secret(), and nowhere else:
 * into no fact, no refusal's detail and no text of an error. A fold knows facts only, so a rebuilt
 * user has "!", which no hash equals. */

#include "registration.h"

#include <assert.h>

#include "email.h"
#include "rows.h"

enum {
        TEXT_MAX = 255, /* characters: the columns of users */
        PHONE_MAX = 50,
};

/* The user and its company, and whose name and address it might have. An address that will be
 * refused is nobody's. */
void want_user_registration(struct ev_wants *wants, const void *event)
{
        const struct user_registration_requested *request = event;

        assert(request);

        ev_want(wants, WANT_COMPANY, request->company_id);
        ev_want(wants, WANT_USER, request->unique_id);
        ev_want(wants, WANT_USERNAME, request->username);
        if (email_is_valid(request->email))
                ev_want(wants, WANT_EMAIL, request->email);
}

/* As chk_users_role. What each may do is other events' business. */
static bool is_role(struct ev_str text)
{
        static const struct ev_str roles[] = { EV_STR_INIT("admin"), EV_STR_INIT("manager"),
                                               EV_STR_INIT("customer"), EV_STR_INIT("viewer") };

        assert(!ev_str_is_null(text));

        for (size_t i = 0; i < EV_ARRAY_SIZE(roles); ++i)
                if (ev_str_equal(text, roles[i]))
                        return true;
        return false;
}

/* What can never be right, whatever the rows say. */
static bool refuses_fields(const struct user_registration_requested *request,
                           struct refusal *ret_refusal)
{
        const struct text_rule rules[] = {
                { "unique_id", request->unique_id, TEXT_MAX, false, false },
                { "company_id", request->company_id, TEXT_MAX, false, false },
                { "username", request->username, TEXT_MAX, false, false },
                { "password_hash", request->password_hash, TEXT_MAX, false, true },
                { "first_name", request->first_name, TEXT_MAX, true, false },
                { "last_name", request->last_name, TEXT_MAX, true, false },
                { "phone", request->phone, PHONE_MAX, true, false },
        };

        assert(request->unique_id.data);

        if (refuses_texts(rules, EV_ARRAY_SIZE(rules), ret_refusal))
                return true;
        if (!email_is_valid(request->email))
                *ret_refusal = (struct refusal){ CUSTOMER_REASON_INVALID_EMAIL, "email",
                                                 request->email, "is not an address" };
        else if (!is_role(request->role))
                *ret_refusal =
                        (struct refusal){ CUSTOMER_REASON_INVALID_ROLE, "role", request->role,
                                          "is not admin, manager, customer or viewer" };
        else
                return false;
        return true;
}

/* What only one user may have. */
static bool refuses_taken(const struct ev_rows *rows,
                          const struct user_registration_requested *request,
                          struct refusal *ret_refusal)
{
        assert(rows);

        if (find_user(rows, request->unique_id))
                *ret_refusal =
                        (struct refusal){ CUSTOMER_REASON_DUPLICATE_USER, "unique_id",
                                          request->unique_id, "is registered with other content" };
        else if (username_is_taken(rows, request->username))
                *ret_refusal = (struct refusal){ CUSTOMER_REASON_DUPLICATE_USERNAME, "username",
                                                 request->username, "belongs to another user" };
        else if (email_is_taken(rows, request->email))
                *ret_refusal = (struct refusal){ CUSTOMER_REASON_DUPLICATE_EMAIL, "email",
                                                 request->email, "belongs to another user" };
        else
                return false;
        return true;
}

/* A user without a company has none that could refuse it. */
static bool refuses_company(const struct ev_rows *rows,
                            const struct user_registration_requested *request,
                            struct refusal *ret_refusal)
{
        const struct company *company;

        assert(rows);

        if (ev_str_is_null(request->company_id))
                return false;
        company = find_company(rows, request->company_id);
        if (!company)
                *ret_refusal = (struct refusal){ CUSTOMER_REASON_UNKNOWN_COMPANY, "company_id",
                                                 request->company_id, "is not known" };
        else if (!company->active)
                *ret_refusal = (struct refusal){ CUSTOMER_REASON_COMPANY_INACTIVE, "company_id",
                                                 request->company_id, "is not active" };
        else
                return false;
        return true;
}

/* The fold of the announcement makes the row; only then the secret has a place to go to. */
static int register_user(struct ev_case *c, const struct user_registration_requested *request)
{
        int r = user_registered_announce(c, &(struct user_registered){
                                                    .unique_id = request->unique_id,
                                                    .company_id = request->company_id,
                                                    .username = request->username,
                                                    .email = request->email,
                                                    .first_name = request->first_name,
                                                    .last_name = request->last_name,
                                                    .phone = request->phone,
                                                    .role = request->role,
                                                    .active = true,
                                            });

        assert(r <= 0);

        if (r < 0)
                return r;
        return ev_secret(c, &users_table, request->unique_id, "password_hash",
                         request->password_hash);
}

/* A request that can never be accepted is refused at once and does not wait for its company. */
int decide_user_registration(struct ev_case *c, const void *event)
{
        const struct user_registration_requested *request = event;
        const struct ev_rows *rows = ev_rows_of(c);
        struct refusal refusal;

        assert(request);

        if (refuses_fields(request, &refusal) || refuses_taken(rows, request, &refusal))
                return refuse(c, &refusal);
        if (refuses_company(rows, request, &refusal)) {
                if (refusal.reason == CUSTOMER_REASON_UNKNOWN_COMPANY && !ev_last_try(c))
                        return ev_wait(c, "company");
                return refuse(c, &refusal);
        }
        return register_user(c, request);
}

/* For a rebuild; in the live path the request has wanted the same. */
void want_user_registered(struct ev_wants *wants, const void *event)
{
        const struct user_registered *fact = event;

        assert(fact);

        ev_want(wants, WANT_COMPANY, fact->company_id);
        ev_want(wants, WANT_USER, fact->unique_id);
        ev_want(wants, WANT_USERNAME, fact->username);
        ev_want(wants, WANT_EMAIL, fact->email);
}

/* Adds the row, and that its name and address are taken from now on. */
static int add_user(struct ev_rows *rows, const struct ev_fact_head *head,
                    const struct user_registered *fact)
{
        char folded[EMAIL_MAX];
        int r = ev_rows_add(rows, &users_table,
                            &(struct user){ .unique_id = fact->unique_id,
                                            .username = fact->username,
                                            .email = fact->email,
                                            .password_hash = EV_STR("!"),
                                            .first_name = fact->first_name,
                                            .last_name = fact->last_name,
                                            .phone = fact->phone,
                                            .role = fact->role,
                                            .active = fact->active,
                                            .company_id = fact->company_id,
                                            .created_at = head->time,
                                            .updated_at = head->time },
                            NULL);

        assert(head);

        if (r == 0)
                r = ev_rows_add(rows, &usernames_table, &(struct taken){ .value = fact->username },
                                NULL);
        if (r == 0)
                r = ev_rows_add(rows, &emails_table,
                                &(struct taken){ .value = email_fold(fact->email, folded) }, NULL);
        return ev_trace(r);
}

/* In a rebuild facts come from a topic, so that what does not fit together is an error. */
int fold_user_registered(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct user_registered *fact = event;

        assert(head);

        if (!email_is_valid(fact->email))
                return ev_fail(EV_VERDICT_STOP, "UserRegistered of %.*s: its address is none",
                               EV_STR_ARG(fact->unique_id));
        if (find_user(rows, fact->unique_id) || username_is_taken(rows, fact->username) ||
            email_is_taken(rows, fact->email))
                return ev_fail(EV_VERDICT_STOP,
                               "UserRegistered of %.*s: it, its name or its address is there "
                               "already",
                               EV_STR_ARG(fact->unique_id));
        return ev_trace(add_user(rows, head, fact));
}
