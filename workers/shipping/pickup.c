/* A carrier has taken the goods: PickupReported → ManifestShipped.
 *
 * Under the lock of the manifest, as a cancellation is: whichever of the two comes first wins, and
 * the other sees it. From here on an order cannot be cancelled any more. */

#include <assert.h>

#include "shipping/decides.h"
#include "shipping/manifest.h"

enum { CARRIER_CHARACTERS_MAX = 255 };

void want_pickup(struct ev_wants *wants, const void *event)
{
        const struct pickup_reported *pickup = event;

        assert(pickup);

        ev_want(wants, WANT_MANIFEST, pickup->unique_id);
}

/* Any carrier may come; which one did is recorded. */
static int announce_shipped(struct ev_case *c, const struct pickup_reported *pickup,
                            const struct manifest *manifest)
{
        assert(!ev_str_is_null(manifest->tracking_number)); /* a CHECK: it is approved */

        return manifest_shipped_announce(
                c, &(struct manifest_shipped){
                           .unique_id = manifest->unique_id,
                           .company_id = manifest->company_id,
                           .order_number = order_of(ev_rows_of(c), manifest)->order_number,
                           .old_status = status_of(manifest),
                           .new_status = MANIFEST_STATUS_SHIPPED,
                           .at = pickup->at,
                           .carrier = pickup->carrier,
                           .tracking_number = manifest->tracking_number });
}

int decide_pickup(struct ev_case *c, const void *event)
{
        const struct pickup_reported *pickup = event;
        const struct manifest *manifest = find_manifest(ev_rows_of(c), pickup->unique_id);
        int r;

        if (pickup->carrier.size == 0 ||
            ev_str_characters(pickup->carrier) > CARRIER_CHARACTERS_MAX)
                return ev_refuse(c, SHIPPING_REASON_INVALID_FIELD, "carrier is empty or too long");
        if (!manifest)
                return wait_for_manifest(c);
        if (manifest_effect_of(ev_rows_of(c), manifest, MANIFEST_PICKED_UP) != MANIFEST_MOVES) {
                r = ev_repeat(c);
                return r != 0 ? r : refuse_step(c, manifest);
        }
        assert(status_of(manifest) == MANIFEST_STATUS_APPROVED);
        return announce_shipped(c, pickup, manifest);
}
