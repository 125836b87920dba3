/* Whether the bytes of a dead letter may be shown.
 *
 * Readers of a dead-letter topic are not those of the topic that the record came from, and a value
 * that could not be decoded may be anything. So its bytes go out only if what they say they are,
 * header and schema both, is one known type that belongs on that topic and has no secret field. All
 * else stays in the database. Pure: nothing is stored. */

#include <assert.h>

#include "flow/relay_record.h"
#include "flow/schemas.h"
#include "wire/avro.h"

bool ev_relay_value_is_public(struct ev_str topic, struct ev_str type, struct ev_bytes value)
{
        const struct ev_registered *writer;
        const struct ev_record *record;
        struct ev_frame frame;

        assert(!ev_str_is_null(topic));
        assert(value.data || !value.size);

        if (!value.data || ev_frame_parse(value, &frame))
                return false;
        writer = ev_schemas_find(NULL, &frame);
        if (!writer || !ev_str_equal(writer->name, type))
                return false;
        /* Of a superseded version nothing says here whether it had a secret. */
        record = writer->record;
        return record && !record->has_secret && record->contract &&
               ev_str_equal(record->contract->topic, topic);
}
