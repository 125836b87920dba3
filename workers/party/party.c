/* Folds customer facts into `party_projection`.
 *
 * The row of a party is what the newest fact about it says. *Newest* is by the sequence number of
 * its source, which the row keeps: facts that come twice, or out of order behind a rebalance,
 * change nothing. A fact of another source (the customer database was restored: another timeline)
 * is always newer, since its numbers cannot be compared with those of the first.
 *
 * The rows are saved in the transaction that advances the offset of the fact's lane; if the process
 * dies before that, the fact comes again. */

#include "party.h"

#include <assert.h>

#include "schemas/customer.h"

/* In the order in which the loads give them. The kind is a part of the key: UPDATE has to tell a
 * company from a user of the same id. */
static const struct ev_table_column columns[] = {
        EV_COLUMN(struct party, kind, TEXT, EV_COLUMN_KEY),
        EV_COLUMN(struct party, party_id, TEXT, EV_COLUMN_KEY),
        EV_COLUMN(struct party, role, TEXT, 0),
        EV_COLUMN(struct party, active, BOOL, 0),
        EV_COLUMN(struct party, company_id, TEXT, 0),
        EV_COLUMN(struct party, source, TEXT, 0),
        EV_COLUMN(struct party, last_sequence, INT8, 0),
};

const struct ev_table party_companies_table = {
        .name = "party_projection",
        .row_size = sizeof(struct party),
        .columns = columns,
        .column_count = EV_ARRAY_SIZE(columns),
        .find_by = &columns[1],
};

/* The same table of the database, and the same rows' struct; but another index in memory. */
const struct ev_table party_users_table = {
        .name = "party_projection",
        .row_size = sizeof(struct party),
        .columns = columns,
        .column_count = EV_ARRAY_SIZE(columns),
        .find_by = &columns[1],
};

const struct party *party_company(const struct ev_rows *rows, struct ev_str company_id)
{
        assert(!ev_str_is_null(company_id));

        return ev_rows_find(rows, &party_companies_table, company_id);
}

const struct party *party_user(const struct ev_rows *rows, struct ev_str unique_id)
{
        assert(!ev_str_is_null(unique_id));

        return ev_rows_find(rows, &party_users_table, unique_id);
}

/* ---- Folding ---- */

/* A row is only ever replaced as a whole: there is no fact that knows a part of it. */
static int replace(struct ev_rows *rows, const struct party *found, const struct party *image)
{
        struct party *party = ev_rows_change(rows, found);
        int r;

        assert(ev_str_equal(party->kind, image->kind));

        /* What the fact's texts lie in may end before the batch does. */
        r = ev_rows_text(rows, image->role, &party->role);
        if (r == 0)
                r = ev_rows_text(rows, image->company_id, &party->company_id);
        if (r == 0)
                r = ev_rows_text(rows, image->source, &party->source);
        if (r < 0)
                return r;
        party->active = image->active;
        party->last_sequence = image->last_sequence;
        return 0;
}

/* Puts the row that a fact tells into the table, unless a newer one stands there. */
static int fold_party(struct ev_rows *rows, const struct ev_table *table,
                      const struct ev_fact_head *head, struct party image)
{
        const struct party *found = ev_rows_find(rows, table, image.party_id);

        assert(!ev_str_is_null(head->source)); /* facts of another database have one */

        if (found && ev_str_equal(found->source, head->source) &&
            head->sequence <= found->last_sequence)
                return 0;
        image.source = head->source;
        image.last_sequence = head->sequence;
        return found ? replace(rows, found, &image) : ev_rows_add(rows, table, &image, NULL);
}

void party_want_company_registered(struct ev_wants *wants, const void *event)
{
        const struct company_registered *fact = event;

        assert(fact);

        ev_want(wants, WANT_COMPANY_CHANGED, fact->company_id);
}

int party_fold_company_registered(struct ev_rows *rows, const struct ev_fact_head *head,
                                  const void *event)
{
        const struct company_registered *fact = event;

        assert(fact);

        return fold_party(rows, &party_companies_table, head,
                          (struct party){ .kind = EV_STR("company"),
                                          .party_id = fact->company_id,
                                          .active = fact->active });
}

void party_want_user_registered(struct ev_wants *wants, const void *event)
{
        const struct user_registered *fact = event;

        assert(fact);

        ev_want(wants, WANT_USER_CHANGED, fact->unique_id);
}

int party_fold_user_registered(struct ev_rows *rows, const struct ev_fact_head *head,
                               const void *event)
{
        const struct user_registered *fact = event;

        assert(fact);

        return fold_party(rows, &party_users_table, head,
                          (struct party){ .kind = EV_STR("user"),
                                          .party_id = fact->unique_id,
                                          .role = fact->role,
                                          .active = fact->active,
                                          .company_id = fact->company_id });
}
