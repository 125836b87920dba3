/* Facts alone make the rows; and what the clock does. */

#include "support/unit.h"

#include <stdio.h>

#include "base/error.h"
#include "unit/workers/manifests.h"

UNIT_SUITE(shipping_folds);

static void customs(struct decide *t, const char *unique_id, bool approved, bool retryable)
{
        struct customs_decision_reported event = { .unique_id = ev_str_of(unique_id),
                                                   .approved = approved,
                                                   .retryable = retryable };
        char number[16];

        snprintf(number, sizeof(number), "PARCEL%04zu", t->count);
        if (approved)
                event.tracking_number = ev_str_of(number);
        cr_assert_eq(decide(t, &customs_decision_reported_record, &event), 0);
        cr_assert_eq(decide_count(t, &shipping_request_declined_record), 0);
}

static void cancel(struct decide *t, const char *order_number)
{
        cr_assert_eq(decide(t, &order_cancellation_pending_record,
                            &(struct order_cancellation_pending){
                                    .order_number = ev_str_of(order_number),
                                    .company_id = EV_STR("C-1"),
                                    .cancel_reason = EV_STR("no \"use\" \\ any more"),
                                    .requested_by = EV_STR("U-1") }),
                     0);
}

/* Every kind of fact, one after the other; decide_end() folds them into an empty working set. */
Test(shipping_folds, facts_alone_make_the_rows)
{
        static const char *const destinations[] = { "FR", "DE", "US", "QQ", "FR", "FR", "FR" };
        static const struct ev_str categories[] = { EV_STR_INIT("toys"), EV_STR_INIT("toys"),
                                                    EV_STR_INIT("food"), EV_STR_INIT("toys"),
                                                    EV_STR_INIT("toys"), EV_STR_INIT("toys"),
                                                    EV_STR_INIT("toys") };
        struct decide live;

        begin(&live);
        for (size_t i = 0; i < EV_ARRAY_SIZE(destinations); ++i) {
                struct order order;
                char number[8];

                snprintf(number, sizeof(number), "O-%zu", i);
                make_order(&order, number);
                order.fact.destination_country = ev_str_of(destinations[i]);
                order.fact.lines_count = i % 3 + 1;
                order.lines[0].category = categories[i];
                if (i == 1)
                        order.lines[0].hs_code = order.lines[0].country_of_origin = EV_STR_NULL;
                cr_assert_eq(confirm(&live, &order), 0);
        }
        customs(&live, "MAN-O-0", true, false);
        cr_assert_eq(decide(&live, &pickup_reported_record,
                            &(struct pickup_reported){ .unique_id = EV_STR("MAN-O-0"),
                                                       .at = 77,
                                                       .carrier = EV_STR("X") }),
                     0);
        customs(&live, "MAN-O-4", false, true);
        customs(&live, "MAN-O-5", true, false);
        cancel(&live, "O-5");
        cancel(&live, "O-1");
        cancel(&live, "O-0");
        cr_assert_eq(decide_count(&live, &manifest_cancellation_declined_record), 1);

        decide_end(&live);
}

/* Quotes are replaced as a whole, and the selected one with them. */
Test(shipping_folds, new_quotes_replace_the_old_ones)
{
        struct manifest_quote quote = { .carrier_code = EV_STR("NEW"),
                                        .carrier_name = EV_STR("New Carriers"),
                                        .service_type = EV_STR("slow"),
                                        .base_rate = 100,
                                        .total_cost = 100,
                                        .currency = EV_STR("USD"),
                                        .transit_days = 9,
                                        .valid_until = 5 };
        struct rates_quoted fact = { .unique_id = EV_STR("MAN-O-1"),
                                     .company_id = EV_STR("C-1"),
                                     .quotes_count = 1,
                                     .quotes = &quote,
                                     .selected_carrier_code = EV_STR("NEW"),
                                     .selected_service_type = EV_STR("slow"),
                                     .has_estimated_delivery = true,
                                     .estimated_delivery = 6 };
        const struct ev_fact_head head = { .time = 99 };
        const struct manifest *manifest;
        const struct rate *rate;
        struct decide t;

        begin(&t);
        t.is_not_rebuilt = true;
        manifest = submit(&t);
        cr_assert_eq(fold_rates_quoted(t.rows, &head, &fact), 0);
        rate = ev_rows_first(t.rows, &rates_table, manifest->id);
        cr_assert_null(ev_rows_next(rate));
        cr_assert_eq(selected_rate(t.rows, manifest), rate);
        cr_assert(ev_str_equal(rate->carrier_name, EV_STR("New Carriers")));
        cr_assert_eq(manifest->estimated_delivery, 6);
        cr_assert_eq(manifest->updated_at, 99);

        fact.quotes_count = 0;
        fact.has_estimated_delivery = false;
        cr_assert_eq(fold_rates_quoted(t.rows, &head, &fact), 0);
        cr_assert_null(ev_rows_first(t.rows, &rates_table, manifest->id));
        cr_assert_null(selected_rate(t.rows, manifest));
        cr_assert_not(order_of(t.rows, manifest)->has_selected_rate_id);
        cr_assert_not(manifest->has_estimated_delivery);
        decide_end(&t);
}

