/* What facts about a manifest mean for its rows: live, as they are announced, and in a rebuild.
 *
 * A fact carries what holds after it, so a fold copies and computes nothing. What does not fit
 * together can only come from a topic that is not ours or not whole, and is an error, not an
 * assert. Nothing is written here but the working set; if the process dies, nothing was. */

#include <assert.h>

#include "shipping/manifest.h"

/* All these facts begin with their manifest's id. */
void want_manifest_fact(struct ev_wants *wants, const void *fact)
{
        static_assert(offsetof(struct manifest_drafted, unique_id) == 0, "");
        static_assert(offsetof(struct rates_quoted, unique_id) == 0, "");
        static_assert(offsetof(struct manifest_held, unique_id) == 0, "");
        static_assert(offsetof(struct manifest_submitted, unique_id) == 0, "");
        static_assert(offsetof(struct manifest_approved, unique_id) == 0, "");
        static_assert(offsetof(struct manifest_rejected, unique_id) == 0, "");
        static_assert(offsetof(struct manifest_shipped, unique_id) == 0, "");
        const struct ev_str *unique_id = fact;

        assert(fact);

        ev_want(wants, WANT_MANIFEST, *unique_id);
}

/* The rows of a manifest, for writing. */
struct rows_of {
        struct manifest *manifest;
        struct manifest_order *order;
};

/* In a rebuild a fact may be about a manifest that is not there. */
static int find(const struct ev_rows *rows, struct ev_str unique_id,
                const struct manifest **ret_manifest)
{
        const struct manifest *manifest = find_manifest(rows, unique_id);

        assert(ret_manifest);

        if (!manifest)
                return ev_fail(EV_VERDICT_STOP,
                               "a fact is about the manifest %.*s, which is not there",
                               EV_STR_ARG(unique_id));
        *ret_manifest = manifest;
        return 0;
}

/* Both rows, and the time of the change. */
static int change(struct ev_rows *rows, const struct ev_fact_head *head, struct ev_str unique_id,
                  struct rows_of *ret_rows)
{
        const struct manifest *manifest = NULL;
        int r = find(rows, unique_id, &manifest);

        assert(ret_rows);

        if (r < 0)
                return ev_trace(r);
        ret_rows->order = ev_rows_change(rows, order_of(rows, manifest));
        ret_rows->manifest = ev_rows_change(rows, manifest);
        ret_rows->manifest->updated_at = head->time;
        return 0;
}

/* The same, and the manifest has a new status. */
static int move(struct ev_rows *rows, const struct ev_fact_head *head, struct ev_str unique_id,
                enum manifest_status status, struct rows_of *ret_rows)
{
        int r = change(rows, head, unique_id, ret_rows);

        assert(ret_rows);

        if (r < 0)
                return ev_trace(r);
        ret_rows->manifest->status = manifest_status_name(status);
        return 0;
}

/* A line, and beside it what its table has no column for. */
static int add_item(struct ev_rows *rows, const struct ev_fact_head *head, int32_t manifest_id,
                    const struct manifest_item *of_fact)
{
        const struct item item = { .manifest_id = manifest_id,
                                   .description = of_fact->description,
                                   .quantity = of_fact->quantity,
                                   .weight = of_fact->weight,
                                   .volume = of_fact->volume,
                                   .value = of_fact->value,
                                   .hs_code = of_fact->hs_code,
                                   .country_of_origin = of_fact->country_of_origin,
                                   .has_product_id = of_fact->has_product_id,
                                   .product_id = of_fact->product_id,
                                   .created_at = head->time };
        const void *added = NULL;
        int r = ev_rows_add(rows, &items_table, &item, &added);

        assert(manifest_id > 0);

        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_rows_add(rows, &item_extras_table,
                                    &(struct item_extra){ .manifest_item_id =
                                                                  ((const struct item *)added)->id,
                                                          .volume_cm3 = of_fact->volume_cm3,
                                                          .category = of_fact->category },
                                    NULL));
}

