#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "unit/workers/registrations.h"

UNIT_SUITE(customer_company_registration);

static struct company_registration_requested request(void)
{
        return (struct company_registration_requested){ .company_id = EV_STR("C-1"),
                                                        .name = EV_STR("Acme"),
                                                        .business_name = EV_STR("Acme S.A."),
                                                        .document_type = EV_STR("nit"),
                                                        .document_number = EV_STR("900544472-2") };
}

/* Two kinds of documents, of which one is retired. */
static void begin(struct decide *t)
{
        decide_begin(t, &customer_worker);
        decide_put(t, &document_types_table,
                   &(struct document_type){ .code = EV_STR("nit"), .active = true });
        decide_put(t, &document_types_table,
                   &(struct document_type){ .code = EV_STR("rut"), .active = true });
        decide_put(t, &document_types_table, &(struct document_type){ .code = EV_STR("cedula") });
}

static const struct registration kind = {
        .request = &company_registration_requested_record,
        .fact = &company_registered_record,
        .table = &companies_table,
        .request_bytes = sizeof(struct company_registration_requested),
        .begin = begin,
};

static void refused(struct decide *t, const struct company_registration_requested *asked,
                    enum customer_reason reason, const char *said)
{
        const struct customer_request_declined *fact = decline(t, &kind, asked, reason, said);

        cr_assert(ev_str_equal(fact->company_id, asked->company_id));
}

static const struct company_registered *
registered(struct decide *t, const struct company_registration_requested *asked)
{
        return accept(t, &kind, asked);
}

Test(customer_company_registration, makes_a_company)
{
        struct company_registration_requested asked = request();
        const struct company_registered *fact;
        const struct company *company;
        struct decide t;

        begin(&t);
        fact = registered(&t, &asked);
        cr_assert(ev_str_equal(fact->company_id, asked.company_id));
        cr_assert(ev_str_equal(fact->name, asked.name));
        cr_assert(ev_str_equal(fact->business_name, asked.business_name));
        cr_assert(ev_str_equal(fact->document_type, asked.document_type));
        cr_assert(ev_str_equal(fact->document_number, asked.document_number));
        cr_assert(fact->active);
        cr_assert(ev_str_is_null(fact->warning));
        cr_assert(ev_str_equal(t.facts->key, EV_STR("C-1")));
        cr_assert(ev_str_equal(t.facts->subject, EV_STR("C-1")));

        company = find_company(t.rows, EV_STR("C-1"));
        cr_assert_not_null(company);
        cr_assert(ev_str_equal(company->name, EV_STR("Acme")));
        cr_assert(ev_str_equal(company->business_name, EV_STR("Acme S.A.")));
        cr_assert(ev_str_equal(company->document_type, EV_STR("nit")));
        cr_assert(ev_str_equal(company->document_number, EV_STR("900544472-2")));
        cr_assert(company->active);
        cr_assert_eq(company->created_at, t.cases.now);
        cr_assert_eq(company->updated_at, t.cases.now);
        cr_assert_eq(rows_added(&t, &kind), 1);
        decide_end(&t);
}

Test(customer_company_registration, needs_no_more_than_a_name)
{
        struct company_registration_requested asked = { .company_id = EV_STR("C-1"),
                                                        .name = EV_STR("A") };
        const struct company_registered *fact;
        struct decide t;

        begin(&t);
        fact = registered(&t, &asked);
        cr_assert(ev_str_is_null(fact->business_name));
        cr_assert(ev_str_is_null(fact->document_type));
        cr_assert(ev_str_is_null(fact->document_number));
        cr_assert(ev_str_is_null(find_company(t.rows, EV_STR("C-1"))->document_number));

        asked.company_id = EV_STR("C-2");
        registered(&t, &asked); /* no document is nobody's document */
        decide_end(&t);
}

Test(customer_company_registration, refuses_a_company_that_is_there)
{
        struct company_registration_requested asked = request();
        struct decide t;

        begin(&t);
        decide_put(&t, &companies_table, &(struct company){ .company_id = EV_STR("C-1") });
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_COMPANY, "company_id C-1");
        asked.company_id = EV_STR("c-1");
        registered(&t, &asked); /* ids are compared as they are spelled */

        asked.document_number = EV_STR("1");
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_COMPANY,
                "c-1"); /* made by the event before */
        decide_end(&t);
}

Test(customer_company_registration, refuses_a_document_that_another_company_has)
{
        struct company_registration_requested asked = request();
        struct decide t;

        begin(&t);
        decide_put(&t, &document_numbers_table, &(struct taken){ .value = EV_STR("77") });
        asked.document_number = EV_STR("77");
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_DOCUMENT, "document_number 77");

        asked.document_number = EV_STR("78");
        registered(&t, &asked);
        asked.company_id = EV_STR("C-2");
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_DOCUMENT, "78");
        asked.document_type = EV_STR("rut");
        refused(&t, &asked, CUSTOMER_REASON_DUPLICATE_DOCUMENT, "78"); /* whatever its type */
        decide_end(&t);
}