/* ManifestHeld leaves updated_at as it was; all others set it. */
Test(shipping_folds, being_held_is_no_change_of_the_manifest)
{
        enum shipping_reason reasons[] = { SHIPPING_REASON_NO_RATE,
                                           SHIPPING_REASON_COUNTRY_INACTIVE };
        const struct manifest_held fact = { .unique_id = EV_STR("MAN-O-1"),
                                            .company_id = EV_STR("C-1"),
                                            .reasons_count = 2,
                                            .reasons = reasons,
                                            .detail = EV_STR(""),
                                            .held_until = 123 };
        const struct ev_fact_head head = { .time = 99 };
        const struct manifest *manifest;
        const struct manifest_order *row;
        struct decide t;

        begin(&t);
        t.is_not_rebuilt = true;
        manifest = submit(&t);
        cr_assert_eq(fold_manifest_held(t.rows, &head, &fact), 0);
        cr_assert_eq(manifest->updated_at, t.cases.now);
        row = order_of(t.rows, manifest);
        cr_assert(ev_str_equal(row->held_reasons, EV_STR("{\"NO_RATE\",\"COUNTRY_INACTIVE\"}")));
        cr_assert_eq(row->retry_until, 123);
        decide_end(&t);
}

/* What is submitted waits for nothing any more, and has the documents that came with it. */
Test(shipping_folds, being_submitted_ends_being_held)
{
        struct ev_str documents[] = { EV_STR("permit"), EV_STR("a \"b\"") };
        const struct manifest_submitted fact = { .unique_id = EV_STR("MAN-O-1"),
                                                 .old_status = MANIFEST_STATUS_DRAFT,
                                                 .new_status = MANIFEST_STATUS_SUBMITTED,
                                                 .documents_count = 2,
                                                 .documents = documents,
                                                 .estimated_delivery = 8,
                                                 .submitted_at = 9 };
        const struct ev_fact_head head = { .time = 99 };
        const struct manifest *manifest;
        const struct manifest_order *row;
        struct order order;
        struct decide t;

        begin(&t);
        t.is_not_rebuilt = true;
        make_order(&order, "O-1");
        order.lines[0].hs_code = EV_STR_NULL;
        cr_assert_eq(confirm(&t, &order), 0);
        manifest = find_manifest(t.rows, EV_STR("MAN-O-1"));
        row = order_of(t.rows, manifest);
        cr_assert_not(ev_str_is_null(row->held_reasons));
        cr_assert_eq(fold_manifest_submitted(t.rows, &head, &fact), 0);
        cr_assert(ev_str_is_null(row->held_reasons));
        cr_assert_not(row->has_retry_until);
        cr_assert(row->has_submitted_at && row->submitted_at == 9);
        cr_assert(ev_str_equal(row->documents, EV_STR("{\"permit\",\"a \\\"b\\\"\"}")));
        cr_assert_eq(manifest->estimated_delivery, 8);
        cr_assert_eq(manifest->updated_at, 99);
        decide_end(&t);
}

/* In a rebuild facts come from a topic; what does not fit is an error. */
Test(shipping_folds, a_fold_fails_for_a_manifest_that_is_not_there)
{
        const struct ev_fact_head head = { .time = 99 };
        struct decide t;

        begin(&t);
        for (size_t i = 0; i < shipping_worker.fold_count; ++i) {
                const struct ev_fold *fold = &shipping_worker.folds[i];
                void *value = ev_arena_take(t.arena, fold->record->size);
                const struct ev_str id = EV_STR("MAN-X");

                if (fold->want != want_manifest_fact || fold->record == &manifest_drafted_record)
                        continue;
                memcpy(value, &id, sizeof(id));
                cr_assert_eq(fold->fold(t.rows, &head, value), EV_FAILED, "%s",
                             fold->record->name.data);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
                cr_assert(contains(ev_str_of(ev_error_last()->text), "MAN-X"));
        }
        submit(&t);
        cr_assert_eq(fold_manifest_drafted(t.rows, &head,
                                           &(struct manifest_drafted){ .unique_id =
                                                                               EV_STR("MAN-O-1") }),
                     EV_FAILED, "a second time");
        decide_end(&t);
}

/* ---- Lists of texts ---- */

