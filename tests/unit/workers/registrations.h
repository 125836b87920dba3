#ifndef TESTS_UNIT_WORKERS_REGISTRATIONS_H
#define TESTS_UNIT_WORKERS_REGISTRATIONS_H

/* What tests of the customer worker share: a company and a user are registered, refused and bounded
 * in the same way. */

#include <criterion/criterion.h>
#include <string.h>

#include "customer/customer.h"
#include "customer/registration.h"
#include "customer/rows.h"
#include "support/decide.h"

enum { WIDEST = 501, REQUEST_BYTES_MAX = 256 };

/* What is registered. */
struct registration {
        const struct ev_record *request, *fact;
        const struct ev_table *table;
        size_t request_bytes;
        void (*begin)(struct decide *t); /* decide_begin(), and the rows that it is tested with */
};

static inline size_t rows_added(const struct decide *t, const struct registration *kind)
{
        const struct ev_row *const *list;
        size_t count;

        cr_assert_eq(ev_rows_collect(t->rows, kind->table, EV_ROWS_INSERTED, &list, &count), 0);
        return count;
}

/* Decides it, which must be refused with this reason, and nothing else may have happened. */
static inline const struct customer_request_declined *
decline(struct decide *t, const struct registration *kind, const void *asked,
        enum customer_reason reason, const char *said)
{
        const struct customer_request_declined *fact;
        size_t before = rows_added(t, kind);

        cr_assert_eq(decide(t, kind->request, asked), 0);
        fact = decide_fact(t, &customer_request_declined_record);
        cr_assert_eq(fact->reason, reason, "reason %d: %.*s", fact->reason,
                     EV_STR_ARG(fact->detail));
        cr_assert_not_null(memmem(fact->detail.data, fact->detail.size, said, strlen(said)), "%.*s",
                           EV_STR_ARG(fact->detail));
        cr_assert_eq(t->facts->outcome, EV_OUTCOME_REFUSED);
        cr_assert_eq(t->facts_count, 1);
        cr_assert_eq(rows_added(t, kind), before);
        return fact;
}

/* Decides it, which must be accepted. */
static inline const void *accept(struct decide *t, const struct registration *kind,
                                 const void *asked)
{
        cr_assert_eq(decide(t, kind->request, asked), 0);
        cr_assert_eq(t->facts_count, 1);
        cr_assert_eq(t->facts->outcome, EV_OUTCOME_ACCEPTED);
        return decide_fact(t, kind->fact);
}

/* A text of a request, and how many characters its column has. */
struct bounded_text {
        const char *name;
        size_t offset, characters;
        bool may_be_empty;
};

/* As many characters as the column has, which may be more bytes, fit; one more does not. `good` is a
 * request that is accepted. */
static inline void check_text(const struct registration *kind, const void *good,
                              const struct bounded_text *bound)
{
        _Alignas(max_align_t) char asked[REQUEST_BYTES_MAX];
        struct ev_str *text = (struct ev_str *)(void *)(asked + bound->offset);
        char wide[2 * WIDEST]; /* U+00E9, so many times */
        struct decide t;

        cr_assert(kind->request_bytes <= sizeof(asked) && bound->characters < WIDEST);
        memcpy(asked, good, kind->request_bytes);
        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);

        kind->begin(&t);
        *text = (struct ev_str){ wide, 2 * (bound->characters + 1) };
        decline(&t, kind, asked, CUSTOMER_REASON_INVALID_FIELD, bound->name);
        decline(&t, kind, asked, CUSTOMER_REASON_INVALID_FIELD, "is too long");
        *text = EV_STR("");
        if (bound->may_be_empty)
                accept(&t, kind, asked);
        else
                decline(&t, kind, asked, CUSTOMER_REASON_INVALID_FIELD, "is empty");
        decide_end(&t);

        kind->begin(&t);
        *text = (struct ev_str){ wide, 2 * bound->characters };
        accept(&t, kind, asked);
        decide_end(&t);
}

#endif
