/* Watermarks: how far the facts of each source were seen on each lane.
 *
 * A relay numbers its facts and names the number before, for each of its sources and each partition
 * of a topic. So a reader can prove that it has missed nothing: what is at or below the mark is a
 * late duplicate, which a leader that was cut off may send; what comes first must follow the mark.
 * Anything else is a hole. Records behind a hole would be decided without what came before them, so
 * the lane halts there and a person looks: a topic was cut short, or a database restored.
 *
 * Marks move over every fact, also over those that no route wants and over those that become dead
 * letters or are parked: a retry from ev.parked is behind the mark and is not looked at here. They
 * are saved in the transaction of their records; if the process dies before its COMMIT, they stand
 * where the offsets stand. The lane's owner is the only one who writes them, behind the barrier. */

#include "flow/batch_private.h"

#include <assert.h>
#include <stdio.h>

/* Sources on a lane are few (one, and one more after each restore or failover), and their facts
 * come in runs. */
static size_t mark_of(struct ev_batch *batch, const struct ev_item *item)
{
        const struct ev_place *place = &item->raw.place;
        size_t i = 0;

        for (; i < batch->mark_count; ++i) {
                const struct ev_mark *mark = &batch->marks[i];

                if (mark->partition == place->partition &&
                    ev_str_equal(mark->source, item->event.source) &&
                    ev_str_equal(mark->topic, place->topic))
                        return i;
        }
        assert(i < batch->count);
        batch->marks[batch->mark_count++] = (struct ev_mark){ .source = item->event.source,
                                                              .topic = place->topic,
                                                              .partition = place->partition };
        return i;
}

/* A record whose envelope could not be read has no number; ingress records have none either. */
static bool has_mark(const struct ev_item *item)
{
        assert(item->event.sequence >= 0);

        return !item->is_retry && item->event.sequence > 0;
}

void ev_batch_ask_marks(struct ev_batch *batch)
{
        assert(batch->mark_count == 0);

        for (size_t i = 0; i < batch->count; ++i) {
                struct ev_item *item = &batch->items[i];

                item->mark = has_mark(item) ? mark_of(batch, item) : SIZE_MAX;
        }
}

/* The first fact of a source names none before it, and so says that nothing is missing. One that
 * does is taken all the same by a lane that has applied nothing yet: a group that is made later may
 * begin on a topic whose head is gone; what is rebuilt may not. */
static bool follows(const struct ev_batch *batch, const struct ev_item *item,
                    const struct ev_mark *mark)
{
        int64_t previous = item->event.previous_sequence;

        assert(item->event.sequence > mark->last_sequence);

        if (mark->last_sequence < 0)
                return previous == 0 || (!batch->is_replay && !item->lane->has_fingerprint);
        return previous == mark->last_sequence;
}

/* What a person has to know: what was found, where, and how it goes on. */
static void describe_hole(struct ev_batch *batch, const struct ev_item *item,
                          const struct ev_mark *mark)
{
        const struct ev_place *place = &item->raw.place;
        char seen[EV_ENVELOPE_NUMBER_MAX + 8] = "none";

        assert(batch->hole.index < batch->count);

        if (mark->last_sequence >= 0)
                snprintf(seen, sizeof(seen), "%lld", (long long)mark->last_sequence);
        snprintf(batch->hole.reason, sizeof(batch->hole.reason),
                 "facts are missing on %.*s [%d] before offset %lld: fact %lld of %.*s follows "
                 "%lld, the last one seen is %s. Find out why; to go on without them set "
                 "last_sequence to %lld for this source, topic and partition in ev.inbox_mark (a "
                 "new row if there is none), then \"eventctl lane resume\"",
                 EV_STR_ARG(place->topic), place->partition, (long long)place->offset,
                 (long long)item->event.sequence, EV_STR_ARG(item->event.source),
                 (long long)item->event.previous_sequence, seen,
                 (long long)item->event.previous_sequence);
}

/* 0 or EV_BATCH_HOLE. */
int ev_batch_check_marks(struct ev_batch *batch)
{
        for (size_t i = 0; i < batch->count; ++i) {
                struct ev_item *item = &batch->items[i];
                struct ev_mark *mark;

                if (item->mark == SIZE_MAX)
                        continue;
                assert(item->mark < batch->mark_count);
                mark = &batch->marks[item->mark];
                if (item->event.sequence <= mark->last_sequence) {
                        item->fate = EV_FATE_IGNORE;
                        ++batch->counts.duplicates;
                        continue;
                }
                if (!follows(batch, item, mark)) {
                        batch->hole.index = i;
                        describe_hole(batch, item, mark);
                        return EV_BATCH_HOLE;
                }
                mark->last_sequence = item->event.sequence;
        }
        return 0;
}