Test(shipping_folds, writes_lists_as_postgresql_reads_them)
{
        static const struct ev_str texts[] = { EV_STR_INIT("plain"), EV_STR_INIT(""),
                                               EV_STR_INIT("a,b {c} \"d\" \\e"),
                                               EV_STR_INIT("NULL") };
        static char big[TEXTS_BYTES];
        struct ev_str array, one = { big, TEXTS_BYTES - 5 };
        struct decide t;

        begin(&t);
        cr_assert_eq(texts_write(t.rows, texts, 4, &array), 0);
        cr_assert(ev_str_equal(array,
                               EV_STR("{\"plain\",\"\",\"a,b {c} \\\"d\\\" \\\\e\",\"NULL\"}")));
        cr_assert_eq(texts_write(t.rows, NULL, 0, &array), 0);
        cr_assert(ev_str_equal(array, EV_STR("{}")));

        memset(big, 'x', sizeof(big));
        cr_assert_eq(texts_write(t.rows, &one, 1, &array), 0);
        cr_assert_eq(array.size, TEXTS_BYTES - 1);
        ++one.size;
        cr_assert_eq(texts_write(t.rows, &one, 1, &array), EV_FAILED);
        decide_end(&t);
}

Test(shipping_folds, reads_the_first_name_of_a_list)
{
        cr_assert(ev_str_is_null(texts_first(EV_STR_NULL)));
        cr_assert(ev_str_is_null(texts_first(EV_STR("{}"))));
        cr_assert(ev_str_equal(texts_first(EV_STR("{A}")), EV_STR("A")));
        cr_assert(ev_str_equal(texts_first(EV_STR("{A,B}")), EV_STR("A")));
        cr_assert(ev_str_equal(texts_first(EV_STR("{\"A\",\"B\"}")), EV_STR("A")));
}

/* ---- The 7 days ---- */

static int expire(struct decide *t)
{
        return decide_timer(t, &shipping_timers[0], EV_STR("MAN-O-1"));
}

static void hold(struct decide *t)
{
        struct order order;

        begin(t);
        make_order(&order, "O-1");
        order.fact.destination_country = EV_STR("DE");
        order.lines[0].hs_code = EV_STR("1");
        cr_assert_eq(confirm(t, &order), 0);
        cr_assert_eq(decide_count(t, &manifest_held_record), 1);
}

/* With the first reason that it was held for; facts made by time have no cause. */
Test(shipping_folds, what_was_held_for_seven_days_is_rejected_for_good)
{
        const struct manifest_rejected *fact;
        const struct ev_announced *announced;
        const struct manifest_order *row;
        struct decide t;

        hold(&t);
        t.cases.now += 7 * EV_MICROS_PER_DAY - 1;
        cr_assert_eq(expire(&t), 0);
        cr_assert_eq(t.facts_count, 0, "a microsecond is left");
        t.cases.now += 1;
        cr_assert_eq(expire(&t), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_eq(fact->reason, SHIPPING_REASON_INVALID_HS_CODE);
        cr_assert_not(fact->retryable);
        cr_assert_not(fact->has_retry_until);
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_DRAFT);
        cr_assert_eq(fact->new_status, MANIFEST_STATUS_REJECTED);
        announced = decide_announced(&t, &manifest_rejected_record);
        cr_assert(ev_str_is_null(announced->causation_id));
        cr_assert(ev_str_equal(announced->key, EV_STR("C-1")));
        row = order_of(t.rows, find_manifest(t.rows, EV_STR("MAN-O-1")));
        cr_assert(ev_str_is_null(row->held_reasons) && !row->has_retry_until);
        cr_assert_eq(expire(&t), 0);
        cr_assert_eq(t.facts_count, 0, "once");
        decide_end(&t);
}

/* A retryable rejection becomes final with its own reason. */
Test(shipping_folds, what_was_rejected_for_seven_days_is_so_for_good)
{
        const struct manifest_rejected *fact;
        struct decide t;

        begin(&t);
        submit(&t);
        customs(&t, "MAN-O-1", false, true);
        t.cases.now += 7 * EV_MICROS_PER_DAY;
        cr_assert_eq(expire(&t), 0);
        fact = decide_fact(&t, &manifest_rejected_record);
        cr_assert_eq(fact->reason, SHIPPING_REASON_CUSTOMS_REJECTED);
        cr_assert_eq(fact->old_status, MANIFEST_STATUS_REJECTED);
        cr_assert_not(fact->retryable);
        decide_end(&t);
}

/* The manifest was found due by another statement than the one that loads it. */
Test(shipping_folds, what_is_not_due_any_more_stays)
{
        struct decide t;

        begin(&t);
        cr_assert_eq(expire(&t), 0, "not there");
        submit(&t);
        t.cases.now += 8 * EV_MICROS_PER_DAY;
        cr_assert_eq(expire(&t), 0, "submitted");
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);

        hold(&t);
        cancel(&t, "O-1");
        t.cases.now += 8 * EV_MICROS_PER_DAY;
        cr_assert_eq(expire(&t), 0, "cancelled meanwhile");
        cr_assert_eq(t.facts_count, 0);
        decide_end(&t);
}
