/* Reading and writing places on topics, in one form for all commands. What a list says is checked
 * against the topic where it is used, not here: only a broker knows how many partitions there are.
 *
 * Nothing is stored, so nothing is lost if the process dies. */

#include "place.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "wire/ends.h"

/* Lists are as short as a person types them. */
static bool is_named(const struct place *place, int32_t partition)
{
        assert(place->count <= EV_KAFKA_PARTITIONS_MAX);

        for (size_t i = 0; i < place->count; ++i)
                if (place->items[i].partition == partition)
                        return true;
        return false;
}

/* A partition that is named twice is a slip, and which of both was meant nobody knows. */
static bool read_list(struct ev_str text, struct place *place)
{
        assert(place->count == 0);

        while (text.size > 0) {
                struct ev_str offset_text = ev_str_take(&text, ',');
                struct ev_str partition_text = ev_str_take(&offset_text, '=');
                int64_t partition, offset;

                if (!ev_str_to_int64(partition_text, &partition) ||
                    !ev_str_to_int64(offset_text, &offset) ||
                    partition >= EV_KAFKA_PARTITIONS_MAX || is_named(place, (int32_t)partition))
                        return false;
                place->items[place->count++] = (struct place_offset){ (int32_t)partition, offset };
        }
        return place->count > 0;
}

/* No form of a place is the beginning of another one, so the order of the tries does not matter. */
bool place_read(const char *text, struct place *ret_place)
{
        struct ev_str str = ev_str_of(text);
        int64_t instant;

        assert(text && ret_place);

        ret_place->count = 0;
        if (strcmp(text, "beginning") == 0) {
                ret_place->kind = PLACE_BEGINNING;
        } else if (strcmp(text, "end") == 0) {
                ret_place->kind = PLACE_END;
        } else if (ev_instant_parse(str, &instant) && instant >= 0) {
                ret_place->kind = PLACE_TIME;
                ret_place->time_ms = instant / EV_MICROS_PER_MS;
        } else if (ev_str_to_int64(str, &ret_place->offset)) {
                ret_place->kind = PLACE_OFFSET;
        } else {
                ret_place->kind = PLACE_LIST;
                return read_list(str, ret_place);
        }
        return true;
}

/* Brokers answer for the two ends as they do for a time. */
bool place_time(const struct place *place, int64_t *ret_time_ms)
{
        assert(ret_time_ms);

        if (place->kind == PLACE_OFFSET || place->kind == PLACE_LIST)
                return false;
        if (place->kind == PLACE_TIME)
                *ret_time_ms = place->time_ms;
        else
                *ret_time_ms = place->kind == PLACE_END ? EV_ENDS_LATEST : EV_ENDS_EARLIEST;
        return true;
}

/* Offsets are taken as they stand; whether the log has them the caller has to see. */
int place_load(const struct place *place, struct ev_kafka *kafka, const char *topic,
               int32_t partitions, int64_t *ret_offsets)
{
        int64_t time_ms;

        assert(topic && ret_offsets);
        assert(partitions > 0 && partitions <= EV_KAFKA_PARTITIONS_MAX);

        if (place_time(place, &time_ms))
                return ev_trace(ev_ends_load(kafka, topic, partitions, time_ms, ret_offsets));
        for (size_t i = 0; i < place->count; ++i)
                if (place->items[i].partition >= partitions)
                        return ev_fail(EV_VERDICT_STOP, "topic %s has no partition %" PRId32, topic,
                                       place->items[i].partition);
        for (int32_t i = 0; i < partitions; ++i)
                ret_offsets[i] = place->kind == PLACE_OFFSET ? place->offset : PLACE_NOWHERE;
        for (size_t i = 0; i < place->count; ++i)
                ret_offsets[place->items[i].partition] = place->items[i].offset;
        return 0;
}

/* In the form that place_read() takes, so that what one command prints the next one can be
 * given. */
int place_write(const int64_t *offsets, int32_t partitions, struct ev_buffer *out)
{
        size_t begin = out->size;
        int r = 0;

        assert(offsets && partitions >= 0);

        for (int32_t i = 0; r == 0 && i < partitions; ++i)
                if (offsets[i] != PLACE_NOWHERE)
                        r = ev_buffer_printf(out, "%s%" PRId32 "=%" PRId64,
                                             out->size > begin ? "," : "", i, offsets[i]);
        return ev_trace(r);
}