Test(customer_company_registration, refuses_document_types_that_are_not_known_or_retired)
{
        struct company_registration_requested asked = request();
        char type[4096];
        struct decide t;

        begin(&t);
        memset(type, 'x', sizeof(type));
        asked.document_type = EV_STR("NIT");
        refused(&t, &asked, CUSTOMER_REASON_UNKNOWN_DOCUMENT_TYPE, "document_type NIT");
        asked.document_type = EV_STR("");
        refused(&t, &asked, CUSTOMER_REASON_UNKNOWN_DOCUMENT_TYPE, "document_type");
        asked.document_type = EV_STR("cedula");
        refused(&t, &asked, CUSTOMER_REASON_UNKNOWN_DOCUMENT_TYPE, "retired");
        asked.document_type = (struct ev_str){ type, sizeof(type) };
        refused(&t, &asked, CUSTOMER_REASON_UNKNOWN_DOCUMENT_TYPE, "is not known");
        decide_end(&t);
}

Test(customer_company_registration, refuses_each_text_that_does_not_fit)
{
        static const struct bounded_text texts[] = {
                { "company_id", offsetof(struct company_registration_requested, company_id), 255,
                  false },
                { "name", offsetof(struct company_registration_requested, name), 500, false },
                { "business_name", offsetof(struct company_registration_requested, business_name),
                  500, true },
                { "document_number",
                  offsetof(struct company_registration_requested, document_number), 100, false },
        };
        const struct company_registration_requested good = request();

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                check_text(&kind, &good, &texts[i]);
}

/* A wrong number is a warning, and only for a nit. */
Test(customer_company_registration, warns_of_a_wrong_check_digit)
{
        static const struct {
                const char *type, *number, *warning;
        } cases[] = {
                { "nit", "213.123.432-1", NULL },
                { "nit", "213.123.432-5",
                  "document_number: the check digit of this nit would be 1" },
                { "nit", "2131234325", "document_number: the check digit of this nit would be 1" },
                { "nit", "AB-1", "document_number: this is no nit" },
                { "nit", NULL, NULL },
                { "rut", "213.123.432-5", NULL },
                { NULL, "213.123.432-5", NULL },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct company_registration_requested asked = request();
                const struct company_registered *fact;
                struct decide t;

                begin(&t);
                asked.document_type = ev_str_of(cases[i].type);
                asked.document_number = ev_str_of(cases[i].number);
                fact = registered(&t, &asked);
                cr_assert(ev_str_equal(fact->warning, ev_str_of(cases[i].warning)), "%zu: %.*s", i,
                          EV_STR_ARG(fact->warning));
                decide_end(&t);
        }
}

/* What was accepted before with the same content is no duplicate. */
Test(customer_company_registration, tells_a_repeat)
{
        static const struct ev_first_request first = {
                EV_STR_INIT("event-0"), EV_STR_INIT("0190-fact"),
                EV_STR_INIT("quenty.customer.CompanyRegistered")
        };
        struct company_registration_requested asked = request();
        const struct customer_request_repeated *fact;
        struct decide t;

        begin(&t);
        decide_put(&t, &companies_table, &(struct company){ .company_id = EV_STR("C-1") });
        t.first_request = &first;
        cr_assert_eq(decide(&t, &company_registration_requested_record, &asked), 0);
        fact = decide_fact(&t, &customer_request_repeated_record);
        cr_assert(ev_str_equal(fact->first_event_id, first.event_id));
        cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
        cr_assert_eq(t.facts_count, 1);
        cr_assert_eq(rows_added(&t, &kind), 0);
        decide_end(&t);
}

/* In a rebuild facts come from a topic; what does not fit is an error. */
Test(customer_company_registration, a_fold_fails_for_what_is_there_already)
{
        const struct ev_fact_head head = { .time = 1 };
        struct company_registered fact = { .company_id = EV_STR("C-1"),
                                           .name = EV_STR("Acme"),
                                           .document_number = EV_STR("77") };
        struct decide t;

        begin(&t);
        cr_assert_eq(fold_company_registered(t.rows, &head, &fact), 0);
        cr_assert_eq(fold_company_registered(t.rows, &head, &fact), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        fact.company_id = EV_STR("C-2");
        cr_assert_eq(fold_company_registered(t.rows, &head, &fact), EV_FAILED);
        fact.document_number = EV_STR("78");
        cr_assert_eq(fold_company_registered(t.rows, &head, &fact), 0);
        decide_end(&t);
}
