/* The states of a manifest, as one table.
 *
 * A decide asks what its event does to the manifest as it stands, under the lock of its row, and
 * announces a fact of that; nothing else takes a manifest to another state, and the trigger on the
 * table refuses what cannot be reached. A pickup and a cancellation that race for one manifest
 * therefore never both win, in whichever order they come. */

#include "shipping/manifest.h"

#include <assert.h>

/* A rejection that can be mended and one that is final are two states: only the first goes on. */
#define FROM(status)    MANIFEST_STATUS_##status, false
#define FROM_FINAL      MANIFEST_STATUS_REJECTED, true
#define ON(event)       MANIFEST_##event
#define TO(status)      MANIFEST_STATUS_##status, MANIFEST_MOVES
#define STAYS(status)   MANIFEST_STATUS_##status, MANIFEST_STAYS
#define REFUSES(status) MANIFEST_STATUS_##status, MANIFEST_REFUSES

const struct manifest_step manifest_steps[] = {
        { FROM(DRAFT), ON(SUBMITTED), TO(SUBMITTED) },
        { FROM(DRAFT), ON(FORBIDDEN), TO(REJECTED) },
        { FROM(DRAFT), ON(CANCELLED), TO(REJECTED) },
        { FROM(DRAFT), ON(NOT_MENDED), TO(REJECTED) },
        { FROM(SUBMITTED), ON(APPROVED), TO(APPROVED) },
        { FROM(SUBMITTED), ON(REFUSED), TO(REJECTED) },
        { FROM(SUBMITTED), ON(CANCELLED), TO(REJECTED) },
        { FROM(APPROVED), ON(PICKED_UP), TO(SHIPPED) },
        { FROM(APPROVED), ON(REFUSED), TO(REJECTED) },
        { FROM(APPROVED), ON(CANCELLED), TO(REJECTED) },
        { FROM(REJECTED), ON(CANCELLED), TO(REJECTED) },
        { FROM(REJECTED), ON(NOT_MENDED), TO(REJECTED) },
        { FROM_FINAL, ON(CANCELLED), STAYS(REJECTED) },
        { FROM(SHIPPED), ON(CANCELLED), REFUSES(SHIPPED) },
        { FROM(DELIVERED), ON(CANCELLED), REFUSES(DELIVERED) },
};
const size_t manifest_steps_count = EV_ARRAY_SIZE(manifest_steps);

/* The symbols of the schema are those of the table's CHECK; it refuses the one for what a reader
 * does not know. */
struct ev_str manifest_status_name(enum manifest_status status)
{
        assert((uint32_t)status < manifest_status_enum.symbols_count);

        return manifest_status_enum.symbols[status];
}

/* A CHECK keeps other texts out of the column. */
enum manifest_status status_of(const struct manifest *manifest)
{
        int32_t status = ev_enum_index(&manifest_status_enum, manifest->status);

        assert(status >= 0 && status < MANIFEST_STATUSES);

        return (enum manifest_status)status;
}

/* What is not in the table does not happen. */
enum manifest_effect manifest_effect_of(const struct ev_rows *rows, const struct manifest *manifest,
                                        enum manifest_event event)
{
        const struct manifest_order *order = order_of(rows, manifest);
        bool final = order->has_retryable && !order->retryable;

        assert((unsigned)event < MANIFEST_EVENTS);

        for (size_t i = 0; i < manifest_steps_count; ++i)
                if (manifest_steps[i].from == status_of(manifest) &&
                    manifest_steps[i].final == final && manifest_steps[i].event == event)
                        return manifest_steps[i].effect;
        return MANIFEST_ILLEGAL;
}

struct ev_str shipping_reason_name(enum shipping_reason reason)
{
        assert((uint32_t)reason < shipping_reason_enum.symbols_count);

        return shipping_reason_enum.symbols[reason];
}

/* Rows written by hand may hold any text. */
enum shipping_reason shipping_reason_of(struct ev_str name)
{
        int32_t reason = ev_enum_index(&shipping_reason_enum, name);

        assert(reason < (int32_t)shipping_reason_enum.symbols_count);

        return reason < 0 ? SHIPPING_REASON_OTHER : (enum shipping_reason)reason;
}

/* A rejection that can be mended has its 7 days from now; a final one has none. */
int announce_rejected(struct ev_case *c, const struct manifest *manifest,
                      const struct rejection *rejection)
{
        assert(!ev_str_is_null(rejection->detail));

        return manifest_rejected_announce(
                c, &(struct manifest_rejected){
                           .unique_id = manifest->unique_id,
                           .company_id = manifest->company_id,
                           .order_number = order_of(ev_rows_of(c), manifest)->order_number,
                           .old_status = status_of(manifest),
                           .new_status = MANIFEST_STATUS_REJECTED,
                           .reason = rejection->reason,
                           .retryable = rejection->retryable,
                           .detail = rejection->detail,
                           .has_retry_until = rejection->retryable,
                           .retry_until = ev_now(c) + MANIFEST_RETRY_DAYS * EV_MICROS_PER_DAY,
                           .has_decided_at = rejection->has_decided_at,
                           .decided_at = rejection->decided_at });
}

int wait_for_manifest(struct ev_case *c)
{
        assert(c);

        if (!ev_last_try(c))
                return ev_wait(c, "manifest");
        return ev_refuse(c, SHIPPING_REASON_UNKNOWN_MANIFEST, "no manifest has this unique_id");
}

int refuse_step(struct ev_case *c, const struct manifest *manifest)
{
        const struct manifest_order *order = order_of(ev_rows_of(c), manifest);

        assert(!ev_str_is_null(manifest->status));

        return ev_refuse(c, SHIPPING_REASON_ILLEGAL_TRANSITION, "the manifest is %.*s%s%.*s",
                         EV_STR_ARG(manifest->status),
                         ev_str_is_null(order->rejection_code) ? "" : ": ",
                         EV_STR_ARG(order->rejection_code));
}