/* The two rows that every manifest has. */
static int add_manifest(struct ev_rows *rows, const struct ev_fact_head *head,
                        const struct manifest_drafted *fact, int32_t *ret_id)
{
        const struct manifest manifest = { .unique_id = fact->unique_id,
                                           .status = manifest_status_name(fact->status),
                                           .total_weight = fact->total_weight,
                                           .total_volume = fact->total_volume,
                                           .total_value = fact->total_value,
                                           .currency = fact->currency,
                                           .origin_country = fact->origin_country,
                                           .destination_country = fact->destination_country,
                                           .shipping_zone = fact->shipping_zone,
                                           .company_id = fact->company_id,
                                           .created_by = fact->created_by,
                                           .created_at = head->time,
                                           .updated_at = head->time };
        const void *added = NULL;
        int r = ev_rows_add(rows, &manifests_table, &manifest, &added);

        assert(ret_id);

        if (r < 0)
                return ev_trace(r);
        *ret_id = ((const struct manifest *)added)->id;
        return ev_trace(ev_rows_add(rows, &manifest_orders_table,
                                    &(struct manifest_order){ .manifest_id = *ret_id,
                                                              .order_number = fact->order_number,
                                                              .documents = EV_STR("{}"),
                                                              .duty_flag = fact->duty_flag },
                                    NULL));
}

int fold_manifest_drafted(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct manifest_drafted *fact = event;
        int32_t id = 0;
        int r;

        assert(head && fact);

        if (find_manifest(rows, fact->unique_id))
                return ev_fail(EV_VERDICT_STOP, "the manifest %.*s is drafted a second time",
                               EV_STR_ARG(fact->unique_id));
        r = add_manifest(rows, head, fact, &id);
        for (size_t i = 0; r == 0 && i < fact->items_count; ++i)
                r = add_item(rows, head, id, &fact->items[i]);
        return ev_trace(r);
}

/* The selected one is known by the row's id, because rows have the carriers' names, not their
 * codes. */
static int add_quote(struct ev_rows *rows, const struct ev_fact_head *head,
                     const struct rates_quoted *fact, const struct manifest_quote *quote,
                     const struct rows_of *of)
{
        const struct rate rate = { .manifest_id = of->manifest->id,
                                   .carrier_name = quote->carrier_name,
                                   .service_type = quote->service_type,
                                   .base_rate = quote->base_rate,
                                   .weight_rate = quote->weight_rate,
                                   .volume_rate = quote->volume_rate,
                                   .fuel_surcharge = quote->fuel_surcharge,
                                   .insurance_rate = quote->insurance_rate,
                                   .total_cost = quote->total_cost,
                                   .currency = quote->currency,
                                   .transit_days = quote->transit_days,
                                   .has_valid_until = true,
                                   .valid_until = quote->valid_until,
                                   .created_at = head->time };
        const void *added = NULL;
        int r = ev_rows_add(rows, &rates_table, &rate, &added);

        assert(of->order->manifest_id == of->manifest->id);

        if (r < 0)
                return ev_trace(r);
        if (ev_str_equal(quote->carrier_code, fact->selected_carrier_code) &&
            ev_str_equal(quote->service_type, fact->selected_service_type)) {
                of->order->has_selected_rate_id = true;
                of->order->selected_rate_id = ((const struct rate *)added)->id;
        }
        return 0;
}

/* Replaces all quotes: those of an earlier day are no offers any more. */
int fold_rates_quoted(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct rates_quoted *fact = event;
        const struct rate *rate;
        struct rows_of of;
        int r = change(rows, head, fact->unique_id, &of);

        assert(head);

        if (r < 0)
                return ev_trace(r);
        while ((rate = ev_rows_first(rows, &rates_table, of.manifest->id)))
                ev_rows_remove(rows, rate);
        of.order->has_selected_rate_id = false;
        of.manifest->has_estimated_delivery = fact->has_estimated_delivery;
        of.manifest->estimated_delivery = fact->estimated_delivery;
        for (size_t i = 0; r == 0 && i < fact->quotes_count; ++i)
                r = add_quote(rows, head, fact, &fact->quotes[i], &of);
        return ev_trace(r);
}

