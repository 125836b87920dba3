/* A company is registered: CompanyRegistrationRequested → CompanyRegistered.
 *
 * Its id and the number of its document are its alone. There is no row to lock yet; where two lanes
 * register the same at the same time, the database's unique indexes let one of them through, and
 * the other is decided again over the row that is there then (rows.c). */

#include "registration.h"

#include <assert.h>
#include <stdio.h>

#include "nit.h"
#include "rows.h"

enum {
        COMPANY_ID_MAX = 255, /* characters: the columns of companies */
        NAME_MAX_CHARACTERS = 500,
        DOCUMENT_NUMBER_MAX = 100,
        WARNING_BYTES_MAX = 100,
};

/* The company, and whatever its id, its document might collide with. */
void want_company_registration(struct ev_wants *wants, const void *event)
{
        const struct company_registration_requested *request = event;

        assert(request);

        ev_want(wants, WANT_COMPANY, request->company_id);
        ev_want(wants, WANT_DOCUMENT, request->document_number);
        ev_want(wants, WANT_DOCUMENT_TYPE, request->document_type);
}

/* A type that is too long for its column is not known either, and needs no line. */
static bool refuses_fields(const struct company_registration_requested *request,
                           struct refusal *ret_refusal)
{
        const struct text_rule rules[] = {
                { "company_id", request->company_id, COMPANY_ID_MAX, false, false },
                { "name", request->name, NAME_MAX_CHARACTERS, false, false },
                { "business_name", request->business_name, NAME_MAX_CHARACTERS, true, false },
                { "document_number", request->document_number, DOCUMENT_NUMBER_MAX, false, false },
        };

        assert(request->company_id.data);

        return refuses_texts(rules, EV_ARRAY_SIZE(rules), ret_refusal);
}

/* What other rows have to say about it. */
static bool refuses_rows(const struct ev_rows *rows,
                         const struct company_registration_requested *request,
                         struct refusal *ret_refusal)
{
        assert(rows);

        if (find_company(rows, request->company_id))
                *ret_refusal =
                        (struct refusal){ CUSTOMER_REASON_DUPLICATE_COMPANY, "company_id",
                                          request->company_id, "is registered with other content" };
        else if (!ev_str_is_null(request->document_number) &&
                 document_is_taken(rows, request->document_number))
                *ret_refusal =
                        (struct refusal){ CUSTOMER_REASON_DUPLICATE_DOCUMENT, "document_number",
                                          request->document_number, "belongs to another company" };
        else if (!ev_str_is_null(request->document_type) &&
                 !document_type_is_open(rows, request->document_type))
                *ret_refusal =
                        (struct refusal){ CUSTOMER_REASON_UNKNOWN_DOCUMENT_TYPE, "document_type",
                                          request->document_type, "is not known or was retired" };
        else
                return false;
        return true;
}

/* Numbers come from forms that people fill in. A wrong one is told, not refused: which number the
 * company has is not ours to say. Null: nothing looks wrong. */
static struct ev_str warning_of(const struct company_registration_requested *request,
                                char buffer[WARNING_BYTES_MAX])
{
        int digit;

        assert(buffer);

        if (!ev_str_equal(request->document_type, EV_STR("nit")) ||
            ev_str_is_null(request->document_number))
                return EV_STR_NULL;
        switch (nit_check(request->document_number, &digit)) {
        case NIT_GOOD: return EV_STR_NULL;
        case NIT_WRONG_DIGIT:
                snprintf(buffer, WARNING_BYTES_MAX,
                         "document_number: the check digit of this nit would be %d", digit);
                break;
        case NIT_NOT_A_NUMBER:
                snprintf(buffer, WARNING_BYTES_MAX, "document_number: this is no nit");
                break;
        }
        return ev_str_of(buffer);
}

/* Checks go from what the request says by itself to what it says about rows. */
int decide_company_registration(struct ev_case *c, const void *event)
{
        const struct company_registration_requested *request = event;
        char warning[WARNING_BYTES_MAX];
        struct refusal refusal;

        assert(request);

        if (refuses_fields(request, &refusal) || refuses_rows(ev_rows_of(c), request, &refusal))
                return refuse(c, &refusal);
        return company_registered_announce(c, &(struct company_registered){
                                                      .company_id = request->company_id,
                                                      .name = request->name,
                                                      .business_name = request->business_name,
                                                      .document_type = request->document_type,
                                                      .document_number = request->document_number,
                                                      .active = true,
                                                      .warning = warning_of(request, warning) });
}

/* For a rebuild; in the live path the request has wanted the same. */
void want_company_registered(struct ev_wants *wants, const void *event)
{
        const struct company_registered *fact = event;

        assert(fact);

        ev_want(wants, WANT_COMPANY, fact->company_id);
        ev_want(wants, WANT_DOCUMENT, fact->document_number);
}

/* The row, and that its number is taken from now on. In a rebuild facts come from a topic, so that
 * what does not fit together is an error, not a promise of ours. */
int fold_company_registered(struct ev_rows *rows, const struct ev_fact_head *head,
                            const void *event)
{
        const struct company_registered *fact = event;
        bool has_number = !ev_str_is_null(fact->document_number);
        int r;

        assert(head);

        if (find_company(rows, fact->company_id) ||
            (has_number && document_is_taken(rows, fact->document_number)))
                return ev_fail(EV_VERDICT_STOP,
                               "CompanyRegistered of %.*s: it, or its document, is there already",
                               EV_STR_ARG(fact->company_id));
        r = ev_rows_add(rows, &companies_table,
                        &(struct company){ .company_id = fact->company_id,
                                           .name = fact->name,
                                           .business_name = fact->business_name,
                                           .document_type = fact->document_type,
                                           .document_number = fact->document_number,
                                           .active = fact->active,
                                           .created_at = head->time,
                                           .updated_at = head->time },
                        NULL);
        if (r == 0 && has_number)
                r = ev_rows_add(rows, &document_numbers_table,
                                &(struct taken){ .value = fact->document_number }, NULL);
        return ev_trace(r);
}
