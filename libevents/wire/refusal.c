/* The public names of the reasons for which a record becomes a dead letter. They stand in stored
 * rows and on the dead-letter topics, where people and other programs filter by them, so a name
 * that was once used never changes its meaning. */

#include "wire/refusal.h"

#include <assert.h>
#include <stddef.h>

#include "base/macro.h"

const char *ev_refusal_name(enum ev_refusal refusal)
{
        static const char *const names[] = {
                [EV_UNDECODABLE] = "undecodable",   [EV_UNKNOWN_SCHEMA] = "unknown_schema",
                [EV_BAD_ENVELOPE] = "bad_envelope", [EV_OVER_LIMIT] = "over_limit",
                [EV_ID_REUSED] = "id_reused",       [EV_UNEXPECTED_TYPE] = "unexpected_type",
                [EV_WRONG_SHARD] = "wrong_shard",   [EV_POISON] = "poison",
        };

        assert(refusal < EV_ARRAY_SIZE(names));
        assert(names[refusal]);
        return names[refusal];
}