/* Its state is what it was, so updated_at is too. */
int fold_manifest_held(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct manifest_held *fact = event;
        const struct manifest *manifest = NULL;
        struct ev_str names[SHIPPING_REASONS];
        struct manifest_order *order;
        int r = find(rows, fact->unique_id, &manifest);

        assert(head);

        if (r < 0)
                return ev_trace(r);
        if (fact->reasons_count > EV_ARRAY_SIZE(names))
                return ev_fail(EV_VERDICT_STOP, "the manifest %.*s is held for %zu reasons",
                               EV_STR_ARG(fact->unique_id), fact->reasons_count);
        for (size_t i = 0; i < fact->reasons_count; ++i)
                names[i] = shipping_reason_name(fact->reasons[i]);
        order = ev_rows_change(rows, order_of(rows, manifest));
        order->has_retry_until = true;
        order->retry_until = fact->held_until;
        return ev_trace(texts_write(rows, names, fact->reasons_count, &order->held_reasons));
}

int fold_manifest_submitted(struct ev_rows *rows, const struct ev_fact_head *head,
                            const void *event)
{
        const struct manifest_submitted *fact = event;
        struct rows_of of;
        int r = move(rows, head, fact->unique_id, fact->new_status, &of);

        assert(head);

        if (r < 0)
                return ev_trace(r);
        of.manifest->has_estimated_delivery = true;
        of.manifest->estimated_delivery = fact->estimated_delivery;
        of.order->has_submitted_at = true;
        of.order->submitted_at = fact->submitted_at;
        of.order->held_reasons = EV_STR_NULL;
        of.order->has_retry_until = false;
        return ev_trace(
                texts_write(rows, fact->documents, fact->documents_count, &of.order->documents));
}

int fold_manifest_approved(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct manifest_approved *fact = event;
        struct rows_of of;
        int r = move(rows, head, fact->unique_id, fact->new_status, &of);

        assert(head);

        if (r < 0)
                return ev_trace(r);
        of.manifest->has_estimated_delivery = true;
        of.manifest->estimated_delivery = fact->estimated_delivery;
        of.order->has_approved_at = true;
        of.order->approved_at = head->time;
        r = ev_rows_text(rows, fact->tracking_number, &of.manifest->tracking_number);
        if (r < 0 || find_tracking(rows, fact->tracking_number))
                return ev_trace(r);
        return ev_trace(ev_rows_add(rows, &trackings_table,
                                    &(struct tracking){ .tracking_number = fact->tracking_number,
                                                        .unique_id = fact->unique_id },
                                    NULL));
}

/* Keeps the tracking number: it was given, and nobody else may have it. */
int fold_manifest_rejected(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct manifest_rejected *fact = event;
        struct rows_of of;
        int r = move(rows, head, fact->unique_id, fact->new_status, &of);

        assert(head);

        if (r < 0)
                return ev_trace(r);
        of.order->rejection_code = shipping_reason_name(fact->reason);
        of.order->has_retryable = true;
        of.order->retryable = fact->retryable;
        of.order->held_reasons = EV_STR_NULL;
        of.order->has_retry_until = fact->has_retry_until;
        of.order->retry_until = fact->retry_until;
        return 0;
}

int fold_manifest_shipped(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct manifest_shipped *fact = event;
        struct rows_of of;
        int r = move(rows, head, fact->unique_id, fact->new_status, &of);

        assert(head);

        if (r < 0)
                return ev_trace(r);
        of.order->has_shipped_at = true;
        of.order->shipped_at = fact->at;
        return 0;
}
