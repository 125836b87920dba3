/* Customs have decided: CustomsDecisionReported → ManifestApproved or ManifestRejected.
 *
 * The decide runs under the lock of the manifest, so that of two decisions, or of one and a
 * cancellation, the second sees what the first did. A tracking number is given once: those that
 * others have are looked up without their locks, and if one is given away at this moment, the
 * table's UNIQUE makes the batch run again, which then sees it. */

#include <assert.h>

#include "shipping/decides.h"
#include "shipping/manifest.h"
#include "shipping/quotes.h"
#include "shipping/tracking.h"

/* The manifest, who has the number, and the carrier's pattern and cut-off. */
void want_customs_decision(struct ev_wants *wants, const void *event)
{
        const struct customs_decision_reported *decision = event;

        assert(decision);

        ev_want(wants, WANT_MANIFEST, decision->unique_id);
        ev_want(wants, WANT_TRACKING, decision->tracking_number);
        if (decision->approved)
                ev_want(wants, WANT_CARRIERS, WANT_ALL);
}

/* The delivery is counted again from the approval: until then nothing moves. */
static int announce_approved(struct ev_case *c, const struct customs_decision_reported *decision,
                             const struct manifest *manifest, const struct service *service)
{
        const struct ev_rows *rows = ev_rows_of(c);
        const struct rate *rate = selected_rate(rows, manifest);

        assert(manifest_effect_of(rows, manifest, MANIFEST_APPROVED) == MANIFEST_MOVES);

        return manifest_approved_announce(
                c, &(struct manifest_approved){
                           .unique_id = manifest->unique_id,
                           .company_id = manifest->company_id,
                           .order_number = order_of(rows, manifest)->order_number,
                           .old_status = status_of(manifest),
                           .new_status = MANIFEST_STATUS_APPROVED,
                           .tracking_number = decision->tracking_number,
                           .estimated_delivery =
                                   estimate_delivery(rows, manifest->origin_country,
                                                     service ? service->cutoff : DEFAULT_CUTOFF,
                                                     rate ? rate->transit_days : 0, ev_now(c)),
                           .has_decided_at = decision->has_decided_at,
                           .decided_at = decision->decided_at });
}

static int approve(struct ev_case *c, const struct customs_decision_reported *decision,
                   const struct manifest *manifest)
{
        const struct rate *rate = selected_rate(ev_rows_of(c), manifest);
        const struct service *service = rate ? service_of_rate(ev_rows_of(c), rate) : NULL;
        const struct tracking *taken = find_tracking(ev_rows_of(c), decision->tracking_number);

        assert(decision->approved);

        if (!tracking_number_is_valid(decision->tracking_number,
                                      service ? service->tracking_pattern : EV_STR_NULL))
                return ev_refuse(c, SHIPPING_REASON_INVALID_TRACKING,
                                 "tracking_number %.*s is not one of the carrier's",
                                 EV_STR_ARG(decision->tracking_number));
        if (taken && !ev_str_equal(taken->unique_id, manifest->unique_id))
                return ev_refuse(c, SHIPPING_REASON_DUPLICATE_TRACKING,
                                 "tracking_number %.*s is that of another manifest",
                                 EV_STR_ARG(decision->tracking_number));
        return announce_approved(c, decision, manifest, service);
}

static int reject(struct ev_case *c, const struct customs_decision_reported *decision,
                  const struct manifest *manifest)
{
        assert(!decision->approved);

        return announce_rejected(c, manifest,
                                 &(struct rejection){ .reason = SHIPPING_REASON_CUSTOMS_REJECTED,
                                                      .retryable = decision->retryable,
                                                      .detail = ev_str_is_null(decision->reason)
                                                                        ? EV_STR("")
                                                                        : decision->reason,
                                                      .has_decided_at = decision->has_decided_at,
                                                      .decided_at = decision->decided_at });
}

/* From checks of the report alone to those of the manifest, so that what can never be right does
 * not wait for one. */
int decide_customs_decision(struct ev_case *c, const void *event)
{
        const struct customs_decision_reported *decision = event;
        const struct manifest *manifest = find_manifest(ev_rows_of(c), decision->unique_id);
        enum manifest_event step = decision->approved ? MANIFEST_APPROVED : MANIFEST_REFUSED;
        int r;

        if (decision->approved && decision->tracking_number.size == 0)
                return ev_refuse(c, SHIPPING_REASON_INVALID_TRACKING,
                                 "approved without a tracking_number");
        if (!manifest)
                return wait_for_manifest(c);
        if (manifest_effect_of(ev_rows_of(c), manifest, step) != MANIFEST_MOVES) {
                r = ev_repeat(c);
                return r != 0 ? r : refuse_step(c, manifest);
        }
        assert(status_of(manifest) != MANIFEST_STATUS_REJECTED);
        return decision->approved ? approve(c, decision, manifest) : reject(c, decision, manifest);
}
